//! `muster app`: a whole walk on the command line, beside a server and without one; shapes, exit codes, errors.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::client::{Client, user};
use crate::server::{PATIENCE, Ran, Server, Tenant, muster, program};

const ALLOW: &str = "127.0.0.0/8";
const APP: &str = "Visual Passcodes";

/// A server with a company, an identity provider, and commands that know the key.
struct Stage {
    server: Server,
    company: Tenant,
    provider: Tenant,
}

impl Stage {
    fn set() -> Self {
        let server = Server::start(&["--provision-allow", ALLOW]);
        let provider = server.tenant("Sign-in");
        Self::of(server, provider)
    }

    fn of(server: Server, provider: Tenant) -> Self {
        Self { company: server.tenant("Contoso"), server, provider }
    }

    fn with(&self, secret: &str, input: Option<&str>, arguments: &[&str]) -> Ran {
        let mut command = program();
        command.arg("app").args(arguments).arg("--data").arg(&self.server.data);
        command.args(["--tenant", &self.company.id]).env("APP_SECRET", secret);
        command.env("MUSTER_PROVISION_ALLOW", ALLOW).stdout(Stdio::piped()).stderr(Stdio::piped());
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            std::io::Write::write_all(&mut stdin, input.as_bytes()).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let key = self.provider.client.key.as_str();
        assert!(!ran.stdout.contains(key) && !ran.stderr.contains(key), "no secret: {ran:?}");
        ran
    }

