//! Users and groups, and their changes.

use directory::{Kind, Precondition};
use serde_json::{Value, json};

use super::{Answered, NOBODY, Stage, ids};

#[tokio::test]
async fn users_are_in_graphs_words() {
    let stage = Stage::new().await;
    let ada = json!({
        "displayName": "Ada", "active": true, "title": "Engineer",
        "emails": [{ "type": "work", "value": "ada@mail.example" }],
        "phoneNumbers": [{ "type": "work", "value": "+1" }],
        "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
        scim::urn::ENTERPRISE_USER: { "department": "Rail", "division": "North" },
    });
    let ada = stage.user("ada@contoso.example", ada).await;
    let bea = stage.user("bea@contoso.example", json!({ "active": false })).await;
    let one = stage.get(&format!("/users/{ada}")).await.json_of(200);
    assert_eq!(
        one,
        json!({ "id": ada, "businessPhones": ["+1"], "displayName": "Ada", "givenName": null,
            "jobTitle": "Engineer", "mail": "ada@mail.example", "mobilePhone": null, "officeLocation": null,
            "preferredLanguage": null, "surname": null, "userPrincipalName": "ada@contoso.example" })
    );
    let path = "/users/ADA@contoso.example?$select=department,employeeOrgData,accountEnabled";
    assert_eq!(
        stage.get(path).await.json_of(200),
        json!({ "id": ada, "accountEnabled": true, "department": "Rail",
            "employeeOrgData": { "costCenter": null, "division": "North" } })
    );
    let table = [
        ("userPrincipalName eq 'ADA@contoso.example'", vec![&ada]),
        ("startswith(userPrincipalName,'bea')", vec![&bea]),
        ("accountEnabled eq true", vec![&ada]),
        ("accountEnabled eq false", vec![&bea]),
        ("mail eq 'ada@mail.example' and department eq 'Rail'", vec![&ada]),
        ("mail eq null", vec![&bea]),
        ("employeeOrgData/division eq 'North' or displayName eq 'x'", vec![&ada]),
        ("id in ('x')", vec![]),
    ];
    for (filter, expect) in table {
        let found = stage.get(&format!("/users?$filter={filter}&$count=true")).await.json_of(200);
        assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expect, "{filter}");
        assert_eq!(found["@odata.count"], expect.len(), "{filter}");
    }
    let page = stage.get("/users?$top=1&$orderby=userPrincipalName desc&$select=id").await.json_of(200);
    assert_eq!(page["value"], json!([{ "id": bea }]));
    assert_eq!(ids(&stage.follow(page["@odata.nextLink"].as_str().unwrap()).await), [ada.as_str()]);
    for query in [
        "$filter=shoeSize eq 1",
        "$select=shoeSize",
        "$orderby=mail",
        "$search=x",
        "$expand=manager",
        "$skiptoken=x",
    ] {
        stage.get(&format!("/users?{query}")).await.refused(400, "Request_BadRequest");
    }
    stage.get(&format!("/users/{NOBODY}")).await.refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn groups_have_members_in_pages() {
    let stage = Stage::new().await;
    let mut people = Vec::new();
    for at in 0..3 {
        people.push(stage.user(&format!("p{at}@contoso.example"), json!({})).await);
    }
    let members: Vec<Value> = people.iter().map(|id| json!({ "value": id })).collect();
    let group = json!({ "schemas": [scim::urn::GROUP], "displayName": "Crew", "members": members });
    let group = stage.house.resource(Kind::Group, group).await;
    let found = stage.get("/groups?$filter=displayName eq 'crew'").await.json_of(200);
    assert_eq!(ids(&found), [group.as_str()]);
    assert_eq!(stage.get(&format!("/groups/{group}")).await.json_of(200)["displayName"], "Crew");
    let mut seen = Vec::new();
    let mut page = stage.get(&format!("/groups/{group}/members?$top=2")).await.json_of(200);
    assert_eq!(page["value"][0]["@odata.type"], "#microsoft.graph.user");
    seen.extend(ids(&page));
    assert_eq!(seen.len(), 2);
    page = stage.follow(page["@odata.nextLink"].as_str().unwrap()).await;
    seen.extend(ids(&page));
    assert!(page.get("@odata.nextLink").is_none(), "{page}");
    assert_eq!(seen, people);
    stage.get(&format!("/groups/{NOBODY}/members")).await.refused(404, "Request_ResourceNotFound");
    stage.get(&format!("/groups/{}", people[0])).await.refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn delta_gives_everything_once_and_then_what_changed() {
    let stage = Stage::new().await;
    let mut people = Vec::new();
    for at in 0..3 {
        people.push(stage.user(&format!("p{at}@contoso.example"), json!({})).await);
    }
    let mut page = stage.get("/users/delta()?$select=displayName&$top=2").await.json_of(200);
    let mut seen = ids(&page);
    while let Some(next) = page["@odata.nextLink"].as_str() {
        assert!(page.get("@odata.deltaLink").is_none());
        page = stage.follow(next).await;
        seen.extend(ids(&page));
    }
    assert_eq!(seen, people);
    let link = page["@odata.deltaLink"].as_str().unwrap().to_owned();
    assert!(link.contains("select=displayName"), "{link}");
    let quiet = stage.follow(&link).await;
    assert_eq!(quiet["value"], json!([]));

    let new = stage.user("new@contoso.example", json!({ "displayName": "New" })).await;
    let gone = &people[0];
    let deleted =
        stage.house.directory.delete(stage.house.cx(), Kind::User, gone, Precondition::default()).await;
    deleted.unwrap();
    stage.house.group("Crew", &[&new]).await;
    let changes = stage.follow(&link).await;
    assert_eq!(
        changes["value"],
        json!([{ "id": new, "displayName": "New" }, { "id": gone, "@removed": { "reason": "changed" } }])
    );
    // A full page may be followed by an empty one, which ends the round.
    let mut page = changes.clone();
    while let Some(next) = page["@odata.nextLink"].as_str() {
        page = stage.follow(next).await;
        assert_eq!(page["value"], json!([]));
    }
    let after = page["@odata.deltaLink"].as_str().unwrap();
    assert_eq!(stage.follow(after).await["value"], json!([]));
    // The same link gives the same again.
    assert_eq!(stage.follow(&link).await["value"], changes["value"]);

    let latest = stage.get("/groups/delta?$deltatoken=latest").await.json_of(200);
    assert_eq!(latest["value"], json!([]));
    let token = link.split("deltatoken=").nth(1).unwrap();
    for path in [
        format!("/groups/delta?$deltatoken={token}"),
        format!("/users/delta?$deltatoken={token}x"),
        format!("/users/delta?$deltatoken={token}&$skiptoken={token}"),
    ] {
        stage.get(&path).await.refused(400, "Request_BadRequest");
    }
    let foreign = stage.foreign_key(&[directory::KeyScope::Provisioning]).await;
    let path = format!("v1.0/users/delta?$deltatoken={token}");
    stage.ask(&foreign, http::Method::GET, &path, Value::Null).await.refused(400, "Request_BadRequest");
}
