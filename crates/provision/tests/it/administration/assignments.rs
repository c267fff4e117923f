//! Who is assigned, and what that sets going.

use directory::Precondition;
use provision::application::{Details, Role};
use store::{Kind, Pass};

use super::{House, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn assigning_queues_the_object_and_a_groups_direct_members() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let other = house.app("Other").await;
    let (kim, lee, mo) = (house.user("kim").await, house.user("lee").await, house.user("mo").await);
    let inner = house.group("Inner", &[&mo]).await;
    let team = house.group("Team", &[&kim, &lee, &inner]).await;
    let assign = |objects: Vec<(Kind, String)>| house.provisioning.assign(house.cx(), &app, objects, "");
    assert!(house.work(&app, Pass::Object).await.is_empty());
    assert_eq!(assign(vec![(Kind::Group, team.clone()), (Kind::User, kim.clone())]).await.unwrap(), 2);
    let mut expect = vec![kim.clone(), lee.clone(), team.clone()];
    expect.sort();
    // Members of groups in groups are not read, as in Entra.
    assert_eq!(house.work(&app, Pass::Object).await, expect);
    assert!(house.work(&other, Pass::Object).await.is_empty());
    let rows = house.audit().await;
    assert_eq!((rows[0].action.as_str(), &rows[0].detail["count"]), ("application.assign", &2.into()));
    assert_eq!(rows[0].detail["objects"][0]["name"], "Team");
    // Again: nothing, and nothing said.
    assert_eq!(assign(vec![(Kind::User, kim.clone())]).await.unwrap(), 0);
    assert_eq!(house.audit().await.len(), rows.len());
    let counts = house.provisioning.assignment_counts(&house.tenant, &app).await.unwrap();
    assert_eq!(counts, (1, 1));
    let list = house.provisioning.assignments(&house.tenant, &app, None, 0, 10).await.unwrap();
    let names: Vec<_> = list.iter().map(|a| (a.kind, a.name.as_deref().unwrap())).collect();
    assert_eq!(names, [("Group", "Team"), ("User", "kim")]);
    let found = house.provisioning.assignments(&house.tenant, &app, Some("EA"), 0, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    // Taking back is idempotent too.
    let unassign = |ids: Vec<String>| house.provisioning.unassign(house.cx(), &app, ids);
    assert_eq!(unassign(vec![team.clone(), "nobody".into()]).await.unwrap(), 1);
    assert_eq!(unassign(vec![team]).await.unwrap(), 0);
    assert_eq!(house.audit().await[0].action, "application.unassign");
    assert_eq!(house.provisioning.assignment_counts(&house.tenant, &app).await.unwrap(), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_in_the_directory_with_a_role_there_is() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let (kim, gone) = (house.user("kim").await, house.user("gone").await);
    house.directory.delete(house.cx(), Kind::User, &gone, Precondition::default()).await.unwrap();
    let before = house.dump().await;
    for (objects, role, status) in [
        (vec![(Kind::User, kim.clone()), (Kind::User, "nobody".to_owned())], "", 404),
        (vec![(Kind::User, kim.clone()), (Kind::User, gone.clone())], "", 404),
        (vec![(Kind::Group, kim.clone())], "", 404),
        (vec![(Kind::User, kim.clone())], "editor", 400),
        (vec![(Kind::User, kim.clone()); 1_001], "", 400),
    ] {
        assert_eq!(refusal(house.provisioning.assign(house.cx(), &app, objects, role).await).0, status);
    }
    assert_eq!(house.dump().await, before, "nobody was assigned");
    assert_eq!(
        refusal(house.provisioning.assign(house.cx(), "nope", vec![(Kind::User, kim.clone())], "").await).0,
        404
    );
    assert_eq!(refusal(house.provisioning.assignments(&house.tenant, "nope", None, 0, 9).await).0, 404);
    let roles = vec![Role {
        id: "editor".into(),
        value: "E".into(),
        display_name: "Editor".into(),
        description: String::new(),
        enabled: true,
    }];
    let details = Details { roles, ..Details::default() };
    house.provisioning.update_application(house.cx(), &app, "Zava", details).await.unwrap();
    let assign = |role: &'static str| {
        house.provisioning.assign(house.cx(), &app, vec![(Kind::User, kim.clone())], role)
    };
    assert_eq!(assign("editor").await.unwrap(), 1);
    let listed = house.provisioning.assignments(&house.tenant, &app, None, 0, 9).await.unwrap();
    assert_eq!((listed[0].role.as_str(), listed[0].role_name.as_deref()), ("editor", Some("Editor")));
    // Another role is a change, and nobody new.
    assert_eq!(assign("").await.unwrap(), 0);
    assert_eq!(house.provisioning.assignments(&house.tenant, &app, None, 0, 9).await.unwrap()[0].role, "");
    assert_eq!(house.audit().await[0].detail["role"], "");
    // An assignment outlives its object, without a name.
    house.directory.delete(house.cx(), Kind::User, &kim, Precondition::default()).await.unwrap();
    let listed = house.provisioning.assignments(&house.tenant, &app, None, 0, 9).await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_ref()), (1, None));
    assert_eq!(house.provisioning.unassign(house.cx(), &app, vec![kim]).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_names_a_hundred_and_counts_all() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let mut objects = Vec::new();
    for n in 0..103 {
        objects.push((Kind::User, house.user(&format!("user{n:03}")).await));
    }
    assert_eq!(house.provisioning.assign(house.cx(), &app, objects, "").await.unwrap(), 103);
    let detail = &house.audit().await[0].detail;
    assert_eq!((&detail["count"], detail["objects"].as_array().unwrap().len()), (&103.into(), 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_pushes_is_woken_and_no_other() {
    let house = House::new().await;
    let kim = house.user("kim").await;
    for (listening, assigned, unassigned) in [(true, true, true), (false, false, false)] {
        let app = house.app(&format!("App {listening}")).await;
        let later = "2026-03-01T18:00:00Z".parse().unwrap();
        let set = |app: String| {
            let tenant = house.store.tenant(&house.tenant);
            async move {
                let write = tenant.write(move |write| {
                    let mut row = write.job(&app)?.unwrap();
                    (row.next, row.listening) = (Some(later), listening);
                    write.update_job(&row).map(drop)
                });
                write.await.unwrap();
            }
        };
        let woken = |app: String| {
            let (provisioning, tenant) = (house.provisioning.clone(), house.tenant.clone());
            async move { provisioning.job(&tenant, &app).await.unwrap().next != Some(later) }
        };
        set(app.clone()).await;
        house.provisioning.assign(house.cx(), &app, vec![(Kind::User, kim.clone())], "").await.unwrap();
        assert_eq!(woken(app.clone()).await, assigned);
        set(app.clone()).await;
        house.provisioning.unassign(house.cx(), &app, vec![kim.clone()]).await.unwrap();
        assert_eq!(woken(app).await, unassigned);
    }
}
