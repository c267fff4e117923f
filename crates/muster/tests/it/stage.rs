//! A company that is provisioned through a relay into another server, and whether that shows it truly: nobody is missing, nobody
//! is there twice, everybody is as they are now, and the provisioning log says what the target says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, id_of, patch_body, user};
use crate::dice::Dice;
use crate::relay::Relay;
use crate::server::{Ran, Server, Tenant, muster, program};

pub(crate) const ALLOW: &str = "127.0.0.0/8";
pub(crate) const APP: &str = "Sign-in";
/// What was in flight at the last kill is believed not to be there only a minute later.
pub(crate) const END: Duration = Duration::from_secs(240);

pub(crate) struct Stage {
    /// Where commands of the source run.
    data: PathBuf,
    tenant: String,
    pub(crate) company: Client,
    provider: Tenant,
    /// The data folder of the target.
    target: PathBuf,
    pub(crate) relay: Relay,
    /// Who works there, and the number that the display name ends with: it grows with each change.
    people: BTreeMap<String, u64>,
    /// By name: the id in the source.
    ids: BTreeMap<String, String>,
    group: String,
}

fn display(name: &str, number: u64) -> String {
    format!("{name} {number}")
}

impl Stage {
    /// `company` is a tenant of the source, whose commands run in `data`; its client may speak to a proxy.
    pub(crate) async fn set(data: &Path, company: Tenant, target: &Server) -> Self {
        let provider = target.tenant("Sign-in");
        let relay = Relay::slowly(target.address().to_owned(), Duration::from_millis(20)).await;
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": "Everybody" });
        let group = id_of(&company.client.post("/Groups", &body).await.expect(201));
        let mut stage = Self {
            data: data.to_owned(),
            tenant: company.id,
            company: company.client,
            target: target.data.clone(),
            provider,
            relay,
            people: BTreeMap::new(),
            ids: BTreeMap::new(),
            group,
        };
        stage.hire(40).await;
        let url = stage.provider.client.base.replace(&target.url, &stage.relay.url);
        stage.app(&["create", APP, "--target-url", &url, "--secret-env", "APP_SECRET", "--in-flight", "4"]);
        stage.app(&["assign", APP, "Everybody"]);
        stage.app(&["set", APP, "--push", "on", "--interval", "10s"]);
        stage.relay.taken();
        stage.app(&["start", APP]);
        stage
    }

