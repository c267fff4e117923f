//! The console over data in memory, to look at its pages: `cargo run -p web --example console [PORT]`, then sign in as
//! `admin`, `tenant-admin` or `reader` with the password `correct horse battery staple`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an example: it ends with what went wrong, and says where it is"
)]

#[path = "console/applications.rs"]
mod applications;

use std::sync::Arc;

use axum::body::Body;
use directory::{
    Actor, Caller, Context, Directory, Grant, KeyScope, Kind, NewKey, Precondition, PublicUrl, Random, Role,
    Secret, SystemClock, TenantId,
};
use http::Request;
use provision::Provisioning;
use scim::Resource;
use serde_json::{Value, json};
use store::{Options, Store};
use tower::ServiceExt as _;
use web::{App, WebOptions};

use applications::Ground;

const PASSWORD: &str = "correct horse battery staple";
const GIVEN: [&str; 16] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Radia",
    "Tim",
    "Margaret",
    "Linus",
    "Katherine",
    "Dennis",
    "Hedy",
    "Ken",
    "Frances",
    "John",
];
const FAMILY: [&str; 14] = [
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Perlman",
    "Berners-Lee",
    "Hamilton",
    "Torvalds",
    "Johnson",
    "Ritchie",
    "Lamarr",
    "Thompson",
];
const TITLES: [&str; 6] =
    ["Engineer", "Senior Engineer", "Analyst", "Director of Research", "Designer", "Counsel"];
const DEPARTMENTS: [&str; 5] = ["Mathematics", "Compilers", "Operations", "Legal", "People"];

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).map_or(8090, |text| text.parse().unwrap());
    let url = PublicUrl::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let store = Store::open(Options::memory()).unwrap();
    let random = Random::system();
    let secret = Secret::generate(&random);
    let directory = Directory::new(store.clone(), Arc::new(SystemClock), random, &secret, url);
    // The validator and provisioning may look at what else runs on this machine.
    let networks: Vec<provision::Network> = vec!["127.0.0.0/8".parse().unwrap()];
    let reach = provision::Options { networks: networks.clone(), ..provision::Options::default() };
    let seal = provision::Seal::new(&secret.key("sealed credentials"));
    let provisioning = Provisioning::new(directory.clone(), store.clone(), seal, reach);
    let options = WebOptions { demo: true, validator_networks: networks, ..WebOptions::default() };
    let app = App::new(directory.clone(), provisioning.clone(), options);
    let router = web::router(app);
    let tenant = seed(&directory, &provisioning, &store, &router).await;
    println!("tenant {tenant}\nhttp://127.0.0.1:{port}/  admin | tenant-admin | reader  {PASSWORD}");
    tokio::spawn({
        let directory = directory.clone();
        async move { directory.maintain().await }
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}

fn caller() -> Caller {
    Caller {
        actor: Actor::Cli { user: "root".into() },
        request_id: "example".into(),
        address: "192.0.2.1".parse().ok(),
    }
}

fn object(value: Value) -> Resource {
    value.as_object().cloned().unwrap()
}

async fn seed(
    directory: &Directory,
    provisioning: &Provisioning,
    store: &Store,
    router: &axum::Router,
) -> TenantId {
    let contoso = directory.create_tenant(caller(), "Contoso Ltd").await.unwrap().id;
    let fabrikam = directory.create_tenant(caller(), "Fabrikam GmbH").await.unwrap().id;
    operators(directory, &contoso, &fabrikam).await;
    let cx = || Context::new(contoso.clone(), caller());
    let mut ids = Vec::new();
    for index in 0..230 {
        ids.push(directory.create(cx(), Kind::User, person(index)).await.unwrap().id);
    }
    let all: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
    let mut group_ids = Vec::new();
    let groups =
        [("All staff", 230), ("Engineering", 60), ("Research", 12), ("Legal", 3), ("Empty group", 0)];
    for (name, count) in groups {
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "externalId": format!("ext-{count}"), "members": &all[..count] });
        group_ids.push(directory.create(cx(), Kind::Group, object(body)).await.unwrap().id);
    }
    for id in ids.iter().skip(200).take(4) {
        directory.delete(cx(), Kind::User, id, Precondition::None).await.unwrap();
    }
    traffic(directory, router, &contoso, &ids).await;
    let ground = Ground {
        provisioning,
        store,
        tenant: &contoso,
        users: &ids,
        groups: &group_ids,
        target: directory.scim_base(&fabrikam),
    };
    ground.fill().await;
    contoso
}

