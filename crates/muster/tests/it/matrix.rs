//! Every route with every kind of credential: who gets in, and that nothing of another tenant ever gets out.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use store::{Options, Store};
use web::{Access, Route, inventory};

use crate::client::{Client, Reply, id_of, patch_body};
use crate::raw;
use crate::server::{Server, Tenant};

const CANARY: &str = "canary";
const NOBODY: &str = "0190a6c0-0000-7000-8000-00000000dead";

/// Two tenants; `other` is full of canaries that `own` must never see.
struct Stage {
    server: Server,
    own: Tenant,
    other: Tenant,
    other_user: String,
    other_group: String,
    store: Store,
}

/// A named way to ask, and whether it opens the own tenant: `Some(true)` to read and write, `Some(false)` to read.
struct Credential {
    name: &'static str,
    header: Option<String>,
    opens: Option<bool>,
    /// Whether the answer may say what became of the key: its holder knew all of it.
    known: bool,
}

impl Stage {
    async fn new() -> Self {
        let server = Server::start(&[]);
        let (own, other) = (server.tenant("Own"), server.tenant("canary-tenant"));
        let body = json!({
            "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
            "userName": "canary-user@example.com",
            "displayName": "canary-display",
            "externalId": "canary-external",
            "emails": [{ "value": "canary-mail@example.com", "type": "work" }],
            scim::urn::ENTERPRISE_USER: { "department": "canary-department" },
        });
        let other_user = id_of(&other.client.post("/Users", &body).await.expect(201));
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": "canary-group",
            "members": [{ "value": other_user }] });
        let other_group = id_of(&other.client.post("/Groups", &body).await.expect(201));
        let store = Store::open(Options::file(server.data.join("muster.db"))).unwrap();
        Self { server, own, other, other_user, other_group, store }
    }

    fn credentials(&self) -> Vec<Credential> {
        let bearer = |key: &str| Some(format!("Bearer {key}"));
        let (_, reader) = self.server.key(&self.own.id, &["--scope", "SCIM2:READ"]);
        let (revoked_id, revoked) = self.server.key(&self.own.id, &["--scope", "SCIM2"]);
        assert_eq!(self.server.muster(&["key", "revoke", &revoked_id]).code, 0);
        let (expired_id, expired) = self.server.key(&self.own.id, &["--scope", "SCIM2"]);
        crate::cli::expire(&self.server, &expired_id);
        // Well formed, of this tenant, right id, right checksum; but the secret is one that no longer counts.
        let (rotated_id, rotated) = self.server.key(&self.own.id, &["--scope", "SCIM2"]);
        self.server.muster(&["key", "rotate", &rotated_id, "--overlap", "0d", "--json"]).json();
        let key = &self.own.client.key;
        let last = if key.ends_with('0') { "1" } else { "0" };
        let wrong_checksum = format!("{}{last}", &key[..key.len() - 1]);
        let one = |name, header, opens| Credential { name, header, opens, known: false };
        let known = |name, header| Credential { name, header, opens: None, known: true };
        vec![
            one("none", None, None),
            one("empty", Some("Bearer ".to_owned()), None),
            one("no scheme", Some(key.clone()), None),
            one("basic", Some("Basic bWlyYTpodW50ZXIy".to_owned()), None),
            one("garbage", bearer("garbage"), None),
            one("wrong checksum", bearer(&wrong_checksum), None),
            one("right id, wrong secret", bearer(&rotated.key), None),
            known("revoked", bearer(&revoked.key)),
            known("expired", bearer(&expired.key)),
            one("of another tenant", bearer(&self.other.client.key), None),
            one("read-only", bearer(&reader.key), Some(false)),
            one("full", bearer(key), Some(true)),
        ]
    }

    /// Ask as exactly this; no client adds anything.
    fn ask(&self, method: &str, path: &str, credential: Option<&str>, body: &str) -> raw::Raw {
        let authorization = credential.map(|value| format!("Authorization: {value}"));
        let mut headers = vec!["Host: localhost", "Content-Type: application/scim+json"];
        headers.extend(authorization.as_deref());
        raw::send(
            self.server.address(),
            &raw::request(&format!("{method} {path} HTTP/1.1"), &headers, body.as_bytes()),
        )
    }

    async fn dump(&self) -> String {
        self.store.dump().await.unwrap()
    }
}

/// The addresses of a route in `tenant`, with ids that are not of the own tenant.
fn paths(stage: &Stage, route: &Route, tenant: &str) -> Vec<String> {
    let ids = [stage.other_user.as_str(), stage.other_group.as_str(), NOBODY, "canary-user@example.com"];
    let filled = |id: &str| {
        let mut path = String::new();
        let mut rest = route.path;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap();
            path.push_str(before);
            path.push_str(if name == "tenant" { tenant } else { id });
            rest = after;
        }
        path + rest
    };
    let distinct: BTreeSet<String> = ids.iter().map(|id| filled(id)).collect();
    distinct.into_iter().collect()
}