    fn app(&self, arguments: &[&str]) -> Ran {
        self.with(&self.provider.client.key, None, arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.app(&[arguments, &["--json"]].concat()).json()
    }

    fn create(&self) -> Value {
        self.json(&["create", APP, "--target-url", &self.provider.client.base, "--secret-env", "APP_SECRET"])
    }

    /// Everybody reports to the first; the second group has nobody of its own.
    async fn people(&self, names: &[&str]) -> Vec<String> {
        let mut ids = Vec::new();
        for name in names {
            let mut body = user(&format!("{name}@contoso.example"));
            body["emails"] = json!([{ "type": "work", "value": format!("{name}@contoso.example") }]);
            if let Some(manager) = ids.first() {
                body[scim::urn::ENTERPRISE_USER] = json!({ "manager": { "value": manager } });
            }
            ids.push(crate::client::id_of(&self.company.client.post("/Users", &body).await.expect(201)));
        }
        ids
    }

    async fn group(&self, name: &str, members: &[String]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "members": members });
        crate::client::id_of(&self.company.client.post("/Groups", &body).await.expect(201))
    }

    fn target(&self) -> &Client {
        &self.provider.client
    }

    async fn at_target(&self, name: &str) -> Option<Value> {
        let path = format!(
            "/Users?filter={}",
            crate::client::encode(&format!("userName eq \"{name}@contoso.example\""))
        );
        self.target().get(&path).await.expect(200)["Resources"][0].as_object().cloned().map(Value::Object)
    }

    /// Until the target says so.
    async fn until(&self, what: &str, is: impl AsyncFn() -> bool) {
        let began = std::time::Instant::now();
        while !is().await {
            assert!(began.elapsed() < PATIENCE, "{what}; {}", self.app(&["status", APP]).stdout);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_walk_beside_a_server() {
    let stage = Stage::set();
    let ids = stage.people(&["ada", "bea", "cem"]).await;
    stage.group("Engineering", &ids[..2]).await;
    let made = stage.create();
    assert_eq!((&made["name"], &made["connected"]), (&json!(APP), &json!(true)));
    let id = made["id"].as_str().unwrap();

    let test = stage.json(&["test", id]);
    assert_eq!((&test["ok"], test["checks"].as_array().unwrap().len()), (&json!(true), 4), "{test:#}");
    let wrong = stage.with("mst_wrong", None, &["test", APP, "--secret-env", "APP_SECRET", "--json"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    let wrong: Value = serde_json::from_str(&wrong.stdout).unwrap();
    assert!(wrong["checks"][0]["message"].as_str().unwrap().contains("401"), "{wrong:#}");

    let assigned = stage.json(&["assign", APP, "Engineering", "cem@contoso.example"]);
    assert_eq!(assigned["assigned"], 2);
    assert_eq!(stage.json(&["assign", APP, "Engineering"])["assigned"], 0, "again is harmless");
    assert_eq!(stage.json(&["unassign", APP, &ids[2]])["unassigned"], 1);
    let list = stage.json(&["assignments", APP]);
    assert_eq!((&list["users"], &list["groups"]), (&json!(0), &json!(1)));

    let demanded = stage.app(&["provision-on-demand", APP, "bea@contoso.example"]);
    assert_eq!(demanded.code, 0, "{demanded:?}");
    assert!(demanded.stdout.contains("├─ ✓ EntryImport"), "{}", demanded.stdout);
    let bea = stage.at_target("bea").await.unwrap();
    let skipped = stage.json(&["provision-on-demand", APP, "cem@contoso.example"]);
    assert_eq!(skipped["status"], "skipped", "{skipped:#}");
    assert!(stage.at_target("cem").await.is_none());

    stage.json(&["set", APP, "--push", "on", "--interval", "1h"]);
    stage.json(&["start", APP]);
    let watched = stage.app(&["status", APP, "--watch"]);
    assert_eq!(watched.code, 0, "{watched:?}");
    assert!(watched.stdout.contains("completed"), "{}", watched.stdout);
    assert_eq!(stage.target().get("/Users?count=0").await.expect(200)["totalResults"], 2);
    let again = stage.at_target("bea").await.unwrap();
    assert_eq!(again["id"], bea["id"], "the one made on demand");
    let ada = stage.at_target("ada").await.unwrap();
    assert_eq!(again[scim::urn::ENTERPRISE_USER]["manager"]["value"], ada["id"], "the manager followed");
    let groups = stage.target().get("/Groups").await.expect(200);
    assert_eq!(groups["Resources"][0]["members"].as_array().unwrap().len(), 2);

    let operations = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    stage.company.client.patch(&format!("/Users/{}", ids[0]), &operations).await.expect(200);
    stage
        .until("a change is pushed", async || stage.at_target("ada").await.unwrap()["title"] == "Lead")
        .await;

    let explained = stage.app(&["explain", APP, "ada@contoso.example"]);
    assert_eq!(explained.code, 0, "{explained:?}");
    assert!(explained.stdout.contains("assigned through group Engineering"), "{}", explained.stdout);
    let logs = stage.json(&["logs", APP, "--user", "ada@contoso.example", "--status", "success"]);
    let actions: Vec<&str> = logs.as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    assert_eq!((actions.first(), actions.last()), (Some(&"update"), Some(&"create")), "{logs:#}");
    let csv = stage.app(&["logs", APP, "--csv"]);
    assert!(csv.stdout.starts_with("\"ChangeId\","), "{csv:?}");
    let ndjson = stage.app(&["logs", APP, "--ndjson", "--limit", "2"]);
    assert_eq!(ndjson.stdout.lines().filter(|l| serde_json::from_str::<Value>(l).is_ok()).count(), 2);
    let number = logs[0]["changeId"].to_string();
    let entry = stage.app(&["logs", APP, "--entry", &number]);
    assert!(entry.stdout.contains("title: nothing → \"Lead\""), "{entry:?}");

    let before = stage.json(&["status", APP]);
    assert_eq!((&before["status"], &before["users"]["managed"]), (&json!("Active"), &json!(2)), "{before:#}");
    assert_eq!(stage.json(&["pause", APP])["status"], "Paused");
    assert_eq!(stage.app(&["delete", APP, "--yes"]).code, 0);
    assert_eq!(stage.json(&["list"]), json!([]));
    assert_eq!(
        stage.target().get("/Users?count=0").await.expect(200)["totalResults"],
        2,
        "the target keeps what it has"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_that_are_held_back_are_told_and_allowed() {
    let stage = Stage::set();
    let ids = stage.people(&["ada", "bea", "cem", "dag"]).await;
    let group = stage.group("Everybody", &ids).await;
    stage.create();
    stage.json(&["set", APP, "--threshold", "2", "--threshold-percent", "off", "--push", "on"]);
    stage.json(&["assign", APP, &group]);
    stage.json(&["start", APP]);
    assert_eq!(stage.app(&["status", APP, "--watch"]).code, 0);
    stage.json(&["unassign", APP, "Everybody"]);
    stage.until("it is held back", async || stage.json(&["status", APP])["status"] == "Quarantine").await;
    let held = stage.app(&["status", APP]);
    assert!(held.stdout.contains("--reset ForceDeletes"), "{held:?}");
    assert_eq!(stage.at_target("bea").await.unwrap()["active"], true, "nothing was disabled");
    let staged = stage.json(&["logs", APP, "--action", "stagedDelete"]);
    assert_eq!(staged.as_array().unwrap().len(), 5, "four users and their group: {staged:#}");
    stage.json(&["restart", APP, "--reset", "ForceDeletes"]);
    stage.until("they go", async || stage.at_target("bea").await.unwrap()["active"] == false).await;
    stage.until("it is well", async || stage.json(&["status", APP])["status"] == "Active").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_followed_until_ctrl_c() {
    use std::io::{BufRead as _, BufReader};
    let stage = Stage::set();
    let ids = stage.people(&["ada"]).await;
    stage.create();
    stage.json(&["assign", APP, &ids[0]]);
    let mut command = program();
    command.args(["app", "logs", APP, "--follow", "--since", "1h", "--tenant", &stage.company.id, "--data"]);
    let mut following =
        command.arg(&stage.server.data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines().map(Result::unwrap);
    stage.json(&["provision-on-demand", APP, "ada@contoso.example"]);
    let line = lines.next().unwrap();
    assert!(line.contains("success") && line.contains("create"), "{line}");
    let stopped =
        std::process::Command::new("kill").args(["-s", "INT", &following.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    assert_eq!(following.wait().unwrap().code(), Some(0));
}

/// The server answers as target; its worker has nothing to do, because the job is never started.
#[tokio::test(flavor = "multi_thread")]
async fn plan_and_apply_without_starting() {
    let stage = Stage::set();
    let ids = stage.people(&["ada", "bea"]).await;
    stage.group("Engineering", &ids).await;
    stage.create();
    let nothing = stage.app(&["plan", APP]);
    assert_eq!(nothing.code, 0, "{nothing:?}");
    stage.json(&["assign", APP, "Engineering"]);
    let planned = stage.app(&["plan", APP, "--json"]);
    assert_eq!(planned.code, 3, "{planned:?}");
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(planned["plan"]["counts"]["create"], 3, "{planned:#}");
    let text = stage.app(&["plan", APP]);
    assert!(text.stdout.contains("+ create"), "{text:?}");
    let hash = planned["plan"]["id"].as_str().unwrap();
    assert!(text.stdout.contains(hash), "the same plan has the same hash");
    assert_eq!(stage.target().get("/Users?count=0").await.expect(200)["totalResults"], 0, "nothing was sent");

    let operations = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    stage.company.client.patch(&format!("/Users/{}", ids[0]), &operations).await.expect(200);
    let stale = stage.app(&["apply", APP, hash]);
    assert_eq!(stale.code, 1, "{stale:?}");
    assert!(stale.stderr.contains("changed"), "{stale:?}");
    let planned = stage.app(&["plan", APP, "--json"]);
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    let applied = stage.app(&["apply", APP, planned["plan"]["id"].as_str().unwrap(), "--json"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(stage.target().get("/Users?count=0").await.expect(200)["totalResults"], 2);
    assert_eq!(stage.at_target("ada").await.unwrap()["title"], "Lead");
    let rest = stage.app(&["plan", APP, "--all"]);
    assert_eq!(rest.code, 0, "{rest:?}");
}

/// A server that is told to stop leaves its cycle where it is; the next one on the same data goes on with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_outlives_its_server() {
    const PEOPLE: u64 = 40;
    let target = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || Server::start_in(&data, &["--provision-allow", ALLOW]);
    let mut stage = Stage::of(start(), target.tenant("Sign-in"));
    let names: Vec<String> = (0..PEOPLE).map(|n| format!("person{n}")).collect();
    let ids = stage.people(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    stage.group("Everybody", &ids).await;
    stage.create();
    // One after another, so that there is a middle to stop in.
    stage.json(&["connect", APP, "--in-flight", "1"]);
    stage.json(&["assign", APP, "Everybody"]);
    stage.json(&["start", APP]);
    let provider = stage.provider.client.clone();
    let count = async || provider.get("/Users?count=0").await.expect(200)["totalResults"].as_u64().unwrap();
    stage.until("some are there", async || count().await >= 3).await;
    stage.server.signal("TERM");
    assert_eq!(stage.server.wait().code(), Some(0), "{}", stage.server.log());
    let before = count().await;
    assert!(before < PEOPLE, "the server stopped in the middle, at {before}");
    stage.server = start();
    let watched = stage.app(&["status", APP, "--watch"]);
    assert_eq!(watched.code, 0, "{watched:?}");
    assert_eq!(count().await, PEOPLE, "nobody is missing and nobody is there twice");
    let groups = provider.get("/Groups").await.expect(200);
    assert_eq!(groups["Resources"][0]["members"].as_array().unwrap().len() as u64, PEOPLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_and_filters_from_files() {
    let stage = Stage::set();
    stage.create();
    let shown = stage.json(&["mapping", "show", APP]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let mut changed = shown.clone();
    changed["mappings"][0]["attributes"].as_array_mut().unwrap().retain(|a| a["target"] != "title");
    let set = stage.json(&["mapping", "set", APP, &file("own.json", &changed)]);
    assert!(set["mappings"][0]["attributes"].as_array().unwrap().iter().all(|a| a["target"] != "title"));
    let graph = stage.app(&["mapping", "show", APP, "--graph"]);
    let graph: Value = serde_json::from_str(&graph.stdout).unwrap();
    assert!(graph["synchronizationRules"].is_array());
    stage.json(&["mapping", "set", APP, &file("graph.json", &graph)]);
    assert_eq!(
        stage.json(&["mapping", "show", APP])["mappings"][0]["attributes"],
        changed["mappings"][0]["attributes"]
    );
    stage.json(&["mapping", "reset", APP]);
    assert_eq!(stage.json(&["mapping", "show", APP]), shown);

    let mut unmatched = shown.clone();
    unmatched["mappings"][0]["attributes"].as_array_mut().unwrap().retain(|a| a["matchingPriority"] == 0);
    let refused = stage.app(&["mapping", "set", APP, &file("unmatched.json", &unmatched)]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("match"), "{refused:?}");

    let filters = json!({ "users": [{ "name": "Engineers", "clauses": [
        { "attribute": "department", "operator": "EQUALS", "value": "Engineering" }] }] });
    stage.json(&["scope", "filters", APP, &file("filters.json", &filters)]);
    assert_eq!(stage.json(&["scope", "all", APP])["scope"], "all");
    let shown = stage.app(&["scope", "show", APP]);
    assert!(shown.stdout.contains("department EQUALS \"Engineering\""), "{shown:?}");
    assert_eq!(stage.json(&["scope", "assigned", APP])["filters"]["users"][0]["name"], "Engineers");
    let stdin = stage.with("", Some("{\"users\": []}"), &["scope", "filters", APP, "-"]);
    assert_eq!(stdin.code, 0, "{stdin:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_and_hints() {
    let stage = Stage::set();
    let base = stage.provider.client.base.clone();
    stage.json(&["create", APP]);
    let table: &[(&[&str], i32, &str)] = &[
        (&["create", APP], 1, "choose another name"),
        (&["create", ""], 1, "name"),
        (&["create", "B", "--target-url", &base], 1, "secret"),
        (
            &["create", "B", "--target-url", "not a url", "--secret-env", "APP_SECRET"],
            1,
            "nothing was created",
        ),
        (&["create", "B", "--target-url", &base, "--secret-env", "NOT_SET"], 1, "NOT_SET is not set"),
        (&["create", "B", "--auth", "basic", "--target-url", &base], 2, "--user"),
        (&["create", "B", "--secret-env", "A", "--secret-stdin"], 2, "cannot be used with"),
        (&["show", "Nothing"], 1, "muster app list"),
        (&["test", APP], 1, "has no target yet"),
        (&["start", APP], 1, "nothing is configured yet"),
        (&["plan", APP], 1, ""),
        (&["assign", APP, "nobody@contoso.example"], 1, "no user and no group"),
        (&["assign", APP], 2, "required"),
        (&["set", APP], 2, "nothing was named"),
        (&["set", APP, "--interval", "1s"], 2, "10 seconds"),
        (&["set", APP, "--notify", "nobody"], 1, "e-mail"),
        (&["restart", APP, "--reset", "Everything"], 2, "unknown"),
        (&["logs", APP, "--status", "good"], 2, "possible values"),
        (&["logs", APP, "--since", "yesterday"], 2, "neither a time"),
        (&["logs", APP, "--entry", "7"], 1, "log entry"),
        (&["apply", APP, "0000"], 1, "plan"),
        (&["mapping", "set", APP, "/nothing/there"], 1, "/nothing/there"),
        (&["delete", APP], 1, "--yes"),
    ];
    for (arguments, code, told) in table {
        let plain = stage.with("mst_wrong", None, arguments);
        assert_eq!(plain.code, *code, "{arguments:?} {plain:?}");
        assert!(plain.stderr.starts_with("error: "), "{arguments:?} {plain:?}");
        assert!(plain.stderr.contains(told), "{arguments:?}: {told}: {plain:?}");
        let with_json = stage.with("mst_wrong", None, &[*arguments, &["--json"]].concat());
        assert_eq!(with_json.code, *code, "{arguments:?} {with_json:?}");
        let document: Value = serde_json::from_str(&with_json.stdout).unwrap();
        assert!(document["error"].is_string() && document["hint"].is_string(), "{arguments:?} {document}");
    }
    let none = muster(&stage.server.data, &["app", "list", "--tenant", "nothing"]);
    assert_eq!(none.code, 1, "{none:?}");
    let private = stage.server.muster(&["app", "list", "--tenant", &stage.company.id]);
    assert_eq!(private.code, 0, "{private:?}");
}
