//! Input made to break a parser, a stack or a memory: a clear refusal each time, the database as it was before, and the
//! same process afterwards.

use serde_json::json;
use store::{Options, Store};

use crate::client::{encode, user};
use crate::raw::{Raw, request, send};
use crate::server::{Server, Tenant};

const DEEP: usize = 100_000;

/// Everything one bomb needs.
struct Range {
    server: Server,
    tenant: Tenant,
    path: String,
    user: String,
    /// Opened beside the server's.
    store: Store,
    /// The database's canonical dump after the last request.
    known: String,
}

impl Range {
    async fn new() -> Self {
        let server = Server::start(&[]);
        let tenant = server.tenant("T");
        let user = tenant.client.create_user("target@example.com").await;
        let path = tenant.client.base.strip_prefix(&server.url).unwrap().to_owned();
        let store = Store::open(Options::file(server.data.join("muster.db"))).unwrap();
        let known = store.dump().await.unwrap();
        Self { server, tenant, path, user, store, known }
    }

    fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.tenant.client.key)
    }

    async fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Raw {
        let line = format!("{method} {}{path} HTTP/1.1", self.path);
        let key = self.authorization();
        self.ask(&line, &["Host: localhost", "Content-Type: application/scim+json", &key], body).await
    }

    async fn send_without_key(&mut self, method: &str, path: &str, body: &[u8]) -> Raw {
        let line = format!("{method} {}{path} HTTP/1.1", self.path);
        self.ask(&line, &["Host: localhost", "Content-Type: application/scim+json"], body).await
    }

    /// The one way in which this file asks: anything but a 2xx leaves the database's canonical dump unchanged.
    async fn ask(&mut self, line: &str, headers: &[&str], body: &[u8]) -> Raw {
        let answer = send(self.server.address(), &request(line, headers, body));
        let changed = self.database_changed().await;
        if !(200..300).contains(&answer.status) {
            let line = &line[..line.floor_char_boundary(200)];
            assert!(!changed, "{line:?} was answered {} and changed the database", answer.status);
        }
        answer
    }

    /// Whether the database is another than when this was asked last.
    async fn database_changed(&mut self) -> bool {
        let now = self.store.dump().await.unwrap();
        let before = std::mem::replace(&mut self.known, now);
        before != self.known
    }

    async fn still_well(&mut self, pid: u32) {
        assert!(self.server.is_running() && self.server.pid() == pid, "the process ended");
        let path = format!("/Users/{}", self.user);
        let found = self.tenant.client.get(&path).await;
        assert_eq!(found.version(), Some(1), "nothing has changed: {}", found.text);
        let all = self.tenant.client.get("/Users?count=0").await.expect(200);
        assert_eq!(all["totalResults"], 1, "nothing was made");
    }
}

/// The negative control of every test in this file: a write that is accepted, however small, is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_write_is_seen_in_the_dump() {
    let mut range = Range::new().await;
    let path = format!("/Users/{}", range.user);
    let patch = |value: &str| {
        json!({ "schemas": [scim::urn::PATCH_OP],
            "Operations": [{ "op": "replace", "path": "title", "value": value }] })
        .to_string()
    };
    let new = user("new@example.com").to_string();
    let steps = [
        ("GET", path.as_str(), String::new(), 200, false),
        ("PATCH", &path, patch("a"), 200, true),
        ("PATCH", &path, patch("a"), 200, false),
        ("PATCH", &path, patch("b"), 200, true),
        ("POST", "/Users", new.clone(), 201, true),
        ("POST", "/Users", new, 409, false),
        ("DELETE", &path, String::new(), 204, true),
        ("DELETE", &path, String::new(), 404, false),
    ];
    for (step, (method, path, body, status, changes)) in steps.into_iter().enumerate() {
        let before = range.known.clone();
        let answer = range.send(method, path, body.as_bytes()).await;
        assert_eq!(answer.status, status, "step {step}: {}", answer.text);
        assert_eq!(before != range.known, changes, "step {step}: {method} {path}");
    }
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    open.repeat(depth) + inner + &close.repeat(depth)
}