fn body_for(route: &Route) -> String {
    let body = match (route.method.as_str(), route.path) {
        ("PATCH", _) => {
            patch_body(&json!([{ "op": "replace", "path": "displayName", "value": "taken over" }]))
        }
        ("POST", path) if path.ends_with(".search") => json!({ "schemas": [scim::urn::SEARCH_REQUEST] }),
        ("POST" | "PUT", path) if path.contains("/Groups") => {
            json!({ "schemas": [scim::urn::GROUP], "displayName": "taken over" })
        }
        ("POST" | "PUT", path) if path.contains("/Users") => {
            json!({ "schemas": [scim::urn::USER], "userName": "taken.over@example.com" })
        }
        ("POST" | "PUT", _) => json!({}),
        _ => return String::new(),
    };
    body.to_string()
}

fn is_graph(access: Access) -> bool {
    use Access::{GraphRead, GraphReadAll, GraphWrite, GraphWriteAll};
    matches!(access, GraphRead | GraphReadAll | GraphWrite | GraphWriteAll)
}

/// What the access class says about a credential; `None` where the route itself decides.
fn refusal(access: Access, credential: &Credential) -> Option<u16> {
    match (access, credential.opens) {
        (Access::ScimRead | Access::ScimWrite, None) => Some(401),
        (Access::ScimWrite, Some(false)) => Some(403),
        // There the tenant is that of the key, so a key of another is a good one; none of these has a scope for it.
        (access, None) if is_graph(access) && credential.name != "of another tenant" => Some(401),
        (access, _) if is_graph(access) => Some(403),
        _ => None,
    }
}

/// Date and request id differ from answer to answer; nothing else may.
fn comparable(answer: &raw::Raw) -> String {
    let varies = |line: &&str| {
        let line = line.to_ascii_lowercase();
        !line.starts_with("date:") && !line.starts_with("x-request-id:")
    };
    answer.text.split("\r\n").filter(varies).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_with_every_credential() {
    let stage = Stage::new().await;
    let credentials = stage.credentials();
    let mut before = stage.dump().await;
    let (mut asked, mut opened) = (0, 0);
    for route in inventory() {
        let body = body_for(route);
        for credential in &credentials {
            for path in paths(&stage, route, &stage.own.id) {
                let answer = stage.ask(route.method.as_str(), &path, credential.header.as_deref(), &body);
                let what = format!("{} {path} with credential {}", route.method, credential.name);
                asked += 1;
                if let Some(status) = refusal(route.access, credential) {
                    assert_eq!(answer.status, status, "{what}: {}", answer.text);
                    // RFC 6750 §3: the challenge says which scheme, and on 403 which scope is missing.
                    assert!(answer.text.to_lowercase().contains("\r\nwww-authenticate: bearer"), "{what}");
                } else if credential.opens.is_some() && route.path.starts_with("/scim/") {
                    assert!(!matches!(answer.status, 401 | 403 | 500 | 502..), "{what}: {}", answer.text);
                    opened += 1;
                }
                if route.access == Access::Operator {
                    assert!(!(200..300).contains(&answer.status), "{what}: an API key is not an operator");
                }
                // The path asked for may be repeated; nothing else of the other tenant may.
                let said = answer
                    .text
                    .replace("canary-user@example.com", "")
                    .replace("canary-user%40example.com", "");
                let said = said.to_lowercase();
                assert!(!said.contains(CANARY), "{what} leaks: {}", answer.text);
                let after = stage.dump().await;
                if !(200..300).contains(&answer.status) {
                    assert_eq!(before, after, "{what}: {} changed the database", answer.status);
                }
                before = after;
            }
        }
    }
    assert!(asked > 300 && opened > 30, "{asked} asked, {opened} opened");
    let still: Value = stage.other.client.get(&format!("/Users/{}", stage.other_user)).await.expect(200);
    assert_eq!(still["displayName"], "canary-display");
}

/// The Graph API with keys that have a scope for it: what they open, and that another tenant's things are as unknown as ids
/// that never were.
#[tokio::test(flavor = "multi_thread")]
async fn every_graph_route_with_every_scope() {
    let stage = Stage::new().await;
    let bearer = |scope: &str| {
        let (_, client) = stage.server.key(&stage.own.id, &["--scope", scope]);
        format!("Bearer {}", client.key)
    };
    let (full, reader) = (bearer("PROVISIONING"), bearer("PROVISIONING:READ"));
    let single = bearer(&format!("PROVISIONING:{NOBODY}"));
    let before = stage.dump().await;
    let mut asked = 0;
    for route in inventory().iter().filter(|route| is_graph(route.access)) {
        let writes = matches!(route.access, Access::GraphWrite | Access::GraphWriteAll);
        let all = matches!(route.access, Access::GraphReadAll | Access::GraphWriteAll);
        for path in paths(&stage, route, &stage.own.id) {
            for (name, key) in [("full", &full), ("reader", &reader), ("single", &single)] {
                let answer = stage.ask(route.method.as_str(), &path, Some(key), "{}");
                let what = format!("{} {path} with {name}: {}", route.method, answer.text);
                let refused = (name == "reader" && writes) || (name == "single" && all);
                assert_eq!(answer.status == 403, refused, "{what}");
                assert!(!matches!(answer.status, 401 | 500..), "{what}");
                let said = answer.text.replace("canary-user@example.com", "").to_lowercase();
                assert!(!said.contains(CANARY), "{what} leaks");
                asked += 1;
            }
        }
    }
    assert!(asked > 500, "{asked}");
    assert_eq!(stage.dump().await, before, "nothing was there to be changed");
}

/// An unknown key, a key of another tenant, and a tenant that does not exist get one answer, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_and_what_is_anothers_look_the_same() {
    let stage = Stage::new().await;
    let own = format!("Bearer {}", stage.own.client.key);
    for route in inventory().iter().filter(|r| matches!(r.access, Access::ScimRead | Access::ScimWrite)) {
        let body = body_for(route);
        let method = route.method.as_str();
        for (other, unknown) in paths(&stage, route, &stage.other.id).iter().zip(paths(&stage, route, NOBODY))
        {
            let of_another = stage.ask(method, other, Some(&own), &body);
            let of_nobody = stage.ask(method, &unknown, Some(&own), &body);
            let garbage = stage.ask(method, other, Some("Bearer garbage"), &body);
            assert_eq!(of_another.status, 401, "{method} {other}");
            assert_eq!(comparable(&of_another), comparable(&of_nobody), "{method} {other} against {unknown}");
            assert_eq!(comparable(&of_another), comparable(&garbage), "{method} {other}");
        }
    }
    for credential in stage.credentials().iter().filter(|c| c.opens.is_none() && !c.known) {
        let path = |tenant: &str| format!("/scim/v2/{tenant}/Users");
        let here = stage.ask("GET", &path(&stage.own.id), credential.header.as_deref(), "");
        let nowhere = stage.ask("GET", &path(NOBODY), credential.header.as_deref(), "");
        if credential.name != "of another tenant" {
            assert_eq!(comparable(&here), comparable(&nowhere), "{}", credential.name);
        }
    }
}

