//! Changing a job, and asking its target: schedule and settings, credentials kept whole, access tokens, discovery.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use directory::AuditQuery;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{Answered, NOBODY, Stage};

const SECRET: &str = "hush-hush-secret";
const TOKEN: &str = "a-token-of-the-target";

/// The end of a path, and what is answered there.
type Scripted = (&'static str, StatusCode, Value);

/// A service provider that answers what it is told to, and remembers what it was asked.
struct Provider {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// By the end of the path; everything else is an empty list.
    answers: Arc<Mutex<Vec<Scripted>>>,
}

impl Provider {
    async fn new() -> Self {
        let (asked, answers) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { url, asked: asked.clone(), answers };
        let answers = provider.answers.clone();
        let answer = move |request: Request| {
            let authorization = request.headers().get(header::AUTHORIZATION);
            let authorization = authorization.and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            asked.lock().unwrap().push(format!("{} {} {authorization}", request.method(), request.uri()));
            let path = request.uri().path().to_owned();
            let found = answers.lock().unwrap().iter().rev().find(|(end, ..)| path.ends_with(end)).cloned();
            std::future::ready(answered(found))
        };
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    fn answer(&self, end: &'static str, status: u16, body: Value) {
        self.answers.lock().unwrap().push((end, StatusCode::from_u16(status).unwrap(), body));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn bearer(&self) -> Value {
        json!([pair("BaseAddress", &format!("{}/scim", self.url)), pair("SecretToken", SECRET)])
    }

    fn oauth(&self) -> Value {
        json!([
            pair("BaseAddress", &format!("{}/scim", self.url)),
            pair("Oauth2ClientId", "muster"),
            pair("Oauth2ClientSecret", SECRET),
            pair("Oauth2TokenExchangeUri", &format!("{}/token", self.url)),
        ])
    }
}

fn answered(found: Option<Scripted>) -> Response {
    let nobody = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0, "Resources": [] });
    let (status, body) = found.map_or((StatusCode::OK, nobody), |(_, status, body)| (status, body));
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn pair(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": value })
}

async fn rows(stage: &Stage) -> Vec<String> {
    let query = AuditQuery { limit: 100, ..AuditQuery::default() };
    let rows = stage.house.directory.audit(&stage.house.contoso, query).await.unwrap();
    rows.into_iter().map(|row| row.action).collect()
}

#[tokio::test]
async fn a_job_is_changed_and_what_it_shows_can_be_sent_back() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let path = stage.job(&application).await;
    let fresh = stage.get(&path).await.json_of(200);
    assert_eq!(
        fresh["synchronizationJobSettings"],
        json!([
            { "name": "QuarantineTooManyDeletesThreshold", "value": "500" },
            { "name": "SyncAll", "value": "false" },
            { "name": "SkipOutOfScopeDeletions", "value": "false" },
            { "name": "SyncNotificationSettings", "value":
                "{\"Enabled\":false,\"Recipients\":\"\",\"DeleteThresholdEnabled\":true,\"DeleteThresholdValue\":500}" },
        ])
    );
    let change = async |body: Value| stage.send(Method::PATCH, &path, body).await;
    assert_eq!(change(fresh.clone()).await.json_of(200), fresh, "nothing is another");
    assert!(!rows(&stage).await.iter().any(|action| action.starts_with("job.")));

    let wanted = json!({
        "@odata.type": "#microsoft.graph.synchronizationJob",
        "schedule": { "@odata.type": "x", "interval": "PT20M" },
        "synchronizationJobSettings": [
            { "name": "QuarantineTooManyDeletesThreshold", "value": "50" },
            { "name": "syncAll", "value": "True" },
        ],
    });
    let now = change(wanted).await.json_of(200);
    assert_eq!(now["schedule"], json!({ "expiration": null, "interval": "PT20M", "state": "Disabled" }));
    assert_eq!(now["synchronizationJobSettings"][0]["value"], "50");
    assert_eq!(now["synchronizationJobSettings"][1]["value"], "true");
    assert_eq!(stage.get(&path).await.json_of(200), now);
    assert_eq!(rows(&stage).await[0], "job.configure");
    // As Graph's SDK for Python writes what it read.
    let now = change(json!({ "schedule": { "interval": "0:30:00" } })).await.json_of(200);
    assert_eq!(now["schedule"]["interval"], "PT30M");
    // A changed setting counts, and not another that was sent along as it was shown.
    let mut sent = now["synchronizationJobSettings"].clone();
    let off =
        json!({ "Enabled": false, "Recipients": "kim@contoso.example", "DeleteThresholdEnabled": false });
    sent[3]["value"] = json!(off.to_string());
    let now = change(json!({ "synchronizationJobSettings": sent })).await.json_of(200);
    assert_eq!(now["synchronizationJobSettings"][0]["name"], "SyncAll", "{now}");
    let told: Value =
        serde_json::from_str(now["synchronizationJobSettings"][2]["value"].as_str().unwrap()).unwrap();
    assert_eq!(told["Recipients"], "kim@contoso.example");
    // Without a connection nothing can run, and then nothing else is changed either.
    let started = json!({ "schedule": { "state": "Active", "interval": "PT1H" } });
    change(started).await.refused(409, "Request_Conflict");
    assert_eq!(stage.get(&path).await.json_of(200), now);
}

#[tokio::test]
async fn what_a_job_has_not_is_refused_by_its_name() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let path = stage.job(&application).await;
    let before = stage.house.store.dump().await.unwrap();
    for (body, named) in [
        (json!({ "colour": "red" }), "colour"),
        (json!({ "id": NOBODY }), "id"),
        (json!({ "templateId": "x" }), "templateId"),
        (json!({ "status": { "code": "Paused" } }), "status"),
        (json!({ "schema": {} }), "schema"),
        (json!({ "schedule": "PT20M" }), "schedule"),
        (json!({ "schedule": { "colour": "red" } }), "schedule/colour"),
        (json!({ "schedule": { "interval": "PT1S" } }), "schedule/interval"),
        (json!({ "schedule": { "interval": 40 } }), "schedule/interval"),
        (json!({ "schedule": { "state": "On" } }), "schedule/state"),
        (json!({ "schedule": { "expiration": "2026-12-31T00:00:00Z" } }), "schedule/expiration"),
        (json!({ "synchronizationJobSettings": {} }), "synchronizationJobSettings"),
        (json!({ "synchronizationJobSettings": [{ "name": "SyncAll" }] }), "synchronizationJobSettings"),
        (json!({ "synchronizationJobSettings": [{ "name": "Domain", "value": "x" }] }), "Domain"),
        (json!({ "synchronizationJobSettings": [{ "name": "SyncAll", "value": "yes" }] }), "SyncAll"),
        (
            json!({ "synchronizationJobSettings":
                [{ "name": "QuarantineTooManyDeletesThreshold", "value": "-1" }] }),
            "QuarantineTooManyDeletesThreshold",
        ),
        (
            json!({ "schedule": { "interval": "PT20M" }, "synchronizationJobSettings":
                [{ "name": "SyncNotificationSettings", "value": "{\"Enabled\":true}" }] }),
            "notificationEmail",
        ),
    ] {
        let got = stage.send(Method::PATCH, &path, body.clone()).await;
        let told = got.refused(400, "Request_BadRequest");
        assert!(told.contains(named), "{body}: {told}");
    }
    assert_eq!(stage.house.store.dump().await.unwrap(), before, "a refusal changes nothing");
}

