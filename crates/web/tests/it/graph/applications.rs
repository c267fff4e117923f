//! Templates, applications, service principals and who is assigned.

use directory::Kind;
use http::Method;
use serde_json::{Value, json};

use super::{Answered, CUSTOM, NOBODY, Stage, ids};

#[tokio::test]
async fn templates_are_listed_and_instantiated() {
    let stage = Stage::new().await;
    let all = stage.get("/applicationTemplates").await.json_of(200);
    assert_eq!(all["value"].as_array().unwrap().len(), 2, "{all}");
    let path = "/applicationTemplates?$filter=displayName eq 'Custom SCIM application'&$select=id";
    let found = stage.get(path).await.json_of(200);
    assert_eq!(found["value"], json!([{ "id": CUSTOM }]));
    let one = stage.get(&format!("/applicationTemplates/{CUSTOM}")).await.json_of(200);
    assert_eq!(one["displayName"], "Custom SCIM application");
    stage.get(&format!("/applicationTemplates/{NOBODY}")).await.refused(404, "Request_ResourceNotFound");

    let path = format!("/applicationTemplates/{CUSTOM}/instantiate");
    let made = stage.post(&path, json!({ "displayName": "Passcodes" })).await.json_of(201);
    assert_eq!(made["application"]["id"], made["servicePrincipal"]["id"]);
    assert_eq!(made["servicePrincipal"]["applicationTemplateId"], CUSTOM);
    stage.post(&path, json!({ "displayName": "passcodes" })).await.refused(409, "Request_Conflict");
    for body in [json!({}), json!({ "displayName": 1 }), json!({ "displayName": " " })] {
        stage.post(&path, body).await.refused(400, "Request_BadRequest");
    }
    let path = format!("/applicationTemplates/{NOBODY}/instantiate");
    stage.post(&path, json!({ "displayName": "x" })).await.refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn service_principals_are_found_changed_and_deleted() {
    let stage = Stage::new().await;
    let mut made = Vec::new();
    for name in ["Alpha", "Beta", "Gamma"] {
        made.push(stage.application(name).await);
    }
    let page = stage.get("/servicePrincipals?$top=2&$count=true&$select=displayName").await.json_of(200);
    assert_eq!((ids(&page), &page["@odata.count"]), (made[..2].to_vec(), &json!(3)));
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.contains("%24select=displayName") || next.contains("$select=displayName"), "{next}");
    let rest = stage.follow(next).await;
    assert_eq!(ids(&rest), [made[2].as_str()]);
    assert!(rest.get("@odata.nextLink").is_none());
    let found = stage.get("/applications?$filter=displayName eq 'Beta'").await.json_of(200);
    assert_eq!(ids(&found), [made[1].as_str()]);
    // A token of one list is worth nothing in another, nor with another filter.
    let token = next.split("skiptoken=").nth(1).unwrap();
    for path in ["/applications?", "/servicePrincipals?$filter=displayName ne 'x'&"] {
        stage.get(&format!("{path}$skiptoken={token}")).await.refused(400, "Request_BadRequest");
    }

    let path = format!("/servicePrincipals/{}", made[0]);
    let change = json!({ "displayName": "Omega", "notes": "For all", "@odata.type": "x" });
    assert_eq!(stage.send(Method::PATCH, &path, change).await.status, 204);
    let now = stage.get(&path).await.json_of(200);
    assert_eq!((&now["displayName"], &now["description"]), (&json!("Omega"), &json!("For all")));
    let told = stage.send(Method::PATCH, &path, json!({ "accountEnabled": false })).await;
    assert!(told.refused(400, "Request_BadRequest").contains("accountEnabled"));
    stage.send(Method::PATCH, &path, json!({ "displayName": "Beta" })).await.refused(409, "Request_Conflict");
    assert_eq!(stage.send(Method::DELETE, &path, Value::Null).await.status, 204);
    stage.get(&path).await.refused(404, "Request_ResourceNotFound");
    stage.send(Method::DELETE, &path, Value::Null).await.refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn assignments_come_and_go() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let user = stage.user("ada@contoso.example", json!({ "displayName": "Ada" })).await;
    let group = json!({ "schemas": [scim::urn::GROUP], "displayName": "Crew" });
    let group = stage.house.resource(Kind::Group, group).await;
    let path = format!("/servicePrincipals/{application}/appRoleAssignedTo");
    for (id, kind) in [(&user, "User"), (&group, "Group")] {
        let body = json!({ "principalId": id, "resourceId": application, "@odata.type": "#x",
            "appRoleId": "00000000-0000-0000-0000-000000000000" });
        // Twice is as good as once.
        for _ in 0..2 {
            let made = stage.post(&path, body.clone()).await.json_of(201);
            assert_eq!((&made["principalType"], &made["id"]), (&json!(kind), &json!(id)));
        }
    }
    let page = stage.get(&format!("{path}?$top=1&$count=true")).await.json_of(200);
    assert_eq!((ids(&page), &page["@odata.count"]), (vec![group.clone()], &json!(2)));
    assert_eq!(ids(&stage.follow(page["@odata.nextLink"].as_str().unwrap()).await), [user.as_str()]);
    let found = stage.get(&format!("{path}?$filter=principalId eq '{user}'")).await.json_of(200);
    assert_eq!(ids(&found), [user.as_str()]);
    for body in [
        json!({}),
        json!({ "principalId": NOBODY }),
        json!({ "principalId": user, "resourceId": NOBODY }),
        json!({ "principalId": user, "appRoleId": NOBODY }),
    ] {
        stage.post(&path, body).await.refused(400, "Request_BadRequest");
    }
    let one = format!("{path}/{user}");
    assert_eq!(stage.get(&one).await.json_of(200)["resourceId"], application);
    assert_eq!(stage.send(Method::DELETE, &one, Value::Null).await.status, 204);
    stage.send(Method::DELETE, &one, Value::Null).await.refused(404, "Request_ResourceNotFound");
    stage.get(&one).await.refused(404, "Request_ResourceNotFound");
}
