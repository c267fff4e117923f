//! kill -9 of the real server in the middle of cycles. The next one goes on; at the end nobody is missing, nobody is there twice,
//! and the provisioning log says what the target says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, id_of, patch_body, user};
use crate::dice::{Dice, seed};
use crate::relay::Relay;
use crate::server::{PATIENCE, Ran, Server, program};

const ALLOW: &str = "127.0.0.0/8";
const APP: &str = "Sign-in";
/// What was in flight at the last kill is believed not to be there only a minute later.
const END: Duration = Duration::from_secs(240);

struct Stage {
    server: Server,
    tenant: String,
    company: Client,
    provider: Client,
    relay: Relay,
    people: BTreeSet<String>,
    group: String,
}

impl Stage {
    async fn set(data: &Path, target: &Server) -> Self {
        let server = start(data);
        let (provider, company) = (target.tenant("Sign-in"), server.tenant("Contoso"));
        let relay = Relay::slowly(target.address().to_owned(), Duration::from_millis(20)).await;
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": "Everybody" });
        let group = id_of(&company.client.post("/Groups", &body).await.expect(201));
        let people = BTreeSet::new();
        let (tenant, company, provider) = (company.id, company.client, provider.client);
        let mut stage = Self { server, tenant, company, provider, relay, people, group };
        stage.hire(40).await;
        let url = stage.provider.base.replace(&target.url, &stage.relay.url);
        stage.app(&["create", APP, "--target-url", &url, "--secret-env", "APP_SECRET", "--in-flight", "4"]);
        stage.app(&["assign", APP, "Everybody"]);
        stage.app(&["set", APP, "--push", "on", "--interval", "10s"]);
        stage.relay.taken();
        stage.app(&["start", APP]);
        stage
    }

    fn app(&self, arguments: &[&str]) -> Ran {
        let mut command = program();
        command.arg("app").args(arguments).arg("--data").arg(&self.server.data);
        command.args(["--tenant", &self.tenant]).env("APP_SECRET", &self.provider.key);
        command.env("MUSTER_PROVISION_ALLOW", ALLOW).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    async fn hire(&mut self, count: usize) {
        let mut members = Vec::new();
        for _ in 0..count {
            let name = format!("person{:03}@contoso.example", self.people.len());
            members.push(json!({ "value": self.company.create_user(&name).await }));
            self.people.insert(name);
        }
        let operations = json!([{ "op": "add", "path": "members", "value": members }]);
        let path = format!("/Groups/{}", self.group);
        let reply = self.company.send("PATCH", &path, Some(&patch_body(&operations))).await;
        assert!(reply.status < 300, "{}", reply.text);
    }

    /// Kill, and start again on the same data.
    fn restart(&mut self) -> String {
        self.server.kill();
        let log = self.server.log();
        self.server = start(&self.server.data);
        self.company.base = format!("{}/scim/v2/{}", self.server.url, self.tenant);
        log
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let list = self.provider.get(&format!("{path}?count=1000")).await.expect(200);
        list["Resources"].as_array().cloned().unwrap_or_default()
    }

    /// Everybody is there once, is a member, and is in the log with that account and no other.
    async fn check(&self) -> Result<(), String> {
        let users = self.list("/Users").await;
        let ids: BTreeMap<String, String> =
            users.iter().map(|user| (user["userName"].as_str().unwrap().to_owned(), id_of(user))).collect();
        let names: BTreeSet<String> = ids.keys().cloned().collect();
        if users.len() != ids.len() || names != self.people {
            return Err(format!("{} accounts of {} people", users.len(), self.people.len()));
        }
        let groups = self.list("/Groups").await;
        let [group] = &groups[..] else { return Err(format!("{} groups", groups.len())) };
        let group = self.provider.get(&format!("/Groups/{}", id_of(group))).await.expect(200);
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let shown: BTreeSet<String> =
            members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
        if members.len() != shown.len() || shown != ids.values().cloned().collect() {
            return Err(format!("{} members of {} accounts", members.len(), ids.len()));
        }
        let mut logged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let log = self.app(&["logs", APP, "--status", "success", "--limit", "10000", "--ndjson"]).stdout;
        for entry in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let name = entry["source"]["name"].as_str().unwrap_or_default().to_owned();
            if let Some(id) = entry["target"]["id"].as_str().filter(|_| entry["source"]["type"] == "User") {
                logged.entry(name).or_default().insert(id.to_owned());
            }
        }
        let wanted: BTreeMap<String, BTreeSet<String>> =
            ids.into_iter().map(|(name, id)| (name, BTreeSet::from([id]))).collect();
        if logged == wanted { Ok(()) } else { Err(format!("the log has {logged:?} instead of {wanted:?}")) }
    }
}

fn start(data: &Path) -> Server {
    Server::start_in(data, &["--provision-allow", ALLOW])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_that_is_killed_goes_on_without_loss_or_duplicate() {
    let kills: u64 = std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let seed = seed();
    let mut dice = Dice::new(seed);
    let target = Server::start(&["--log", "error"]);
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::set(&folder.path().join("data"), &target).await;
    // The first in the middle for certain.
    let began = Instant::now();
    let mut posts = 0;
    while posts < 5 {
        posts += stage.relay.taken().iter().filter(|line| line.starts_with("POST ")).count();
        assert!(began.elapsed() < PATIENCE, "no cycle began");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut taken_over = 0;
    for kill in 0..kills {
        if kill > 0 {
            stage.hire(4).await;
            tokio::time::sleep(Duration::from_millis(dice.roll(900))).await;
        }
        let log = stage.restart();
        taken_over += log.matches("the process that ran a cycle has gone").count();
    }
    let began = Instant::now();
    while let Err(why) = stage.check().await {
        assert!(began.elapsed() < END, "seed {seed}: {why}\n{}", stage.app(&["status", APP]).stdout);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    taken_over += stage.server.log().matches("the process that ran a cycle has gone").count();
    assert!(taken_over > 0, "a cycle whose process has gone is taken over at once");
    assert_eq!(stage.relay.conflicts(), 0, "nobody was sent a second time");
    let status = stage.app(&["status", APP, "--json"]).json();
    assert_eq!((&status["held"]["objects"], &status["status"]), (&json!(0), &json!("Active")), "{status:#}");
    println!("{kills} kills, {taken_over} cycles taken over, {} people", stage.people.len());

    // The check itself: somebody too many must not pass.
    let extra = stage.provider.post("/Users", &user("nobody@contoso.example")).await.expect(201);
    assert!(stage.check().await.is_err(), "somebody too many");
    let path = format!("/Users/{}", id_of(&extra));
    stage.provider.send("DELETE", &path, None).await;
    assert_eq!(stage.check().await, Ok(()));
}
