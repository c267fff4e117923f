//! Users: create, read, replace, patch, delete, restore; settings; versions; what a refusal leaves behind.

use directory::{AuditQuery, InactiveConflict, Kind, Precondition, Settings, Tags};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::house::{ENTERPRISE, USER, house, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn a_created_user_comes_back_as_sent_with_id_meta_and_active() {
    let house = house().await;
    let body = json!({
        "schemas": [USER, ENTERPRISE],
        "id": "mine", "meta": { "resourceType": "User" },
        "externalId": "nokafor", "userName": "Nadia.Okafor@Fabrikam.example",
        "name": { "familyName": "Okafor", "givenName": "Nadia" },
        "emails": [{ "primary": true, "type": "work", "value": "Nadia.Okafor@Fabrikam.example" }],
        ENTERPRISE: { "employeeNumber": "40771", "manager": { "value": "u-1" } },
    });
    let written = house.create(Kind::User, body).await.unwrap();
    assert!(written.created && written.changed);
    let user = Value::Object(written.resource);
    let id = user["id"].as_str().unwrap();
    assert_ne!(id, "mine", "ids are the server's");
    let keys: Vec<&str> = user.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((keys.first(), keys.last()), (Some(&"schemas"), Some(&"meta")));
    assert_eq!(user["userName"], "Nadia.Okafor@Fabrikam.example", "the spelling is the client's");
    assert_eq!(user["active"], true);
    assert_eq!(
        user["meta"],
        json!({
            "resourceType": "User",
            "created": "2026-03-01T12:00:00.000Z",
            "lastModified": "2026-03-01T12:00:00.000Z",
            "location": format!("https://muster.example/scim/v2/{}/Users/{id}", house.tenant),
            "version": "W/\"1\"",
        })
    );
    assert_eq!(house.get(Kind::User, id).await.unwrap(), user);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_changes_nothing() {
    let house = house().await;
    let id = house.user("nadia").await;
    house.user("mira").await;
    let gone = house.user("gone").await;
    house.delete(Kind::User, &gone).await.unwrap();
    let before = house.dump().await;
    let stale = Precondition::IfMatch(Tags::List(vec!["9".into()]));
    let patch = |operations: Value| house.patch(Kind::User, &id, operations);
    let create = |body: Value| house.create(Kind::User, body);
    let refused = [
        (refusal(create(json!({ "schemas": [USER], "userName": "NADIA" })).await), (409, "uniqueness")),
        (refusal(create(json!({ "schemas": [USER] })).await), (400, "invalidValue")),
        (
            refusal(create(json!({ "schemas": [USER], "userName": "x", "name": 5 })).await),
            (400, "invalidValue"),
        ),
        (
            refusal(house.replace(Kind::User, &id, json!({ "schemas": [USER], "userName": "Mira" })).await),
            (409, "uniqueness"),
        ),
        (
            refusal(house.replace(Kind::User, "no", json!({ "schemas": [USER], "userName": "x" })).await),
            (404, ""),
        ),
        (
            refusal(patch(json!([{ "op": "replace", "path": "userName", "value": "mirA" }])).await),
            (409, "uniqueness"),
        ),
        (refusal(patch(json!([{ "op": "remove", "path": "userName" }])).await), (400, "mutability")),
        (
            // All or nothing: the first operation would do.
            refusal(
                patch(json!([
                    { "op": "replace", "path": "title", "value": "x" },
                    { "op": "replace", "path": "name", "value": 5 },
                ]))
                .await,
            ),
            (400, "invalidValue"),
        ),
        (
            refusal(
                house
                    .patch_if(
                        Kind::User,
                        &id,
                        json!([{ "op": "replace", "path": "title", "value": "x" }]),
                        stale.clone(),
                    )
                    .await,
            ),
            (412, ""),
        ),
        (refusal(house.directory.delete(house.cx(), Kind::User, &id, stale).await), (412, "")),
        (refusal(house.delete(Kind::User, &gone).await), (404, "")),
        (refusal(house.delete(Kind::Group, &id).await), (404, "")),
        (refusal(house.get(Kind::User, &gone).await), (404, "")),
        (refusal(house.directory.restore(house.cx(), Kind::User, &id).await), (404, "")),
        (refusal(house.directory.purge(house.cx(), Kind::User, &id).await), (404, "")),
    ];
    for (at, (found, expected)) in refused.into_iter().enumerate() {
        assert_eq!(found, expected, "case {at}");
    }
    assert_eq!(house.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_changes_nothing_keeps_the_version_and_writes_no_row() {
    let house = house().await;
    let id = house.user("nadia").await;
    let set = |title: &'static str| json!([{ "op": "Replace", "path": "title", "value": title }]);
    let first = house.patch(Kind::User, &id, set("Engineer")).await.unwrap();
    assert_eq!((first.version, first.changed), (2, true));
    house.clock.advance(SignedDuration::from_secs(5));
    let before = house.dump().await;
    let again = house.patch(Kind::User, &id, set("Engineer")).await.unwrap();
    assert_eq!((again.version, again.changed), (2, false));
    assert_eq!(again.resource["meta"]["lastModified"], "2026-03-01T12:00:00.000Z");
    assert_eq!(house.dump().await, before);
    let put = json!({ "schemas": [USER], "userName": "nadia", "title": "Engineer" });
    let again = house.replace(Kind::User, &id, put).await.unwrap();
    assert_eq!((again.version, again.changed), (2, false), "a PUT of what is there is no change either");
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions() {
    let house = house().await;
    let id = house.user("nadia").await;
    let current = |text: &str| Precondition::from_headers(Some(text), None).unwrap();
    for (condition, works) in [
        ("W/\"1\"", true),
        ("\"2\"", true),
        ("3", true),
        ("*", true),
        ("W/\"7\", W/\"5\"", true),
        ("\"5\"", false),
    ] {
        let title = json!([{ "op": "replace", "path": "title", "value": condition }]);
        let outcome = house.patch_if(Kind::User, &id, title, current(condition)).await;
        assert_eq!(outcome.is_ok(), works, "{condition}");
    }
    let unless = |text: &str| Precondition::from_headers(None, Some(text)).unwrap();
    assert_eq!(unless("W/\"6\"").check_read(6).unwrap_err().status(), 304);
    assert!(unless("W/\"6\"").check_read(7).is_ok());
    assert_eq!(unless("*").check_write(6).unwrap_err().status(), 412);
    for nonsense in ["", ",", "\"a\"b\""] {
        assert_eq!(
            refusal(Precondition::from_headers(Some(nonsense), None)),
            (400, "invalidVers"),
            "{nonsense}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_back_to_life_because_a_field_was_left_out() {
    let house = house().await;
    let id = house.user("nadia").await;
    house
        .patch(Kind::User, &id, json!([{ "op": "Replace", "path": "active", "value": "False" }]))
        .await
        .unwrap();
    let put = json!({ "schemas": [USER], "userName": "nadia", "title": "Engineer" });
    assert_eq!(house.replace(Kind::User, &id, put).await.unwrap().resource["active"], false);
    house.patch(Kind::User, &id, json!([{ "op": "remove", "path": "active" }])).await.unwrap();
    // RFC 7644 §3.5.2.2: it is unassigned; that does not make the user active.
    assert_eq!(house.get(Kind::User, &id).await.unwrap().get("active"), None);
    let active = house.find(directory::Scope::Kind(Kind::User), "active eq true").await.unwrap();
    assert!(active.is_empty(), "{active:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_user_in_the_way() {
    let house = house().await;
    let body =
        |name: &str, external: &str| json!({ "schemas": [USER], "userName": name, "externalId": external });
    let old = house.create(Kind::User, body("nadia", "e-1")).await.unwrap().id;
    let group = house.group("Rail", &[&old]).await;
    // externalId alone is not unique among active users.
    house.create(Kind::User, body("twin", "e-1")).await.unwrap();
    house
        .patch(Kind::User, &old, json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .unwrap();
    for (name, external) in [("NADIA", "e-2"), ("nadia.b", "e-1")] {
        assert_eq!(
            refusal(house.create(Kind::User, body(name, external)).await),
            (409, "uniqueness"),
            "{name}"
        );
    }
    let settings = Settings { inactive_conflict: InactiveConflict::Reactivate, ..Settings::default() };
    house.directory.set_settings(house.cx(), settings).await.unwrap();
    let back = house.create(Kind::User, body("nadia.b", "e-1")).await.unwrap();
    assert_eq!((back.id.as_str(), back.created, back.changed), (old.as_str(), false, true));
    assert_eq!(back.resource["active"], true);
    assert_eq!(back.resource["userName"], "nadia.b");
    assert_eq!(back.resource["groups"][0]["value"], group.as_str(), "memberships were kept");
    assert_eq!(
        refusal(house.create(Kind::User, body("Nadia.B", "e-9")).await),
        (409, "uniqueness"),
        "it is active now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_makes_room_and_restore_brings_back_with_groups() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let (rail, road) = (house.group("Rail", &[&nadia]).await, house.group("Road", &[&nadia]).await);
    house.delete(Kind::User, &nadia).await.unwrap();
    assert_eq!(refusal(house.get(Kind::User, &nadia).await), (404, ""));
    assert!(house.members(&rail).await.is_empty(), "a deleted user leaves its groups");
    assert_eq!(house.get(Kind::Group, &rail).await.unwrap()["meta"]["version"], "W/\"2\"");
    assert_eq!(house.directory.deleted(&house.tenant, Kind::User, None, 10).await.unwrap()[0].id, nadia);
    let usurper = house.user("Nadia").await;
    assert_eq!(refusal(house.directory.restore(house.cx(), Kind::User, &nadia).await), (409, "uniqueness"));
    house.delete(Kind::User, &usurper).await.unwrap();
    house.delete(Kind::Group, &road).await.unwrap();
    let back = house.directory.restore(house.cx(), Kind::User, &nadia).await.unwrap();
    assert_eq!(back.id, nadia);
    assert_eq!(back.resource["groups"].as_array().unwrap().len(), 1, "the other group is gone");
    assert_eq!(house.members(&rail).await, [nadia.as_str()]);
    house.delete(Kind::User, &nadia).await.unwrap();
    house.directory.purge(house.cx(), Kind::User, &nadia).await.unwrap();
    assert_eq!(refusal(house.directory.restore(house.cx(), Kind::User, &nadia).await), (404, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_go_after_their_time() {
    let house = house().await;
    let id = house.user("nadia").await;
    house.delete(Kind::User, &id).await.unwrap();
    house.clock.advance(SignedDuration::from_hours(24 * 30 - 1));
    house.directory.clean_up().await.unwrap();
    assert_eq!(house.directory.statistics(&house.tenant).await.unwrap().deleted_users, 1);
    house.clock.advance(SignedDuration::from_hours(2));
    house.directory.clean_up().await.unwrap();
    assert_eq!(house.directory.statistics(&house.tenant).await.unwrap().deleted_users, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_says_who_changed_what() {
    let house = house().await;
    let id = house.user("nadia").await;
    house
        .patch(Kind::User, &id, json!([{ "op": "replace", "path": "title", "value": "Engineer" }]))
        .await
        .unwrap();
    house.delete(Kind::User, &id).await.unwrap();
    let query = AuditQuery { resource: Some((Kind::User, id)), limit: 10, ..AuditQuery::default() };
    let rows = house.directory.audit(&house.tenant, query).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["user.delete", "user.update", "user.create"]);
    assert_eq!(rows[1].actor, "cli:root");
    assert_eq!(rows[1].detail["changes"], json!([{ "path": "title", "before": null, "after": "Engineer" }]));
    assert_eq!(rows[0].detail["before"]["title"], "Engineer");
    assert!(matches!(
        house.directory.verify_audit(&house.tenant).await.unwrap(),
        directory::Verdict::Intact { rows, .. } if rows >= 3
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_see_each_other() {
    let house = house().await;
    let id = house.user("nadia").await;
    let other = house.directory.create_tenant(crate::house::caller(), "Contoso").await.unwrap().id;
    let get = |tenant| house.directory.get(tenant, Kind::User, &id, &scim::projection::Projection::Default);
    assert!(get(&house.tenant).await.is_ok());
    assert_eq!(refusal(get(&other).await), (404, ""));
    let cx = || directory::Context::new(other.clone(), crate::house::caller());
    let body = crate::house::object(json!({ "schemas": [USER], "userName": "nadia" }));
    let request =
        scim::patch::parse(json!({ "Operations": [{ "op": "replace", "path": "title", "value": "x" }] }))
            .unwrap();
    let before = house.get(Kind::User, &id).await.unwrap();
    assert_eq!(
        refusal(house.directory.patch(cx(), Kind::User, &id, request, Precondition::None).await),
        (404, "")
    );
    assert_eq!(refusal(house.directory.delete(cx(), Kind::User, &id, Precondition::None).await), (404, ""));
    house.directory.create(cx(), Kind::User, body).await.expect("names are unique within a tenant only");
    assert_eq!(house.get(Kind::User, &id).await.unwrap(), before);
    let nowhere = directory::TenantId::parse("00000000-0000-7000-8000-000000000000").unwrap();
    assert_eq!(refusal(get(&nowhere).await), (404, ""));
}
