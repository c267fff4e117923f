//! `muster demo` provisions, checks and cleans up after itself.

use std::process::Stdio;

use serde_json::Value;

use crate::server::program;

fn demo(arguments: &[&str], temporary: &std::path::Path) -> std::process::Output {
    let mut command = program();
    command
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", temporary)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn all_is_as_expected_and_nothing_is_left() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(&["--exit", "--users", "40", "--listen", "127.0.0.1:0"], temporary.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("All as expected"), "{text}");
    assert!(text.contains("40 users created"), "{text}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "the throw-away folder is removed");
}

#[test]
fn the_json_form_holds_every_step() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(&["--exit", "--users", "25", "--listen", "127.0.0.1:0", "--json"], temporary.path());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["passed"], true, "{document:#}");
    let steps = document["steps"].as_array().unwrap();
    assert!(steps.len() >= 15, "{document:#}");
    assert!(
        steps.iter().all(|step| step["expected"] == step["got"] && step["expected"] != 0),
        "{document:#}"
    );
    let text = document.to_string();
    assert!(!text.contains("mst_") && document.get("console").is_none(), "an ended demo shows no secrets");
}

#[test]
fn it_stays_up_until_it_is_told_to_end_and_removes_its_data() {
    use std::io::{BufRead as _, BufReader};
    let temporary = tempfile::tempdir().unwrap();
    let mut command = program();
    command.args(["demo", "--users", "20", "--listen", "127.0.0.1:0"]).env("TMPDIR", temporary.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut after = |start: &str| {
        let line = lines.find(|line| line.starts_with(start)).unwrap();
        line[start.len()..].trim().to_owned()
    };
    let (console, password, base) = (after("console:"), after("password:"), after("SCIM Base URL:"));
    let key = after("API key:");
    assert!(console.starts_with("http://127.0.0.1:") && password.len() >= 16);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listed = runtime.block_on(crate::client::Client::new(&base, &key).get("/Users?count=0")).expect(200);
    assert_eq!(listed["totalResults"], 19, "one of the twenty was deleted for good");
    let stopped = std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "the throw-away folder is removed");
}
