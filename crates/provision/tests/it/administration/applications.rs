//! Applications come, change and go.

use provision::application::{Details, Role, Template};
use provision::graph_schema::Rules;
use provision::job::{JobConfig, JobStatus};
use store::Kind;

use super::target::Target;
use super::{House, refusal};

fn role(id: &str, name: &str) -> Role {
    Role {
        id: id.into(),
        value: name.to_uppercase(),
        display_name: name.into(),
        description: String::new(),
        enabled: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_application_has_an_idle_job() {
    let house = House::new().await;
    let made = house
        .provisioning
        .create_application(house.cx(), "  Visual Passcodes ", Template::MusterTenant)
        .await;
    let made = made.unwrap();
    assert_eq!(made.name, "Visual Passcodes");
    let (application, job) = house.provisioning.applications(&house.tenant).await.unwrap().remove(0);
    assert_eq!(application, made);
    assert_eq!((job.config.clone(), job.rules.clone()), (JobConfig::default(), Rules::default()));
    assert_eq!(
        (job.status(), job.next, job.running, job.is_listening()),
        (JobStatus::NotConfigured, None, false, false)
    );
    let parts: Vec<&str> = job.id.split('.').collect();
    assert_eq!((parts[0], parts[1]), ("scim", house.tenant.as_str().replace('-', "").as_str()));
    assert_eq!((parts[1].len(), parts[2].len(), parts.len()), (32, 36, 3));
    let row = &house.audit().await[0];
    assert_eq!((row.action.as_str(), row.name.as_deref()), ("application.create", Some("Visual Passcodes")));
    assert_eq!(row.actor, "operator:o-1 nadia");
    for name in [made.id.as_str(), "Visual Passcodes", " VISUAL passcodes "] {
        assert_eq!(house.provisioning.application_named(&house.tenant, name).await.unwrap(), made);
    }
    assert_eq!(refusal(house.provisioning.application_named(&house.tenant, "Visual").await).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_acceptable_and_taken_once() {
    let house = House::new().await;
    let other = house.app("Zava").await;
    let before = house.dump().await;
    let long = "x".repeat(121);
    for (name, status) in [
        ("", 400),
        (" \t ", 400),
        (long.as_str(), 400),
        ("a\u{0}b", 400),
        ("a\nb", 400),
        ("a\u{202e}b", 400),
        ("Zava", 409),
        (" ZAVA ", 409),
        ("Ｚava", 409),
    ] {
        let made = house.provisioning.create_application(house.cx(), name, Template::Scim).await;
        assert_eq!(refusal(made).0, status, "{name:?}");
    }
    assert_eq!(house.dump().await, before);
    let exact = "é".repeat(120);
    let made = house.provisioning.create_application(house.cx(), &exact, Template::Scim).await.unwrap();
    // Its own name is not taken, somebody else's is.
    let rename = |name: &'static str| {
        house.provisioning.update_application(house.cx(), &other, name, Details::default())
    };
    assert_eq!(rename("zava").await.unwrap().name, "zava");
    let taken = house.provisioning.update_application(house.cx(), &other, &exact, Details::default()).await;
    assert_eq!(refusal(taken).0, 409);
    // The same name in another tenant is nobody's business.
    let fabrikam = house.directory.create_tenant(super::caller(), "Fabrikam").await.unwrap().id;
    let cx = || directory::Context::new(fabrikam.clone(), super::caller());
    house.provisioning.create_application(cx(), "zava", Template::Scim).await.unwrap();
    assert_eq!(refusal(house.provisioning.application(&fabrikam, &made.id).await).0, 404);
    assert_eq!(refusal(house.provisioning.delete_application(cx(), &made.id).await).0, 404);
    assert_eq!(refusal(house.provisioning.start(cx(), &made.id).await).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn details_are_checked_and_audited_by_what_differs() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let kim = house.user("kim").await;
    let update = |details: Details| house.provisioning.update_application(house.cx(), &app, "Zava", details);
    let roles = |roles: Vec<Role>| Details { roles, ..Details::default() };
    let good = Details {
        template: Template::MusterTenant,
        description: "All hands\nand feet".into(),
        roles: vec![role("r1", "Editor"), role("r2", "Reader")],
    };
    let updated = update(good.clone()).await.unwrap();
    assert_eq!(updated.details.template, Template::Scim, "what it was made from stays");
    let row = &house.audit().await[0];
    assert_eq!(row.action, "application.update");
    let changes = row.detail["changes"].as_object().unwrap();
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["description", "roles"]);
    let rows = house.audit().await.len();
    update(good).await.unwrap();
    assert_eq!(house.audit().await.len(), rows, "nothing changed, nothing said");
    let many = (0..101).map(|n| role(&format!("r{n}"), &format!("R{n}"))).collect();
    for (wrong, about) in [
        (roles(vec![role("r1", "A"), role("r1", "B")]), "two roles have the id r1"),
        (roles(vec![role("r1", "A"), role("r2", "a")]), "two roles have the value"),
        (roles(vec![role("", "A")]), "needs an id"),
        (roles(vec![role("r1", "")]), "needs an id and a name"),
        (roles(many), "more than 100"),
        (Details { description: "x".repeat(2_001), ..Details::default() }, "2000"),
        (Details { description: "a\u{7}".into(), ..Details::default() }, "control characters"),
    ] {
        let (status, text) = refusal(update(wrong).await);
        assert!(status == 400 && text.contains(about), "{text}");
    }
    house.provisioning.assign(house.cx(), &app, vec![(Kind::User, kim)], "r2").await.unwrap();
    let (status, text) = refusal(update(roles(vec![role("r1", "Editor")])).await);
    assert!(status == 409 && text.contains("\"Reader\" is assigned"), "{text}");
    update(roles(vec![role("r2", "Reader")])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_application_leaves_nothing_but_its_log() {
    let house = House::new().await;
    let target = Target::good().await;
    let empty = house.dump().await;
    let app = house.connected("Zava", &target).await;
    let (kim, team) = (house.user("kim").await, house.group("Team", &[]).await);
    house
        .provisioning
        .assign(house.cx(), &app, vec![(Kind::User, kim), (Kind::Group, team)], "")
        .await
        .unwrap();
    house.provisioning.start(house.cx(), &app).await.unwrap();
    assert_ne!(house.dump().await, empty);
    house.provisioning.delete_application(house.cx(), &app).await.unwrap();
    let row = &house.audit().await[0];
    assert_eq!((row.action.as_str(), row.name.as_deref()), ("application.delete", Some("Zava")));
    assert_eq!((&row.detail["assignedUsers"], &row.detail["assignedGroups"]), (&1.into(), &1.into()));
    assert!(house.provisioning.applications(&house.tenant).await.unwrap().is_empty());
    for gone in [
        refusal(house.provisioning.application(&house.tenant, &app).await),
        refusal(house.provisioning.job(&house.tenant, &app).await),
        refusal(house.provisioning.status(&house.tenant, &app).await),
        refusal(house.provisioning.delete_application(house.cx(), &app).await),
    ] {
        assert_eq!(gone.0, 404);
    }
    assert!(house.provisioning.secret_state(&house.tenant, &app).await.unwrap().is_empty());
    assert!(house.work(&app, store::Pass::Object).await.is_empty());
}
