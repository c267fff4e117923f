//! The Graph API, in process: a router over a directory in memory.

mod access;
mod applications;
mod control;
mod directory;
mod docs;
mod jobs;
mod member_delta;
mod options;

use ::directory::{Context, KeyScope, Kind, NewKey};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use web::WebOptions;

use crate::console::{Got, House, caller};

pub(crate) const CUSTOM: &str = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";
pub(crate) const NOBODY: &str = "019a2f6e-0000-7000-8000-00000000dead";

/// A house with keys for the Graph API.
pub(crate) struct Stage {
    pub(crate) house: House,
    /// Scope `PROVISIONING` of Contoso.
    pub(crate) key: String,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let free = WebOptions { rate_limit: 0, failed_keys: 0, ..WebOptions::default() };
        let house = House::with("https://muster.example", free).await;
        let mut stage = Self { house, key: String::new() };
        stage.key = stage.new_key(&[KeyScope::Provisioning]).await;
        stage
    }

    pub(crate) async fn new_key(&self, scopes: &[KeyScope]) -> String {
        self.key_in(self.house.cx(), scopes).await
    }

    /// A key of the other tenant.
    pub(crate) async fn foreign_key(&self, scopes: &[KeyScope]) -> String {
        self.key_in(Context::new(self.house.fabrikam.clone(), caller()), scopes).await
    }

    async fn key_in(&self, cx: Context, scopes: &[KeyScope]) -> String {
        let key = NewKey { name: "test".into(), scopes: scopes.to_vec(), expires: None };
        self.house.directory.create_key(cx, key).await.unwrap().1
    }

    pub(crate) async fn ask(&self, key: &str, method: Method, path: &str, body: Value) -> Got {
        let escaped = path.replace(' ', "%20").replace('"', "%22");
        let request = Request::builder()
            .method(method)
            .uri(format!("/graph/{escaped}"))
            .header("host", "muster.example")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.house.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.ask(&self.key, Method::GET, &format!("v1.0{path}"), Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Got {
        self.ask(&self.key, Method::POST, &format!("v1.0{path}"), body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Got {
        self.ask(&self.key, method, &format!("v1.0{path}"), body).await
    }

    /// What a link of an answer leads to.
    pub(crate) async fn follow(&self, link: &str) -> Value {
        let path = link.strip_prefix("https://muster.example/graph/").unwrap_or_else(|| panic!("{link}"));
        self.ask(&self.key, Method::GET, path, Value::Null).await.json_of(200)
    }

    /// Its id.
    pub(crate) async fn application(&self, name: &str) -> String {
        let path = format!("/applicationTemplates/{CUSTOM}/instantiate");
        let made = self.post(&path, json!({ "displayName": name })).await.json_of(201);
        made["servicePrincipal"]["id"].as_str().unwrap().to_owned()
    }

    /// The address of the application's job.
    pub(crate) async fn job(&self, application: &str) -> String {
        let list = self.get(&format!("/servicePrincipals/{application}/synchronization/jobs")).await;
        let id = list.json_of(200)["value"][0]["id"].as_str().unwrap().to_owned();
        format!("/servicePrincipals/{application}/synchronization/jobs/{id}")
    }

    pub(crate) async fn user(&self, name: &str, more: Value) -> String {
        let mut body = json!({ "schemas": [scim::urn::USER], "userName": name });
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.house.resource(Kind::User, body).await
    }
}

pub(crate) trait Answered {
    fn json_of(&self, status: u16) -> Value;
    fn refused(&self, status: u16, code: &str) -> String;
}

impl Answered for Got {
    #[track_caller]
    fn json_of(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.text).unwrap()
    }

    /// The message of an error in Graph's body.
    #[track_caller]
    fn refused(&self, status: u16, code: &str) -> String {
        let body = self.json_of(status);
        let error = &body["error"];
        assert_eq!(error["code"], code, "{body}");
        assert_eq!(error["innerError"]["request-id"], self.header("x-request-id"), "{body}");
        assert!(error["innerError"]["date"].as_str().is_some_and(|date| date.len() == 19), "{body}");
        assert!(error["innerError"]["client-request-id"].is_string(), "{body}");
        assert!(!self.header("www-authenticate").contains("claims"), "{body}");
        error["message"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn ids(list: &Value) -> Vec<String> {
    list["value"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}
