//! Every command: shapes, exit codes, errors, and the effect on a running server.

use serde_json::{Value, json};

use crate::client::user;
use crate::server::{Server, muster, muster_with, program};

/// Somebody else may have the usual port.
const FREE: &str = "127.0.0.1:0";
const ID: &str = "0190a6c0-0000-7000-8000-000000000000";

fn keys(document: &Value) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_shapes_that_scripts_rely_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let tenant =
        muster(&data, &["tenant", "create", "Fabrikam", "--public-url", "https://scim.example", "--json"])
            .json();
    assert_eq!(keys(&tenant), ["id", "name", "scim_base_url"]);
    let id = tenant["id"].as_str().unwrap();
    assert_eq!(tenant["name"], "Fabrikam");
    assert_eq!(tenant["scim_base_url"], format!("https://scim.example/scim/v2/{id}"));

    let arguments = ["key", "create", "--tenant", id, "--name", "Entra", "--scope", "SCIM2", "--json"];
    let key = muster(&data, &arguments).json();
    assert_eq!(keys(&key), ["id", "key", "tenant_id", "scopes", "expires_at"]);
    assert_eq!((&key["tenant_id"], &key["scopes"]), (&json!(id), &json!(["SCIM2"])));
    assert!(key["expires_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(key["key"].as_str().unwrap().starts_with(&format!("mst_{}_", key["id"].as_str().unwrap())));
    let expiring =
        muster(&data, &[&arguments[..], &["--expires", "90d", "--scope", "SCIM2:READ"]].concat()).json();
    assert!(expiring["expires_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(expiring["scopes"], json!(["SCIM2", "SCIM2:READ"]));

    let listed = muster(&data, &["key", "list", "--tenant", id, "--json"]);
    assert_eq!(listed.json().as_array().unwrap().len(), 2);
    assert!(!listed.stdout.contains(key["key"].as_str().unwrap()), "a key is shown once");
    let tenants = muster(&data, &["tenant", "list", "--json"]).json();
    assert_eq!(tenants[0]["id"], id);
    let shown = muster(&data, &["tenant", "show", "Fabrikam", "--json"]).json();
    assert_eq!((&shown["users"], &shown["live_keys"]), (&json!(0), &json!(2)));
    let verified = muster(&data, &["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true);
    let audit = muster(&data, &["audit", "list", "--tenant", id, "--json"]).json();
    assert!(audit.as_array().unwrap().len() == 2, "{audit:#}");
    assert!(!audit.to_string().contains(key["key"].as_str().unwrap()), "no secret in the audit");
    assert!(muster(&data, &["migrate", "--json"]).json()["schema_version"].as_u64().unwrap() >= 1);
}

#[test]
fn operators_and_their_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let made = muster(&data, &["operator", "create", "mira", "--json"]).json();
    let password = made["password"].as_str().unwrap();
    assert!(password.len() >= 16, "without a terminal and without a password given, one is made");
    assert_eq!(made["roles"], json!([{ "role": "GlobalAdministrator", "tenant_id": null }]));
    let tenant = muster(&data, &["tenant", "create", "T", "--json"]).json();
    let id = tenant["id"].as_str().unwrap();
    let arguments =
        ["operator", "create", "noor", "--role", "reader", "--tenant", id, "--password-stdin", "--json"];
    let given = muster_with(&data, &arguments, Some("correct horse battery\n")).json();
    assert_eq!(given.get("password"), None, "a password that was given is not shown");
    assert_eq!(given["roles"], json!([{ "role": "Reader", "tenant_id": id }]));
    let again = muster(&data, &["operator", "create", "MIRA"]);
    assert_eq!(again.code, 1, "{again:?}");
    let listed = muster(&data, &["operator", "list", "--json"]);
    assert_eq!(listed.json().as_array().unwrap().len(), 2);
    assert!(!listed.stdout.contains(password) && !listed.stdout.contains("argon2"));
    let changed = muster_with(
        &data,
        &["operator", "set-password", "noor", "--password-stdin"],
        Some("another good one 4"),
    );
    assert_eq!(changed.code, 0, "{changed:?}");
    assert_eq!(muster(&data, &["operator", "set-password", "nobody"]).code, 1);
    let short = muster_with(&data, &["operator", "set-password", "noor", "--password-stdin"], Some("short"));
    assert_eq!(short.code, 1, "{short:?}");
}

#[test]
fn exit_codes_and_hints() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let missing = muster(&data, &["tenant", "list"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.starts_with("error: ") && missing.stderr.contains("\nhint: "), "{missing:?}");
    assert!(!data.exists(), "a read makes no data folder");

    muster(&data, &["tenant", "create", "T", "--json"]).json();
    let table: &[(&[&str], i32)] = &[
        (&["tenant", "show", ID], 1),
        (&["tenant", "delete", ID, "--yes"], 1),
        (&["tenant", "delete", "T"], 1),
        (&["tenant", "create", ""], 1),
        (&["tenant", "settings", "T", "nonsense=1"], 2),
        (&["key", "create", "--tenant", ID, "--name", "k", "--scope", "SCIM2"], 1),
        (&["key", "create", "--tenant", "T", "--name", "k", "--scope", "SCIM3"], 2),
        (&["key", "create", "--tenant", "T", "--name", "k"], 2),
        (&["key", "create", "--tenant", "T", "--name", "k", "--scope", "SCIM2", "--expires", "soon"], 2),
        (&["key", "revoke", "nothing"], 1),
        (&["key", "rotate", "nothing"], 1),
        (&["audit", "verify", "--tenant", ID], 1),
        (&["serve", "--listen", FREE, "--database-url", "postgres://muster:hunter2@127.0.0.1:1/muster"], 1),
        (
            &["serve", "--listen", FREE, "--database-url", "postgres://muster:hunter2@127.0.0.1:port/muster"],
            1,
        ),
        (&["serve", "--listen", FREE, "--database-url", "mysql://muster:hunter2@db/muster"], 1),
        (&["serve", "--listen", "nowhere"], 1),
        (&["serve", "--tls-cert", "/nothing"], 2),
        (&["serve", "--trusted-proxy", "proxy.example"], 2),
        (&["serve", "--validator-allow", "intranet.example"], 2),
        (&["serve", "--listen", FREE, "--provision-allow", "intranet.example"], 2),
        (&["serve", "--listen", FREE, "--smtp-url", "smtps://kim:hunter2@mail.example"], 2),
        (&["serve", "--listen", FREE, "--mail-from", "muster@contoso.example"], 2),
        (
            &[
                "serve",
                "--listen",
                FREE,
                "--smtp-url",
                "smtp://kim:hunter2@mail.example?tls=none",
                "--mail-from",
                "muster@contoso.example",
            ],
            2,
        ),
        (&["serve", "--listen", FREE, "--smtp-url", "smtps://mail.example", "--mail-from", "muster"], 2),
        (&["serve", "--listen", FREE, "--public-url", "scim.example"], 1),
        (&["serve", "--listen", FREE, "--database-url", "sqlite:"], 1),
        (&["key", "create", "--tenant", "T", "--name", "k", "--scope", "SCIM2", "--expires", "2y"], 1),
        (&["operator", "create", "ada", "--role", "reader", "--tenant", ID, "--generate"], 1),
        (&["nonsense"], 2),
        (&["serve", "--nonsense"], 2),
    ];
    for (arguments, code) in table {
        let plain = muster(&data, arguments);
        assert_eq!(plain.code, *code, "{arguments:?} {plain:?}");
        assert!(plain.stderr.starts_with("error: "), "{arguments:?} {plain:?}");
        assert!(plain.stdout.is_empty(), "{arguments:?} {plain:?}");
        assert!(!plain.stderr.contains("hunter2"), "no secret in an error: {plain:?}");
        let with_json = muster(&data, &[*arguments, &["--json"]].concat());
        assert_eq!(with_json.code, *code, "{arguments:?} {with_json:?}");
        let document: Value = serde_json::from_str(&with_json.stdout).unwrap();
        assert_eq!(keys(&document), ["error", "hint"], "{arguments:?}");
        assert!(document["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{arguments:?} {document}");
    }
    let away =
        muster(&data, &["serve", "--listen", FREE, "--database-url", "postgres://muster@127.0.0.1:1/muster"]);
    assert!(away.stderr.contains("the database cannot be reached"), "{away:?}");
    assert_eq!(muster(&data, &["--version"]).code, 0);
    assert_eq!(muster(&data, &["tenant", "--help"]).code, 0);
}

#[test]
fn the_configuration_and_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    std::fs::write(data.join("muster.toml"), "rate_limit = 7\nlog = \"debug\"\n").unwrap();
    let output = program()
        .args(["config", "--json", "--log", "warn", "--data"])
        .arg(data)
        .env("MUSTER_DATABASE_URL", "postgres://muster:hunter2@db.example/muster")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(config["database_url"]["value"], "postgres://muster:***@db.example/muster");
    assert_eq!(config["database_url"]["source"], "environment MUSTER_DATABASE_URL");
    assert_eq!(config["rate_limit"]["value"], 7);
    assert!(config["rate_limit"]["source"].as_str().unwrap().starts_with("file "));
    assert_eq!((&config["log"]["value"], &config["log"]["source"]), (&json!("warn"), &json!("flag --log")));
    assert_eq!(
        (&config["listen"]["value"], &config["listen"]["source"]),
        (&json!("127.0.0.1:8080"), &json!("default"))
    );
    std::fs::write(data.join("muster.toml"), "rate_limt = 7\n").unwrap();
    let misspelt = muster(data, &["config"]);
    assert_eq!(misspelt.code, 1);
    assert!(misspelt.stderr.contains("rate_limt"), "{misspelt:?}");
}

#[test]
fn the_master_key_is_guarded() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    muster(&data, &["tenant", "create", "T", "--json"]).json();
    let path = data.join("master.key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = muster(&data, &["tenant", "list"]);
    assert_eq!(open.code, 1);
    assert!(open.stderr.contains("chmod 600"), "{open:?}");
    std::fs::remove_file(&path).unwrap();
    let lost = muster(&data, &["tenant", "list"]);
    assert_eq!(lost.code, 1);
    assert!(lost.stderr.contains("master.key is missing"), "{lost:?}");
    assert!(!path.exists(), "no new key is made for an old database");
}

#[test]
fn a_broken_audit_chain_fails() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let tenant = muster(&data, &["tenant", "create", "T", "--json"]).json();
    let id = tenant["id"].as_str().unwrap();
    for name in ["a", "b", "c"] {
        muster(&data, &["key", "create", "--tenant", id, "--name", name, "--scope", "SCIM2", "--json"])
            .json();
    }
    assert_eq!(muster(&data, &["audit", "verify"]).code, 0);
    let database = rusqlite::Connection::open(data.join("muster.db")).unwrap();
    drop_audit_triggers(&database);
    // Rows are numbered tenant * 2^40 + n.
    let changed = database.execute(
        "UPDATE audit SET actor = 'cli:mallory'
         WHERE number = (SELECT number FROM tenant WHERE id = ?1) * 1099511627776 + 2",
        [id],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    let broken = muster(&data, &["audit", "verify", "--json"]);
    assert_eq!(broken.code, 1, "{broken:?}");
    let document: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!(document["intact"], false);
    let chain = document["chains"].as_array().unwrap().iter().find(|c| c["tenant_id"] == id).unwrap();
    assert_eq!(chain["entry"], 2, "{document:#}");
}

/// Somebody with the file in their hands can do that; the chain is what shows it.
fn drop_audit_triggers(database: &rusqlite::Connection) {
    let mut found = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'")
        .unwrap();
    let names: Vec<String> = found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(!names.is_empty(), "the audit table refuses changes by trigger");
    for name in names {
        database.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_take_effect_on_a_running_server_at_once() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Fabrikam");
    tenant.client.get("/Users").await.expect(200);

    let (key_id, client) = server.key(&tenant.id, &["--scope", "SCIM2"]);
    client.post("/Users", &user("mira@example.com")).await.expect(201);
    assert_eq!(server.muster(&["key", "revoke", &key_id]).code, 0);
    client.get("/Users").await.expect(401);
    tenant.client.get("/Users").await.expect(200);

    let rotated = server.muster(&["key", "rotate", &tenant.key_id, "--json"]).json();
    let newer = tenant.client.with_key(rotated["key"].as_str().unwrap());
    newer.get("/Users").await.expect(200);
    tenant.client.get("/Users").await.expect(200);

    let settings = server.muster(&["tenant", "settings", &tenant.id, "rate_limit=1", "--json"]).json();
    assert_eq!(settings["rate_limit"], 1);
    let mut limited = false;
    for _ in 0..20 {
        let reply = newer.get("/Users").await;
        if reply.status == 429 {
            assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
            limited = true;
        }
    }
    assert!(limited, "a tenant's own rate limit holds from the next request on");

    let shown = server.muster(&["tenant", "show", &tenant.id, "--json"]).json();
    assert_eq!(shown["users"], 1);
    assert_eq!(shown["scim_base_url"], newer.base.as_str(), "links of the server beside it");
    assert_eq!(server.muster(&["tenant", "delete", &tenant.id, "--yes"]).code, 0);
    newer.get("/Users").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_expires_stops_working() {
    let server = Server::start(&[]);
    let tenant = server.tenant("T");
    let (id, client) = server.key(&tenant.id, &["--scope", "SCIM2", "--expires", "1h"]);
    client.get("/Users").await.expect(200);
    expire(&server, &id);
    client.get("/Users").await.expect(401);
}

/// Move a key's expiry into the past, as only waiting would do, and tell the server that a key has changed, as whatever
/// changes one does.
pub(crate) fn expire(server: &Server, key_id: &str) {
    let database = rusqlite::Connection::open(server.data.join("muster.db")).unwrap();
    database.busy_timeout(crate::server::PATIENCE).unwrap();
    let changed = database.execute("UPDATE api_key SET expires_at = 1000 WHERE id = ?1", [key_id]).unwrap();
    assert_eq!(changed, 1);
    let news = std::fs::File::options().append(true).open(server.data.join("muster.db.news"));
    std::io::Write::write_all(&mut news.unwrap(), b".").unwrap();
}
