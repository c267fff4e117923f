//! The SCIM endpoints, in process: a router over a directory in memory, a clock that stands still, seeded randomness.

mod access;
mod conditions;
mod discovery;
mod errors;
mod examples;
mod limits;
mod listener;
mod log;
mod resources;

use std::sync::Arc;

use axum::body::Body;
use directory::{
    Actor, Caller, Clock, Context, Directory, FixedClock, KeyScope, NewKey, PublicUrl, Random, Secret,
    TenantId,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use provision::{Provisioning, Seal};
use serde_json::Value;
use store::{Options, Store};
use tower::ServiceExt;
use web::{App, WebOptions};

pub(crate) const ORIGIN: &str = "https://muster.example";

/// A server with one tenant and the keys that the tests need.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) directory: Directory,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) tenant: TenantId,
    pub(crate) key: String,
    router: axum::Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self { status: head.status, headers: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {:?}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// Every error is a SCIM error that says the status it came with.
    pub(crate) fn assert_error(&self, status: u16, scim_type: Option<&str>, about: &str) {
        assert_eq!(self.status.as_u16(), status, "{about}: {}", self.text);
        assert_eq!(self.header("content-type"), Some("application/scim+json"), "{about}");
        let body = self.json();
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error", "{about}");
        assert_eq!(body["status"], status.to_string(), "{about}");
        assert_eq!(body["scimType"].as_str(), scim_type, "{about}: {body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{about}");
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(WebOptions { rate_limit: 0, failed_keys: 0, ..WebOptions::default() }).await
    }

    pub(crate) async fn with(options: WebOptions) -> Self {
        Self::seeded(7, options).await
    }

    pub(crate) async fn seeded(seed: u64, options: WebOptions) -> Self {
        let clock = Arc::new(FixedClock::at("2026-01-12T08:11:02.345Z".parse::<Timestamp>().unwrap()));
        let random = Random::seeded(seed);
        let secret = Secret::generate(&random);
        let store =
            Store::open(cluster::scratch().map_or_else(Options::memory, |url| Options::at(&url).unwrap()))
                .unwrap();
        let shared: Arc<dyn Clock> = clock.clone();
        let directory =
            Directory::new(store.clone(), shared, random, &secret, PublicUrl::parse(ORIGIN).unwrap());
        let seal = Seal::new(&secret.key("sealed credentials"));
        let provisioning = Provisioning::new(directory.clone(), store, seal, provision::Options::default());
        let tenant = directory.create_tenant(caller(), "Fabrikam").await.unwrap().id;
        let app = App::new(directory.clone(), provisioning, options);
        let mut house =
            Self { router: web::router(app.clone()), app, directory, clock, tenant, key: String::new() };
        house.key = house.new_key(&[KeyScope::Scim2]).await.1;
        house
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(self.tenant.clone(), caller())
    }

    /// Id and value.
    pub(crate) async fn new_key(&self, scopes: &[KeyScope]) -> (String, String) {
        let key = NewKey { name: "test".into(), scopes: scopes.to_vec(), expires: None };
        let (row, value) = self.directory.create_key(self.context(), key).await.unwrap();
        (row.id, value)
    }

    pub(crate) fn base(&self) -> String {
        format!("/scim/v2/{}", self.tenant)
    }

    /// A request below the tenant's base with the tenant's key.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        self.anonymous(method, &format!("{}{path}", self.base()))
            .header("authorization", format!("Bearer {}", self.key))
    }

    /// A request to a whole path without a key.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> http::request::Builder {
        // On the wire, quotes are escaped by the listener.
        Request::builder().method(method).uri(path.replace('"', "%22")).header("host", "muster.example")
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        Got::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn put(&self, path: &str, body: impl ToString) -> Got {
        self.send(self.with_body(Method::PUT, path, body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Got {
        self.send(self.with_body(Method::POST, path, body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: impl ToString) -> Got {
        self.send(self.with_body(Method::PATCH, path, body)).await
    }

    pub(crate) fn with_body(&self, method: Method, path: &str, body: impl ToString) -> Request<Body> {
        let request = self.request(method, path).header("content-type", "application/scim+json");
        request.body(Body::from(body.to_string())).unwrap()
    }

    pub(crate) async fn new_user(&self, name: &str) -> String {
        let made = self.post("/Users", user(name)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.id()
    }
}

pub(crate) fn caller() -> Caller {
    Caller { actor: Actor::Cli { user: "test".into() }, request_id: "test".into(), address: None }
}

pub(crate) fn user(name: &str) -> Value {
    serde_json::json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name })
}

pub(crate) fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| serde_json::json!({ "value": id })).collect();
    serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members,
    })
}

pub(crate) fn patch_op(operations: Value) -> Value {
    serde_json::json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}