/// Bodies that must be refused, with the statuses that refuse them well.
fn bodies() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let with =
        |member: &str| format!("{{\"schemas\":[\"{}\"],\"userName\":\"b\",{member}}}", scim::urn::USER);
    let operations = |n: usize| {
        let one = r#"{"op":"replace","path":"title","value":"x"}"#;
        format!("{{\"schemas\":[\"{}\"],\"Operations\":[{}]}}", scim::urn::PATCH_OP, vec![one; n].join(","))
    };
    let mut mebibytes = with("\"title\":\"T\"").into_bytes();
    mebibytes.extend(vec![b' '; 2 * 1024 * 1024]);
    vec![
        ("deep arrays", nested("[", "", "]", DEEP).into_bytes(), &[400]),
        ("deep arrays never closed", "[".repeat(DEEP).into_bytes(), &[400]),
        ("deep objects", nested("{\"a\":", "1", "}", DEEP).into_bytes(), &[400]),
        (
            "deep inside an attribute",
            with(&format!("\"name\":{}", nested("{\"a\":", "1", "}", DEEP))).into_bytes(),
            &[400],
        ),
        ("33 levels", nested("[", "", "]", 33).into_bytes(), &[400]),
        ("2 MiB", mebibytes, &[413]),
        ("100,000 operations", operations(DEEP).into_bytes(), &[400, 413]),
        ("1,001 operations", operations(1_001).into_bytes(), &[400]),
        ("a huge number", with("\"title\":1e999999").into_bytes(), &[400]),
        ("a long number", with(&format!("\"active\":{}", "9".repeat(100_000))).into_bytes(), &[400]),
        ("NUL in a string", with("\"title\":\"a\\u0000b\"").into_bytes(), &[400]),
        ("a raw NUL", with("\"title\":\"a\0b\"").into_bytes(), &[400]),
        ("half a surrogate", with(r#""title":"\ud800""#).into_bytes(), &[400]),
        ("invalid UTF-8", [with("\"title\":\"").as_bytes(), b"\xff\xfe\"}"].concat(), &[400]),
        ("the same name twice", with("\"active\":true,\"active\":false").into_bytes(), &[400]),
        ("the same name in two cases", with("\"title\":\"a\",\"TITLE\":\"b\"").into_bytes(), &[400]),
        ("not JSON", b"userName=b".to_vec(), &[400]),
        ("nothing", Vec::new(), &[400]),
        ("a string", b"\"x\"".to_vec(), &[400]),
        ("something after the document", [with("\"title\":\"x\"").as_bytes(), b"{}"].concat(), &[400]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_refused_with_and_without_a_key() {
    let mut range = Range::new().await;
    let pid = range.server.pid();
    for (name, body, statuses) in bodies() {
        let user = format!("/Users/{}", range.user);
        for (method, path) in
            [("POST", "/Users"), ("PUT", &user), ("PATCH", &user), ("POST", "/Users/.search")]
        {
            if name.contains("operations") != (method == "PATCH") && name.contains("operations") {
                continue;
            }
            let answer = range.send(method, path, &body).await;
            assert!(statuses.contains(&answer.status), "{name} by {method} {path}: {}", answer.text);
            assert!(answer.text.contains(scim::urn::ERROR), "{name} by {method} {path}: {}", answer.text);
            let unknown = range.send_without_key(method, path, &body).await;
            assert_eq!(unknown.status, 401, "{name} by {method} {path} without a key: {}", unknown.text);
        }
        range.still_well(pid).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_refused_with_and_without_a_key() {
    let mut range = Range::new().await;
    let pid = range.server.pid();
    let term = "userName eq \"a\"";
    let user = format!("/Users/{}", range.user);
    let filters = [
        ("deep parentheses", nested("(", term, ")", DEEP)),
        ("deep not", nested("not (", term, ")", DEEP)),
        ("deep value path", nested("emails[", "value eq 1", "]", DEEP)),
        ("100,000 terms", vec![term; DEEP].join(" or ")),
        ("33 levels", nested("(", term, ")", 33)),
        ("65 terms", vec![term; 65].join(" or ")),
        ("9 KiB", format!("userName eq \"{}\"", "a".repeat(9 * 1024))),
        ("a huge number", "active eq 1e999999".to_owned()),
    ];
    for (name, filter) in filters {
        let body = json!({ "schemas": [scim::urn::SEARCH_REQUEST], "filter": filter }).to_string();
        let by_body = range.send("POST", "/Users/.search", body.as_bytes()).await;
        assert!(matches!(by_body.status, 400 | 413), "{name} in a body: {}", by_body.text);
        let query = format!("/Users?filter={}", encode(&filter));
        let by_url = range.send("GET", &query, b"").await;
        assert!(matches!(by_url.status, 400 | 414 | 431), "{name} in the URL: {}", by_url.text);
        let by_stranger = range.send_without_key("POST", "/Users/.search", body.as_bytes()).await;
        assert_eq!(by_stranger.status, 401, "{name}");
        let status = range.send_without_key("GET", &query, b"").await.status;
        assert!(matches!(status, 401 | 414 | 431), "{name}: {status}");
        let patch = json!({ "schemas": [scim::urn::PATCH_OP],
            "Operations": [{ "op": "remove", "path": format!("emails[{filter}]") }] });
        let by_path = range.send("PATCH", &user, patch.to_string().as_bytes()).await;
        // An attribute that no schema has is ignored in a path; the number is never looked at then.
        let harmless = name == "a huge number" && by_path.status == 200;
        assert!(harmless || matches!(by_path.status, 400 | 413), "{name} in a PATCH path: {}", by_path.text);
        range.still_well(pid).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_are_refused() {
    let mut range = Range::new().await;
    let pid = range.server.pid();
    let key = range.authorization();
    let path = format!("{}/Users", range.path);
    let host = "Host: localhost";
    let huge = format!("X-Filler: {}", "a".repeat(1024 * 1024));
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: a")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain([host, &key]).collect();
    let table: Vec<(&str, String, Vec<&str>, &[u16])> = vec![
        ("control", format!("GET {path} HTTP/1.1"), vec![host, &key], &[200]),
        ("two Host headers", format!("GET {path} HTTP/1.1"), vec![host, "Host: other", &key], &[400]),
        ("no Host", format!("GET {path} HTTP/1.1"), vec![&key], &[400]),
        (
            "two Authorization headers",
            format!("GET {path} HTTP/1.1"),
            vec![host, &key, "Authorization: Bearer x"],
            &[400],
        ),
        ("another host in the target", format!("GET http://other{path} HTTP/1.1"), vec![host, &key], &[400]),
        ("1 MB of header", format!("GET {path} HTTP/1.1"), vec![host, &key, &huge], &[431, 400, 0]),
        ("200 headers", format!("GET {path} HTTP/1.1"), many, &[431, 400]),
        (
            "1 MB of URL",
            format!("GET {path}?x={} HTTP/1.1", "a".repeat(1024 * 1024)),
            vec![host, &key],
            &[414, 431, 400, 0],
        ),
        (
            "20 KiB of URL",
            format!("GET {path}?x={} HTTP/1.1", "a".repeat(20 * 1024)),
            vec![host, &key],
            &[414],
        ),
        ("an encoded slash", format!("GET {}%2FUsers HTTP/1.1", range.path), vec![host, &key], &[400]),
        ("an encoded dot", format!("GET {path}/%2e%2e/Groups HTTP/1.1"), vec![host, &key], &[400]),
        ("a parent segment", format!("GET {path}/../Groups HTTP/1.1"), vec![host, &key], &[400]),
        ("an empty segment", format!("GET {}//Users HTTP/1.1", range.path), vec![host, &key], &[400]),
        ("an encoded NUL", format!("GET {path}/%00 HTTP/1.1"), vec![host, &key], &[400]),
        ("invalid UTF-8 in the path", format!("GET {path}/%ff HTTP/1.1"), vec![host, &key], &[400]),
        (
            "both lengths",
            format!("POST {path} HTTP/1.1"),
            vec![host, &key, "Content-Length: 5", "Transfer-Encoding: chunked"],
            &[400],
        ),
        (
            "two lengths",
            format!("POST {path} HTTP/1.1"),
            vec![host, &key, "Content-Length: 5", "Content-Length: 6"],
            &[400],
        ),
        ("a space before the colon", format!("GET {path} HTTP/1.1"), vec![host, &key, "X-A : b"], &[400]),
        (
            "a key in the query",
            format!("GET {path}?access_token={} HTTP/1.1", range.tenant.client.key),
            vec![host],
            &[401],
        ),
        ("nonsense", "\u{1}\u{2}\u{3}".to_owned(), vec![], &[400, 0]),
    ];
    for (name, line, headers, statuses) in table {
        let answer = range.ask(&line, &headers, b"").await;
        assert!(statuses.contains(&answer.status), "{name}: {} {}", answer.status, answer.text);
        range.still_well(pid).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_media_types_and_methods_are_refused() {
    let mut range = Range::new().await;
    let pid = range.server.pid();
    let body = user("other@example.com").to_string();
    for (kind, status) in
        [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data", 415)]
    {
        let key = range.authorization();
        let headers = ["Host: localhost", &key, &format!("Content-Type: {kind}")];
        let line = format!("POST {}/Users HTTP/1.1", range.path);
        let answer = range.ask(&line, &headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text);
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes"] {
            assert_eq!(range.send(method, path, b"{}").await.status, 405, "{method} {path}");
        }
    }
    range.still_well(pid).await;
}

/// A client that goes away in the middle of sending leaves all or nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_all_or_nothing() {
    use std::io::Write as _;
    let mut range = Range::new().await;
    let pid = range.server.pid();
    let key = range.authorization();
    for number in 0..200_usize {
        let mut body = user(&format!("gone-{number}@example.com"));
        body["nickName"] = json!("complete");
        let line = format!("POST {}/Users HTTP/1.1", range.path);
        let headers = ["Host: localhost", "Content-Type: application/scim+json", &key];
        let bytes = request(&line, &headers, body.to_string().as_bytes());
        let cut = number * bytes.len() / 199;
        let mut connection = std::net::TcpStream::connect(range.server.address()).unwrap();
        connection.write_all(&bytes[..cut]).unwrap();
    }
    let listed = range.tenant.client.get("/Users?count=1000").await.expect(200);
    for found in listed["Resources"].as_array().unwrap() {
        let whole = found["nickName"] == "complete" || found["userName"] == "target@example.com";
        assert!(whole, "{found}");
    }
    assert!(range.server.is_running() && range.server.pid() == pid);
    range.tenant.client.post("/Users", &user("after@example.com")).await.expect(201);
}