/// In the own tenant, another tenant's ids are as unknown as ids that never were.
#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_tenant_are_unknown() {
    let stage = Stage::new().await;
    let client = &stage.own.client;
    let same = |path: &str| (path.replace("ID", &stage.other_user), path.replace("ID", NOBODY));
    for template in
        ["/Users/ID", "/Groups/ID", "/Users?filter=id eq \"ID\"", "/Groups?filter=members eq \"ID\""]
    {
        let (theirs, nobody) = same(&template.replace(' ', "%20").replace('"', "%22"));
        for method in ["GET", "DELETE"] {
            let (theirs, nobody) = (send(client, method, &theirs).await, send(client, method, &nobody).await);
            assert_eq!(theirs.status, nobody.status, "{method} {template}");
            let text = |reply: &Reply, id: &str| reply.text.replace(id, "ID");
            assert_eq!(text(&theirs, &stage.other_user), text(&nobody, NOBODY), "{method} {template}");
        }
    }
    for filter in ["userName sw \"canary\"", "displayName co \"canary\"", "externalId eq \"canary-external\""]
    {
        let found = client.get(&format!("/Users?filter={}", crate::client::encode(filter))).await.expect(200);
        assert_eq!(found["totalResults"], 0, "{filter}");
    }
    // A member id of another tenant is an unknown id: kept as text, without its name.
    let group = client.create_group("Borrowed").await;
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": stage.other_user }] }]);
    client.patch(&format!("/Groups/{group}"), &add).await;
    let found = client.get(&format!("/Groups/{group}")).await;
    assert!(!found.text.contains("canary"), "{}", found.text);
    let theirs = stage.other.client.get(&format!("/Users/{}", stage.other_user)).await.expect(200);
    assert_eq!(theirs["groups"].as_array().map(Vec::len), Some(1), "{theirs}");
}

async fn send(client: &Client, method: &str, path: &str) -> Reply {
    client.send(method, path, None).await
}
