//! App roles come, change and go; nobody loses the role they have.

use provision::application::Role;
use provision::roles::RoleForm;
use store::Kind;

use super::{House, refusal};

fn form(name: &str, value: &str) -> RoleForm {
    RoleForm { display_name: name.into(), value: value.into(), description: String::new(), enabled: true }
}

async fn roles(house: &House, app: &str) -> Vec<Role> {
    house.provisioning.application(&house.tenant, app).await.unwrap().details.roles
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_created_changed_and_deleted_and_each_is_audited() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let service = &house.provisioning;
    let made = service.create_role(house.cx(), &app, form(" Editor ", "edit")).await.unwrap();
    assert_eq!((made.display_name.as_str(), made.value.as_str(), made.enabled), ("Editor", "edit", true));
    let row = &house.audit().await[0];
    assert_eq!((row.action.as_str(), row.name.as_deref()), ("appRole.create", Some("Zava")));
    assert_eq!(row.detail["name"], "Editor");
    let other = service.create_role(house.cx(), &app, form("Reader", "read")).await.unwrap();
    assert_ne!(made.id, other.id);

    let renamed = service.update_role(house.cx(), &app, &made.id, form("Author", "edit")).await.unwrap();
    assert_eq!((renamed.id.as_str(), renamed.display_name.as_str()), (made.id.as_str(), "Author"));
    let row = &house.audit().await[0];
    assert_eq!(row.action, "appRole.update");
    assert_eq!(row.detail["changes"]["displayName"]["after"], "Author");
    let rows = house.audit().await.len();
    service.update_role(house.cx(), &app, &made.id, form("Author", "edit")).await.unwrap();
    assert_eq!(house.audit().await.len(), rows, "nothing changed, nothing said");

    service.delete_role(house.cx(), &app, &made.id).await.unwrap();
    assert_eq!(house.audit().await[0].action, "appRole.delete");
    assert_eq!(roles(&house, &app).await, [other]);
    assert_eq!(refusal(service.delete_role(house.cx(), &app, &made.id).await).0, 404);
    assert_eq!(refusal(service.update_role(house.cx(), &app, &made.id, form("A", "a")).await).0, 404);
    assert_eq!(refusal(service.create_role(house.cx(), "none", form("A", "a")).await).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_role_is_refused_by_its_field() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let service = &house.provisioning;
    let editor = service.create_role(house.cx(), &app, form("Editor", "edit")).await.unwrap();
    let reader = service.create_role(house.cx(), &app, form("Reader", "read")).await.unwrap();
    let before = house.dump().await;
    let long = "x".repeat(121);
    for (name, value, about) in [
        ("", "a", "give the role a display name"),
        (long.as_str(), "a", "120"),
        ("a\nb", "a", "control characters"),
        ("EDITOR", "a", "a role named"),
        ("A", " ", "give the role a value"),
        ("A", "a b", "spaces"),
        ("A", "EDIT", "another role has the value"),
        ("A", long.as_str(), "120"),
    ] {
        let (status, text) = refusal(service.create_role(house.cx(), &app, form(name, value)).await);
        assert!(status == 400 && text.contains(about), "{name:?} {value:?}: {text}");
        if name != "EDITOR" && value != "EDIT" {
            continue;
        }
        let update = service.update_role(house.cx(), &app, &reader.id, form(name, value)).await;
        assert_eq!(refusal(update).0, 400, "{name:?} {value:?}");
    }
    assert_eq!(house.dump().await, before);
    // Its own name and value are not taken.
    service.update_role(house.cx(), &app, &editor.id, form("editor", "EDIT")).await.unwrap();
    for number in 2..100 {
        service
            .create_role(house.cx(), &app, form(&format!("R{number}"), &format!("r{number}")))
            .await
            .unwrap();
    }
    let (status, text) = refusal(service.create_role(house.cx(), &app, form("Last", "last")).await);
    assert!(status == 400 && text.contains("at most 100"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_somebody_has_is_kept_and_a_disabled_one_is_given_to_nobody_else() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let service = &house.provisioning;
    let (kim, lee) = (house.user("kim").await, house.user("lee").await);
    let role = service.create_role(house.cx(), &app, form("Editor", "edit")).await.unwrap().id;
    assert!(service.roles_in_use(&house.tenant, &app).await.unwrap().is_empty());
    let assign = |id: &str| service.assign(house.cx(), &app, vec![(Kind::User, id.to_owned())], &role);
    assign(&kim).await.unwrap();
    assert!(service.roles_in_use(&house.tenant, &app).await.unwrap().contains(&role));
    let (status, text) = refusal(service.delete_role(house.cx(), &app, &role).await);
    assert!(status == 409 && text.contains("\"Editor\" is assigned"), "{text}");

    let off = RoleForm { enabled: false, ..form("Editor", "edit") };
    service.update_role(house.cx(), &app, &role, off).await.unwrap();
    let (status, text) = refusal(assign(&lee).await);
    assert!(status == 400 && text.contains("\"Editor\" is disabled"), "{text}");
    let kept = service.assignment(&house.tenant, &app, &kim).await.unwrap().unwrap();
    assert_eq!(kept.role_name.as_deref(), Some("Editor"));
    service.update_role(house.cx(), &app, &role, form("Editor", "edit")).await.unwrap();
    assign(&lee).await.unwrap();
    service.unassign(house.cx(), &app, vec![kim, lee]).await.unwrap();
    service.delete_role(house.cx(), &app, &role).await.unwrap();
}

#[test]
fn roles_from_before_they_could_be_disabled_are_enabled() {
    let role: Role = serde_json::from_str(r#"{"id":"r","value":"v","displayName":"R"}"#).unwrap();
    assert!(role.enabled && role.description.is_empty());
}