    pub(crate) fn count(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn app(&self, arguments: &[&str]) -> Ran {
        let mut command = program();
        command.arg("app").args(arguments).arg("--data").arg(&self.data);
        command.args(["--tenant", &self.tenant]).env("APP_SECRET", &self.provider.client.key);
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

    pub(crate) async fn hire(&mut self, count: usize) {
        let mut members = Vec::new();
        for _ in 0..count {
            let name = format!("person{:03}@contoso.example", self.people.len());
            let mut body = user(&name);
            body["displayName"] = json!(display(&name, 0));
            let id = id_of(&self.company.post("/Users", &body).await.expect(201));
            members.push(json!({ "value": id }));
            self.ids.insert(name.clone(), id);
            self.people.insert(name, 0);
        }
        let operations = json!([{ "op": "add", "path": "members", "value": members }]);
        let path = format!("/Groups/{}", self.group);
        let reply = self.company.send("PATCH", &path, Some(&patch_body(&operations))).await;
        assert!(reply.status < 300, "{}", reply.text);
    }

    /// Give so many people a new display name.
    pub(crate) async fn rename(&mut self, count: usize, dice: &mut Dice) {
        for _ in 0..count {
            let at = dice.roll(self.people.len() as u64) as usize;
            let (name, number) = self.people.iter_mut().nth(at).unwrap();
            *number += 1;
            let value = display(name, *number);
            let operations = json!([{ "op": "replace", "path": "displayName", "value": value }]);
            self.company.patch(&format!("/Users/{}", self.ids[name]), &operations).await.expect(200);
        }
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let list = self.provider.client.get(&format!("{path}?count=1000")).await.expect(200);
        list["Resources"].as_array().cloned().unwrap_or_default()
    }

    /// Everybody is there once, is a member, and is in the log with that account and no other.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let users = self.list("/Users").await;
        let ids: BTreeMap<String, String> =
            users.iter().map(|user| (user["userName"].as_str().unwrap().to_owned(), id_of(user))).collect();
        if users.len() != ids.len() || !ids.keys().eq(self.people.keys()) {
            return Err(format!("{} accounts of {} people", users.len(), self.people.len()));
        }
        for user in &users {
            let name = user["userName"].as_str().unwrap();
            if user["displayName"] != display(name, self.people[name]) {
                return Err(format!(
                    "{name} is called {} and not {}",
                    user["displayName"], self.people[name]
                ));
            }
        }
        let groups = self.list("/Groups").await;
        let [group] = &groups[..] else { return Err(format!("{} groups", groups.len())) };
        let group = self.provider.client.get(&format!("/Groups/{}", id_of(group))).await.expect(200);
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let shown: BTreeSet<String> =
            members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
        if members.len() != shown.len() || shown != ids.values().cloned().collect() {
            return Err(format!("{} members of {} accounts", members.len(), ids.len()));
        }
        let mut logged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let log = self.app(&["logs", APP, "--status", "success", "--limit", "10000", "--ndjson"]).stdout;
        for entry in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            // The log calls people by their display name.
            let display = entry["source"]["name"].as_str().unwrap_or_default();
            let name = display.split(' ').next().unwrap_or_default().to_owned();
            if let Some(id) = entry["target"]["id"].as_str().filter(|_| entry["source"]["type"] == "User") {
                logged.entry(name).or_default().insert(id.to_owned());
            }
        }
        let wanted: BTreeMap<String, BTreeSet<String>> =
            ids.into_iter().map(|(name, id)| (name, BTreeSet::from([id]))).collect();
        if logged == wanted { Ok(()) } else { Err(format!("the log has {logged:?} instead of {wanted:?}")) }
    }

    /// Display names that were followed by an older one, as the target's own audit trail has it.
    pub(crate) fn stale_writes(&self) -> Vec<String> {
        let list = ["audit", "list", "--tenant", &self.provider.id, "--limit", "1000000", "--json"];
        let entries = muster(&self.target, &list).json();
        stale(entries.as_array().unwrap())
    }

    /// The check itself: somebody too many must not pass.
    pub(crate) async fn a_stranger_is_seen(&self) {
        let extra = self.provider.client.post("/Users", &user("nobody@contoso.example")).await.expect(201);
        assert!(self.check().await.is_err(), "somebody too many");
        let path = format!("/Users/{}", id_of(&extra));
        self.provider.client.send("DELETE", &path, None).await;
        assert_eq!(self.check().await, Ok(()));
    }
}

/// Of entries with the newest first.
fn stale(entries: &[Value]) -> Vec<String> {
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    let mut found = Vec::new();
    for entry in entries.iter().rev() {
        let changes = entry["detail"]["changes"].as_array().into_iter().flatten();
        let changed = changes.filter(|change| change["path"] == "displayName").map(|change| &change["after"]);
        for value in changed.chain([&entry["detail"]["after"]["displayName"]]) {
            let Some((name, number)) = value.as_str().and_then(|text| text.rsplit_once(' ')) else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            let before = newest.insert(name, number).unwrap_or(0);
            if number < before {
                found.push(format!("{name}: {before}, then {number}"));
            }
        }
    }
    found
}

#[test]
fn a_stale_write_is_seen() {
    let create = json!({ "detail": { "after": { "displayName": "a@x 0" } } });
    let to = |number: u64| {
        json!({ "detail": { "changes": [
        { "path": "title", "after": "a@x 9" }, { "path": "displayName", "after": display("a@x", number) },
    ] } })
    };
    assert!(stale(&[to(2), to(1), create.clone()]).is_empty());
    assert_eq!(stale(&[to(1), to(2), to(1), create]), ["a@x: 2, then 1"]);
}