async fn operators(directory: &Directory, contoso: &TenantId, fabrikam: &TenantId) {
    let grants = [
        ("admin", vec![Grant { role: Role::GlobalAdministrator, tenant: None }]),
        ("tenant-admin", vec![Grant { role: Role::TenantAdministrator, tenant: Some(fabrikam.clone()) }]),
        ("reader", vec![Grant { role: Role::Reader, tenant: Some(contoso.clone()) }]),
    ];
    for (name, grants) in grants {
        directory.create_operator(caller(), name, PASSWORD, grants).await.unwrap();
    }
}

fn person(index: usize) -> Resource {
    let (given, family) = (GIVEN[index % GIVEN.len()], FAMILY[(index / 3) % FAMILY.len()]);
    let login = format!("{}.{}{index}@contoso.example", given.to_lowercase(), family.to_lowercase());
    object(json!({
        "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
        "userName": login,
        "externalId": format!("00000000-0000-4000-8000-{index:012}"),
        "displayName": format!("{given} {family}"),
        "name": { "givenName": given, "familyName": family, "formatted": format!("{given} {family}") },
        "title": TITLES[index % TITLES.len()],
        "active": index % 9 != 4,
        "emails": [
            { "value": login, "type": "work", "primary": true },
            { "value": format!("{}@home.example", given.to_lowercase()), "type": "home" },
        ],
        "phoneNumbers": [{ "value": format!("+34 600 000 {index:03}"), "type": "mobile" }],
        "addresses": [{ "type": "work", "streetAddress": "1 Analytical Way", "locality": "Barcelona", "country": "ES", "formatted": "1 Analytical Way\nBarcelona" }],
        (scim::urn::ENTERPRISE_USER): { "department": DEPARTMENTS[index % DEPARTMENTS.len()], "employeeNumber": format!("{index:05}") },
    }))
}

/// Requests as an identity provider sends them, good and bad, through the whole router.
async fn traffic(directory: &Directory, router: &axum::Router, tenant: &TenantId, ids: &[String]) {
    let key = |name: &str, scope: KeyScope, days: i64| NewKey {
        name: name.to_owned(),
        scopes: vec![scope],
        expires: directory.now().checked_add(jiff::SignedDuration::from_hours(24 * days)).ok(),
    };
    let cx = || Context::new(tenant.clone(), caller());
    let (_, entra) =
        directory.create_key(cx(), key("Entra ID provisioning", KeyScope::Scim2, 90)).await.unwrap();
    let (_, report) = directory.create_key(cx(), key("Reporting", KeyScope::Scim2Read, 6)).await.unwrap();
    let (old, _) = directory.create_key(cx(), key("Okta trial", KeyScope::Scim2, 30)).await.unwrap();
    directory.revoke_key(cx(), &old.id).await.unwrap();
    let base = format!("/scim/v2/{tenant}");
    let patch =
        |operations: Value| json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations }).to_string();
    let off = patch(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    let manager = patch(
        json!([{ "op": "Add", "path": "manager", "value": ids[0] }, { "op": "Replace", "path": "title", "value": "Principal Engineer" }]),
    );
    let wrong = patch(json!([{ "op": "replace", "path": "emails[type eq", "value": "x" }]));
    let new = json!({ "schemas": [scim::urn::USER], "userName": "<script>alert(1)</script>@contoso.example", "displayName": "<script>alert(1)</script>", "password": "hunter2hunter2" }).to_string();
    for _ in 0..6 {
        for (key, method, path, body) in [
            (
                &entra,
                "GET",
                format!("{base}/Users?filter=userName%20eq%20%22none%40contoso.example%22"),
                String::new(),
            ),
            (&entra, "PATCH", format!("{base}/Users/{}", ids[1]), off.clone()),
            (&entra, "PATCH", format!("{base}/Users/{}", ids[2]), manager.clone()),
            (&entra, "PATCH", format!("{base}/Users/{}", ids[3]), wrong.clone()),
            (&entra, "POST", format!("{base}/Users"), new.clone()),
            (&report, "GET", format!("{base}/Users?count=5&sortBy=userName"), String::new()),
            (&report, "DELETE", format!("{base}/Users/{}", ids[4]), String::new()),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", "127.0.0.1")
                .header("authorization", format!("Bearer {key}"))
                .header("content-type", "application/scim+json")
                .header("user-agent", "Azure AD provisioning")
                .body(Body::from(body))
                .unwrap();
            router.clone().oneshot(request).await.unwrap();
        }
    }
    directory.flush().await.unwrap();
}
