//! `muster validate` against the real server, against nobody, and with the wrong key.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::{PATIENCE, Ran, Server, program};

/// Run it with a token in the environment, as the guide recommends.
fn validate(token: &str, arguments: &[&str]) -> Ran {
    ran(command(token, arguments))
}

fn command(token: &str, arguments: &[&str]) -> Command {
    let mut command = program();
    command.arg("validate").args(arguments).env("VALIDATE_TOKEN", token);
    command
}

fn ran(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn deviations(document: &Value) -> Vec<String> {
    let results = document["report"]["results"].as_array().unwrap();
    let told = results.iter().filter(|r| r["verdict"] == "deviation" || r["verdict"] == "could-not-judge");
    told.map(|r| format!("{}: {} {} {}", r["id"], r["expected"], r["got"], r["why"])).collect()
}

#[test]
fn muster_is_clean_and_nothing_is_left_over() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Judged");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let [html, json, junit, sarif, md] = ["r.html", "r.json", "r.txt", "r.sarif", "r.md"].map(file);
    let base = tenant.client.base.as_str();
    let mut arguments =
        vec![base, "--token-env", "VALIDATE_TOKEN", "--profile", "all", "--seed", "7", "--json"];
    for (format, file) in
        [("html", &html), ("json", &json), ("junit", &junit), ("sarif", &sarif), ("md", &md)]
    {
        arguments.extend(["--report", format, "-o", file]);
    }
    let ran = validate(&tenant.client.key, &arguments);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    assert_eq!(deviations(&document), [""; 0]);
    assert_eq!(ran.code, 0, "{}", document["summary"]);
    let report = &document["report"];
    assert_eq!((&report["leftOver"], &report["seed"]), (&Value::Array(Vec::new()), &Value::from(7)));
    assert!(report["created"].as_u64().unwrap() > 100, "{}", report["created"]);
    assert!(report["results"].as_array().unwrap().len() >= 150);
    assert!(!ran.stdout.contains(&tenant.client.key) && !ran.stderr.contains(&tenant.client.key));
    assert!(ran.stderr.contains("muster-check"), "it says what it makes: {}", ran.stderr);

    for path in ["/Users", "/Groups"] {
        let url = format!("{base}{path}?count=0");
        let listed = tenant_get(&url, &tenant.client.key);
        assert_eq!(listed["totalResults"], 0, "{path} has something left over");
    }

    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert!(read(&html).to_lowercase().starts_with("<!doctype html>"));
    assert!(serde_json::from_str::<Value>(&read(&json)).is_ok_and(|v| v.is_object()));
    assert_eq!(serde_json::from_str::<Value>(&read(&sarif)).unwrap()["version"], "2.1.0");
    assert!(read(&junit).contains("<testsuite"));
    assert!(read(&md).contains(base));
    for file in [&html, &json, &junit, &sarif, &md] {
        assert!(!read(file).contains(&tenant.client.key), "{file} has the token");
    }
}