/// Settings and connection are kept together or not at all, and a job with a connection starts and stops.
#[tokio::test]
async fn secrets_are_kept_whole() {
    let stage = Stage::new().await;
    let provider = Provider::new().await;
    let application = stage.application("Passcodes").await;
    let path = stage.job(&application).await;
    let secrets = format!("/servicePrincipals/{application}/synchronization/secrets");
    let with = |more: Value| {
        let mut list = provider.bearer();
        list.as_array_mut().unwrap().push(more);
        json!({ "value": list })
    };
    let before = stage.house.store.dump().await.unwrap();
    let nobody = pair("SyncNotificationSettings", "{\"Enabled\":true}");
    stage.send(Method::PUT, &secrets, with(nobody)).await.refused(400, "Request_BadRequest");
    assert_eq!(stage.house.store.dump().await.unwrap(), before, "the connection is not kept either");
    let got = stage.send(Method::PUT, &secrets, with(pair("SyncAll", "true"))).await;
    assert_eq!(got.status, 204, "{}", got.text);
    assert_eq!(rows(&stage).await[..2], ["job.configure", "job.connect"]);
    let keys = stage.get(&secrets).await.json_of(200).to_string();
    assert!(keys.contains("SecretToken") && !keys.contains(SECRET), "{keys}");

    for (state, code) in [("Active", "Active"), ("Active", "Active"), ("Paused", "NotRun")] {
        let sent = json!({ "schedule": { "state": state, "interval": "PT15M" } });
        let now = stage.send(Method::PATCH, &path, sent).await.json_of(200);
        assert_eq!((&now["status"]["code"], &now["schedule"]["interval"]), (&json!(code), &json!("PT15M")));
    }
    let rows = rows(&stage).await;
    assert_eq!(rows[..3], ["job.pause", "job.start", "job.configure"], "{rows:?}");
}

