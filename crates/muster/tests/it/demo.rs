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
    for part in [
        "All as expected",
        "100 people and groups",
        "Attribute mapping",
        "Provision on demand",
        "EntryImport",
        "Provisioning logs, the newest",
        "Start provisioning: initial cycle",
        "Incremental cycles, pushed",
        "Entra ID's own requests, both dialects",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("mst_"), "an ended demo shows no secrets");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "the throw-away folder is removed");
}

#[test]
fn the_json_form_holds_every_step() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(&["--exit", "--users", "60", "--listen", "127.0.0.1:0", "--json"], temporary.path());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["passed"], true, "{document:#}");
    let steps = |name: &str| document[name].as_array().unwrap().clone();
    assert_eq!((steps("steps").len(), steps("entra").len()), (19, 17), "{document:#}");
    for step in steps("steps").iter().chain(&steps("entra")) {
        assert_eq!(step["expected"], step["got"], "{step:#}");
        let idle = step["step"] == "Plan a whole cycle";
        assert_eq!(
            step["expected"] == 0,
            idle,
            "only a plan after the last cycle has nothing to do: {step:#}"
        );
    }
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
    let total = listed["totalResults"].as_u64().unwrap();
    assert!(
        (10..20).contains(&total),
        "some of the twenty are not in scope, and one was deleted for good: {total}"
    );
    let stopped = std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "the throw-away folder is removed");
}