fn tenant_get(url: &str, key: &str) -> Value {
    let output =
        Command::new("curl").args(["-sf", "-H", &format!("Authorization: Bearer {key}"), url]).output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

#[test]
fn a_deviation_is_exit_code_1_and_shown_with_its_proof() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Strict");
    let folder = tempfile::tempdir().unwrap();
    // A schema with an attribute that Muster does not know: it is not kept, which is a deviation from that schema.
    let mut schema = tenant_get(&format!("{}/Schemas", tenant.client.base), &tenant.client.key);
    let user = schema["Resources"].as_array_mut().unwrap().iter_mut();
    let mut user = user.filter(|s| s["id"] == "urn:ietf:params:scim:schemas:core:2.0:User");
    let attribute = serde_json::json!({ "name": "shoeSize", "type": "integer", "multiValued": false,
        "required": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none" });
    user.next().unwrap()["attributes"].as_array_mut().unwrap().push(attribute);
    let file = folder.path().join("schemas.json");
    std::fs::write(&file, schema.to_string()).unwrap();
    let schema = file.to_str().unwrap();
    let arguments =
        [&tenant.client.base, "--token-env", "VALIDATE_TOKEN", "--only", "attributes", "--schema", schema];
    let ran = validate(&tenant.client.key, &arguments);
    assert_eq!(ran.code, 1, "{ran:?}");
    for part in ["shoeSize", "expected", "clause", "curl", "NOT clean"] {
        assert!(ran.stdout.contains(part), "no {part}: {}", ran.stdout);
    }
}

#[test]
fn what_is_not_run_is_exit_code_2_with_a_hint() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Closed");
    let base = tenant.client.base.as_str();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/scim", free.local_addr().unwrap());
    drop(free);
    let token = ["--token-env", "VALIDATE_TOKEN"];
    let table: &[(&str, &[&str], &str)] = &[
        ("x", &[&dead, token[0], token[1]], "cannot be reached"),
        ("mst_wrong", &[base, token[0], token[1]], "refuses the credentials"),
        ("x", &[base], "refuses the credentials"),
        ("x", &[base, "--token-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        ("", &[base, token[0], token[1]], "VALIDATE_TOKEN is not set"),
        ("x", &["ftp://example.com", token[0], token[1]], "must begin with https://"),
        ("x", &[base, token[0], token[1], "--only", "filtre"], "named filtre"),
        ("x", &[base, token[0], token[1], "--report", "md", "--report", "html"], "do not pair up"),
        ("x", &[base, token[0], token[1], "-o", "a.doc"], "tells no format"),
        ("x", &[base, token[0], token[1], "--schema", "/no/such/file"], "/no/such/file"),
    ];
    for (secret, arguments, error) in table {
        let ran = validate(secret, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(error) && ran.stderr.contains("\nhint: "), "{arguments:?}: {ran:?}");
    }
    assert_eq!(validate("x", &[]).code, 2, "a URL is needed");

    for name in ["a", "b"] {
        let body = serde_json::json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name });
        let output = Command::new("curl")
            .args(["-sf", "-H", &format!("Authorization: Bearer {}", tenant.client.key)])
            .args(["-H", "Content-Type: application/scim+json", "-d", &body.to_string()])
            .arg(format!("{base}/Users"))
            .output();
        assert!(output.unwrap().status.success());
    }
    let limited = [base, token[0], token[1], "--max-existing-users", "1", "--only", "discovery"];
    let refused = validate(&tenant.client.key, &limited);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("has 2 users") && refused.stderr.contains("--yes"), "{refused:?}");
    assert_eq!(validate(&tenant.client.key, &[&limited[..], &["--yes"]].concat()).code, 0);
}

#[test]
fn the_list_has_every_check_with_clause_and_level() {
    let listed = ran({
        let mut command = program();
        command.args(["validate", "--list", "--json"]);
        command
    });
    let all = listed.json();
    let all = all.as_array().unwrap();
    assert!(all.len() >= 150, "{}", all.len());
    for check in all {
        for part in ["id", "name", "level", "clause", "what", "why", "theme"] {
            assert!(check[part].as_str().is_some_and(|text| !text.is_empty()), "{part} of {check}");
        }
    }
    let text = validate("x", &["--list", "--profile", "okta"]);
    assert_eq!(text.code, 0);
    let lines = text.stdout.lines().count();
    assert!(lines > 20 && lines < all.len(), "{lines}");
    assert!(text.stdout.contains("RFC 7644 §"), "{}", text.stdout);
}

#[test]
fn an_interrupted_run_cleans_up() {
    let server = Server::start(&[]);
    let tenant = server.tenant("Interrupted");
    let base = tenant.client.base.as_str();
    // Slow enough to be caught in the middle.
    let mut command = command(&tenant.client.key, &[base, "--token-env", "VALIDATE_TOKEN", "--rps", "20"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = std::time::Instant::now();
    while tenant_get(&format!("{base}/Users?count=0"), &tenant.client.key)["totalResults"] == 0 {
        assert!(began.elapsed() < PATIENCE, "no user was made");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let status = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("Stopped before the end"), "{text}");
    for path in ["/Users", "/Groups"] {
        let listed = tenant_get(&format!("{base}{path}?count=0"), &tenant.client.key);
        assert_eq!(listed["totalResults"], 0, "{path} has something left over");
    }
}

#[test]
fn the_guide_names_only_checks_and_flags_that_are_there() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/validator.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    // The guide also says which flag of the server the console's runs obey.
    let serve = Command::new(env!("CARGO_BIN_EXE_muster")).args(["serve", "--help"]).output().unwrap();
    let help = validate("x", &["--help"]).stdout + &String::from_utf8_lossy(&serve.stdout);
    for word in
        guide.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|w| w.starts_with("--"))
    {
        assert!(
            word == "--" || word.trim_matches('-').is_empty() || help.contains(word),
            "{word} is no flag"
        );
    }
}
