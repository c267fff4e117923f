//! The console, in process: a browser's requests to the whole router, over a directory in memory.

mod app_roles;
mod applications;
mod assignments;
mod forms;
mod headers;
mod keys;
mod offered;
mod pages;
mod provisioning;
mod roles;
mod sign_in;
mod validator;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use directory::{
    Actor, Caller, Context, Directory, FixedClock, Grant, Kind, PublicUrl, Random, Role, Secret, TenantId,
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use provision::{Provisioning, Seal};
use serde_json::{Value, json};
use store::{Options, Store};
use tower::ServiceExt;
use web::{App, WebOptions};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const HOST: &str = "muster.example";

/// A server with two tenants and an operator of each role.
pub(crate) struct House {
    pub(crate) directory: Directory,
    pub(crate) clock: Arc<FixedClock>,
    /// Has users and groups.
    pub(crate) contoso: TenantId,
    /// Empty.
    pub(crate) fabrikam: TenantId,
    pub(crate) store: Store,
    pub(crate) app: App,
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
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// The value of the form field of that name, as the page has it.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = self.text.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}"));
        let rest = &self.text[start..];
        let value = rest.split_once("value=\"").unwrap().1;
        value.split_once('"').unwrap().0.to_owned()
    }
}

/// A browser with its cookies.
pub(crate) struct Browser<'a> {
    house: &'a House,
    pub(crate) cookies: Mutex<BTreeMap<String, String>>,
}

pub(crate) fn caller() -> Caller {
    Caller {
        actor: Actor::Cli { user: "root".into() },
        request_id: "r-1".into(),
        address: "192.0.2.1".parse().ok(),
    }
}

pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::at("https://muster.example").await
    }

    pub(crate) async fn at(url: &str) -> Self {
        Self::with(url, WebOptions::default()).await
    }

    pub(crate) async fn with(url: &str, options: WebOptions) -> Self {
        let clock = Arc::new(FixedClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let store =
            Store::open(cluster::scratch().map_or_else(Options::memory, |url| Options::at(&url).unwrap()))
                .unwrap();
        let url = PublicUrl::parse(url).unwrap();
        let directory =
            Directory::new(store.clone(), clock.clone(), Random::seeded(7), &Secret::new([7; 32]), url);
        let contoso = directory.create_tenant(caller(), "Contoso Ltd").await.unwrap().id;
        let fabrikam = directory.create_tenant(caller(), "Fabrikam GmbH").await.unwrap().id;
        for (name, role, tenant) in [
            ("global", Role::GlobalAdministrator, None),
            ("tenant-admin", Role::TenantAdministrator, Some(&contoso)),
            ("app-admin", Role::ApplicationAdministrator, Some(&contoso)),
            ("reader", Role::Reader, Some(&contoso)),
            ("other-admin", Role::TenantAdministrator, Some(&fabrikam)),
        ] {
            let grant = Grant { role, tenant: tenant.cloned() };
            directory.create_operator(caller(), name, PASSWORD, vec![grant]).await.unwrap();
        }
        let reach = provision::Options {
            networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..provision::Options::default()
        };
        let provisioning = Provisioning::new(directory.clone(), store.clone(), Seal::new(&[8; 32]), reach);
        let app = App::new(directory.clone(), provisioning, options);
        let router = web::router(app.clone());
        Self { directory, clock, contoso, fabrikam, store, app, router }
    }

    pub(crate) fn cx(&self) -> Context {
        Context::new(self.contoso.clone(), caller())
    }

    pub(crate) async fn user(&self, login: &str) -> String {
        self.resource(Kind::User, json!({ "schemas": [scim::urn::USER], "userName": login })).await
    }

    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "members": members });
        self.resource(Kind::Group, body).await
    }

    pub(crate) async fn resource(&self, kind: Kind, body: Value) -> String {
        self.directory.create(self.cx(), kind, body.as_object().cloned().unwrap()).await.unwrap().id
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { house: self, cookies: Mutex::default() }
    }

    /// A browser whose operator is signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Browser<'_> {
        let browser = self.browser();
        let got = browser.sign_in(name, PASSWORD).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{name}: {}", got.text);
        browser
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Got { status: head.status, headers: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}

impl Browser<'_> {
    /// A request with this browser's cookies; those of the answer are kept.
    pub(crate) async fn send(&self, method: Method, path: &str, extra: &[(&str, &str)], body: String) -> Got {
        let cookies = self
            .cookies
            .lock()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        let got = self.house.send(request.body(Body::from(body)).unwrap()).await;
        for cookie in got.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.lock().remove(name);
            } else {
                self.cookies.lock().insert(name.to_owned(), value.to_owned());
            }
        }
        got
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// A form as a browser sends it from this site.
    pub(crate) async fn post_raw(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let extra = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://muster.example"),
        ];
        self.send(Method::POST, path, &extra, encode(fields)).await
    }

    /// The same, with the session's token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let csrf = self.csrf().await;
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post_raw(path, &all).await
    }

    /// The token of this session's forms; the sign-out form is on every page.
    pub(crate) async fn csrf(&self) -> String {
        let page = self.get("/t/none").await;
        page.field("csrf")
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Got {
        let form = self.get("/sign-in").await;
        self.post_raw("/sign-in", &[("csrf", &form.field("csrf")), ("name", name), ("password", password)])
            .await
    }

    pub(crate) fn session(&self) -> Option<String> {
        let cookies = self.cookies.lock();
        cookies.get("__Host-muster").or_else(|| cookies.get("muster")).cloned()
    }
}