#[tokio::test]
async fn an_access_token_is_had_and_forgotten_or_the_cause_told() {
    let stage = Stage::new().await;
    let provider = Provider::new().await;
    let application = stage.application("Passcodes").await;
    let root = format!("/servicePrincipals/{application}/synchronization");
    let path = format!("{root}/acquireAccessToken");
    let good = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600 });
    provider.answer("/token", 200, good.clone());
    let before = stage.house.store.dump().await.unwrap();
    let body = json!({ "credentials": provider.oauth() });
    let got = stage.post(&path, body.clone()).await;
    assert_eq!((got.status.as_u16(), got.text.as_str()), (204, ""));
    let asked = provider.asked();
    assert!(matches!(&asked[..], [one] if one.starts_with("POST /token Basic ")), "{asked:?}");
    assert_eq!(stage.house.store.dump().await.unwrap(), before, "nothing is kept");

    for (status, answer, code) in [
        (401, json!({ "error": "invalid_client" }), "Unauthorized"),
        (400, json!({ "error": "invalid_scope" }), "Rejected"),
        (200, json!({ "token_type": "Bearer" }), "BadResponse"),
        (503, json!({}), "ServerError"),
    ] {
        provider.answer("/token", status, answer);
        let got = stage.post(&path, body.clone()).await;
        assert!(!got.text.contains(SECRET), "{}", got.text);
        let told = got.refused(400, code);
        assert!(told.contains("token endpoint"), "{told}");
    }
    // Nothing is stored, or there is no token to be had.
    for body in
        [Value::Null, json!({}), json!({ "credentials": [] }), json!({ "credentials": provider.bearer() })]
    {
        stage.post(&path, body).await.refused(400, "Request_BadRequest");
    }
    // With what is stored: without credentials in the request, and never to another server.
    provider.answer("/token", 200, good);
    let got = stage.send(Method::PUT, &format!("{root}/secrets"), json!({ "value": provider.oauth() })).await;
    assert_eq!(got.status, 204, "{}", got.text);
    provider.asked();
    assert_eq!(stage.post(&path, Value::Null).await.status, 204);
    assert_eq!(provider.asked().len(), 1);
    let elsewhere = Provider::new().await;
    let url = format!("{}/token", elsewhere.url);
    let moved = json!({ "credentials": [pair("Oauth2TokenExchangeUri", &url)] });
    let told = stage.post(&path, moved).await.refused(400, "Request_BadRequest");
    assert!(told.contains("secret"), "{told}");
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn directories_are_discovered() {
    let stage = Stage::new().await;
    let provider = Provider::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await;
    let schema = stage.get(&format!("{job}/schema")).await.json_of(200);
    let ids: Vec<String> =
        schema["directories"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap().into()).collect();
    let discover = async |directory: &str| {
        let path = format!("{job}/schema/directories/{directory}/discover");
        stage.post(&path, Value::Null).await
    };
    // Our own side, by id or name.
    let source = discover(&ids[0]).await.json_of(200);
    assert_eq!(source, discover("Azure%20Active%20Directory").await.json_of(200));
    assert_eq!(source["objects"], schema["directories"][0]["objects"]);
    assert!(source["discoveryDateTime"].as_str().is_some_and(|at| at.ends_with('Z')), "{source}");
    discover(NOBODY).await.refused(404, "Request_ResourceNotFound");
    discover(&ids[1]).await.refused(409, "Request_Conflict");

    let secrets = format!("/servicePrincipals/{application}/synchronization/secrets");
    let got = stage.send(Method::PUT, &secrets, json!({ "value": provider.bearer() })).await;
    assert_eq!(got.status, 204, "{}", got.text);
    let before = stage.house.store.dump().await.unwrap();
    for (status, answer, code) in [
        (401, json!({}), "Unauthorized"),
        (404, json!({}), "NotFound"),
        (200, json!({ "x": 1 }), "BadResponse"),
        (200, json!({ "totalResults": 0, "Resources": [] }), "BadResponse"),
    ] {
        provider.answer("/Schemas", status, answer);
        let got = discover(&ids[1]).await;
        assert!(!got.text.contains(SECRET));
        got.refused(400, code);
    }
    provider.answer("/ResourceTypes", 404, json!({}));
    let described = json!({ "Resources": [{ "id": scim::urn::USER, "attributes": [
        { "name": "userName", "type": "string", "required": true, "mutability": "readWrite" },
        { "name": "badge", "type": "integer", "mutability": "immutable", "multiValued": false } ] }] });
    provider.answer("/Schemas", 200, described);
    provider.asked();
    let target = discover(&ids[1]).await.json_of(200);
    let asked = provider.asked();
    assert!(asked.iter().all(|one| one.starts_with("GET /scim/") && one.ends_with(SECRET)), "{asked:?}");
    assert_eq!((&target["id"], &target["name"]), (&json!(ids[1]), &json!("customappsso")));
    assert_eq!(target["objects"].as_array().unwrap().len(), 1, "users only");
    let badge = &target["objects"][0]["attributes"][3];
    assert_eq!(
        *badge,
        json!({ "name": "badge", "type": "Integer", "anchor": false, "caseExact": false, "required": false,
            "multivalued": false, "mutability": "Immutable", "flowNullValues": false, "defaultValue": null,
            "apiExpressions": [], "metadata": [], "referencedObjects": [] })
    );
    assert_eq!(stage.get(&format!("{job}/schema")).await.json_of(200)["directories"], schema["directories"]);
    assert_eq!(stage.house.store.dump().await.unwrap(), before, "discovery changes nothing");
}

