//! The README's first minute by hand, run as it is written.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::{Server, muster, program};

const README: &str = include_str!("../../../../README.md");

/// The shell blocks of a section.
fn blocks(section: &str) -> Vec<&'static str> {
    let rest = README.split_once(&format!("\n## {section}\n")).unwrap().1;
    let section = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
    section.split("```sh\n").skip(1).map(|block| block.split_once("\n```").unwrap().0).collect()
}

fn shell(script: &str, folder: &std::path::Path) -> String {
    let binary = program().get_program().to_owned();
    let tools = std::path::Path::new(&binary).parent().unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(folder).env("PATH", path).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MUSTER_")) {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{script}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn the_first_minute_is_as_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let [set_up, requests] = blocks("The first minute, by hand")[..] else { panic!("two blocks") };
    let (before, serve) = set_up.split_once("muster serve").unwrap();
    let commands: Vec<&str> = before.lines().filter(|line| line.starts_with("muster ")).collect();
    assert_eq!(commands.len(), 3, "{before}");
    let printed = shell(&commands.join("\n"), folder.path());
    let word = |start: &str| {
        let found = printed.split_whitespace().find(|word| word.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start} in {printed}")).to_owned()
    };
    let (base, key) = (word("http://127.0.0.1:8080/scim/v2/"), word("mst_"));
    assert!(printed.contains("password:"), "{printed}");
    assert!(serve.contains("# listening on http://127.0.0.1:8080"), "{serve}");

    // Another test may have the port; the server takes a free one.
    let data = folder.path().join("muster-data");
    let server = Server::start_in(&data, &["--provision-allow", "127.0.0.1"]);
    assert!(serve.starts_with(" --provision-allow 127.0.0.1 "), "{serve}");
    let listed = muster(&data, &["tenant", "list", "--json"]).json();
    let served = listed[0]["scim_base_url"].as_str().unwrap();
    assert_eq!(served, base.replace("http://127.0.0.1:8080", &server.url));
    let requests = requests.replace("BASE=http://127.0.0.1:8080/scim/v2/…", &format!("BASE={served}"));
    let requests = requests.replace("mst_…", &key);
    assert!(!requests.contains('…'), "{requests}");
    let answers = shell(&requests, folder.path());
    let answers: Vec<Value> =
        serde_json::Deserializer::from_str(&answers).into_iter().collect::<Result<_, _>>().unwrap();
    let [config, made, found] = &answers[..] else { panic!("three answers: {answers:?}") };
    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(made["userName"], "nadia.okafor@fabrikam.example");
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&1.into(), &made["id"]));

    // And out of it again: the second minute.
    let [set_up, provisioning] = blocks("The second minute: provision out of it")[..] else {
        panic!("two blocks")
    };
    let printed = shell(set_up, folder.path());
    let word =
        |start: &str| printed.split_whitespace().find(|word| word.starts_with(start)).unwrap().to_owned();
    let (target, token) = (word("http://"), word("mst_"));
    let provisioning =
        provisioning.replace("TARGET=http://127.0.0.1:8080/scim/v2/…", &format!("TARGET={target}"));
    let provisioning = provisioning.replace("mst_…", &token);
    assert!(!provisioning.contains('…'), "{provisioning}");
    let told = shell(&provisioning, folder.path());
    assert!(told.contains("completed") && told.contains("assigned directly"), "{told}");
    let shown = muster(&data, &["tenant", "show", "Sign-in", "--json"]).json();
    assert_eq!(shown["users"], 1, "Nadia is there");
}