#[tokio::test]
async fn nothing_comes_in_by_a_job() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await;
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [],
        "failOnErrors": null });
    let told = stage.post(&format!("{job}/bulkUpload"), body).await.refused(501, "NotImplemented");
    assert!(told.contains("/scim/v2/") && told.contains("muster import"), "{told}");
}

#[tokio::test]
async fn the_names_of_source_attributes_are_listed() {
    let stage = Stage::new().await;
    let all = stage.get("/sourceAttributes?$top=999&$count=true").await.json_of(200);
    let of = |kind| provision::alias::aliases(kind).len();
    use provision::alias::ObjectKind;
    assert_eq!(all["@odata.count"], of(ObjectKind::User) + of(ObjectKind::Group));
    assert_eq!(all["value"].as_array().unwrap().len(), all["@odata.count"]);
    let found = async |filter: &str| {
        stage.get(&format!("/sourceAttributes?$filter={filter}")).await.json_of(200)["value"].clone()
    };
    let row = |name: &str, path: Value, kind: &str, several: bool, separator: Value, direction: &str| {
        json!([{ "id": format!("User.{name}"), "name": name, "objectTypeName": "User", "path": path,
            "type": kind, "multivalued": several, "separator": separator, "direction": direction }])
    };
    let other = format!("{}:otherMails", scim::urn::DIRECTORY_USER);
    for expect in [
        row("userPrincipalName", json!("userName"), "String", false, Value::Null, "both"),
        row("objectId", json!("id"), "String", false, Value::Null, "read"),
        row("otherMails", json!(other), "String", true, json!(";"), "both"),
        row("appRoleAssignments", Value::Null, "String", true, Value::Null, "computed"),
    ] {
        let name = expect[0]["name"].as_str().unwrap();
        assert_eq!(found(&format!("objectTypeName eq 'User' and name eq '{name}'")).await, expect);
    }
    assert_eq!(found("path eq 'members'").await[0]["id"], "Group.members");
    let page = stage.get("/sourceAttributes?$top=2&$select=name").await.json_of(200);
    assert_eq!(
        stage.follow(page["@odata.nextLink"].as_str().unwrap()).await["value"][0]["id"],
        all["value"][2]["id"]
    );
    stage.get("/sourceAttributes?$filter=colour eq 'x'").await.refused(400, "Request_BadRequest");
}
