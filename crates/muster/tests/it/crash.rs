//! SIGKILL at random moments under load: what was acknowledged is there, what was not is there whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, encode, patch_body};
use crate::dice::{Dice, seed};
use crate::server::{Server, muster};

const CLIENTS: usize = 8;

/// What one user is known or thought to be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Acknowledged {
    id: String,
    version: u64,
    /// The number that all three of title, nickName and displayName carry.
    mark: u64,
}

/// A write that was sent and not answered when the server died.
#[derive(Debug, Clone)]
enum Pending {
    Create { name: String, mark: u64 },
    Mark { name: String, mark: u64 },
    Delete { name: String },
    Join { ids: Vec<String> },
    Leave { id: String },
}

/// One client's record of what it was told. Each client has its own users and its own group.
#[derive(Debug, Clone, Default)]
struct Journal {
    number: usize,
    group: String,
    made: u64,
    users: BTreeMap<String, Acknowledged>,
    gone: BTreeSet<String>,
    members: BTreeSet<String>,
    pending: Option<Pending>,
    acknowledged: u64,
}

fn body(name: &str, mark: u64) -> Value {
    json!({
        "schemas": [scim::urn::USER],
        "userName": name,
        "title": mark.to_string(),
        "nickName": mark.to_string(),
        "displayName": mark.to_string(),
        "emails": [{ "value": name, "type": "work" }],
    })
}

impl Journal {
    /// One write, chosen by the dice. `None` when the server is gone.
    async fn step(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        match dice.roll(10) {
            0..=3 => self.create(client).await,
            4..=5 => self.mark(client, dice).await,
            6 => self.delete(client, dice).await,
            7..=8 => self.join(client, dice).await,
            _ => self.leave(client, dice).await,
        }
    }

    async fn send(
        &mut self,
        client: &Client,
        method: &str,
        path: &str,
        body: Option<&Value>,
        pending: Pending,
    ) -> Option<crate::client::Reply> {
        self.pending = Some(pending);
        let reply = client.try_send(method, path, &[], body).await.ok()?;
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text);
        self.pending = None;
        self.acknowledged += 1;
        Some(reply)
    }

    async fn create(&mut self, client: &Client) -> Option<()> {
        self.made += 1;
        let (name, mark) = (format!("c{}.u{}@example.com", self.number, self.made), self.made);
        let pending = Pending::Create { name: name.clone(), mark };
        let reply = self.send(client, "POST", "/Users", Some(&body(&name, mark)), pending).await?;
        let id = reply.body["id"].as_str().unwrap().to_owned();
        self.users.insert(name, Acknowledged { id, version: reply.version().unwrap(), mark });
        Some(())
    }

    fn pick(&self, dice: &mut Dice) -> Option<(String, Acknowledged)> {
        let count = self.users.len() as u64;
        if count == 0 {
            return None;
        }
        self.users.iter().nth(dice.roll(count) as usize).map(|(name, user)| (name.clone(), user.clone()))
    }

    /// Three attributes in one PATCH: half of them would be seen.
    async fn mark(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        let Some((name, user)) = self.pick(dice) else { return Some(()) };
        self.made += 1;
        let (mark, path) = (self.made, format!("/Users/{}", user.id));
        let value = mark.to_string();
        let operations = json!([
            { "op": "Replace", "path": "title", "value": value },
            { "op": "Replace", "path": "nickName", "value": value },
            { "op": "Replace", "path": "displayName", "value": value },
        ]);
        let pending = Pending::Mark { name: name.clone(), mark };
        let reply = self.send(client, "PATCH", &path, Some(&patch_body(&operations)), pending).await?;
        let version = reply.version().unwrap();
        assert!(version > user.version);
        self.users.insert(name, Acknowledged { version, mark, ..user });
        Some(())
    }

    async fn delete(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        let Some((name, user)) = self.pick(dice) else { return Some(()) };
        let pending = Pending::Delete { name: name.clone() };
        self.send(client, "DELETE", &format!("/Users/{}", user.id), None, pending).await?;
        self.forget(&name);
        Some(())
    }

    fn forget(&mut self, name: &str) {
        if let Some(user) = self.users.remove(name) {
            self.members.remove(&user.id);
            self.gone.insert(user.id);
        }
    }

    /// Up to three members in one PATCH: all or none.
    async fn join(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.extend(self.pick(dice).map(|(_, user)| user.id).filter(|id| !self.members.contains(id)));
        }
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Some(());
        }
        let values: Vec<_> = ids.iter().map(|id| json!({ "$ref": null, "value": id })).collect();
        let operations = json!([{ "op": "Add", "path": "members", "value": values }]);
        let path = format!("/Groups/{}", self.group);
        let pending = Pending::Join { ids: ids.clone() };
        self.send(client, "PATCH", &path, Some(&patch_body(&operations)), pending).await?;
        self.members.extend(ids);
        Some(())
    }

    async fn leave(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        let count = self.members.len() as u64;
        let Some(id) =
            (count > 0).then(|| self.members.iter().nth(dice.roll(count) as usize).cloned()).flatten()
        else {
            return Some(());
        };
        let operations = json!([{ "op": "Remove", "path": "members", "value": [{ "value": id }] }]);
        let path = format!("/Groups/{}", self.group);
        let pending = Pending::Leave { id: id.clone() };
        self.send(client, "PATCH", &path, Some(&patch_body(&operations)), pending).await?;
        self.members.remove(&id);
        Some(())
    }

    /// Compare with what the restarted server has; a write that was under way becomes done or not done.
    async fn check(&mut self, client: &Client) -> Result<(), String> {
        let pending = self.pending.take();
        if let Some(pending) = &pending {
            self.settle(client, pending).await?;
        }
        for (name, user) in &self.users {
            let reply = client.get(&format!("/Users/{}", user.id)).await;
            if reply.status != 200 {
                return Err(format!("{name} was acknowledged and is {}", reply.status));
            }
            let mark = whole(&reply.body, name)?;
            let version = reply.version().unwrap_or(0);
            if mark != user.mark || version < user.version {
                return Err(format!("{name} has mark {mark}, version {version} instead of {user:?}"));
            }
        }
        for id in &self.gone {
            let status = client.get(&format!("/Users/{id}")).await.status;
            if status != 404 {
                return Err(format!("{id} was deleted and is {status}"));
            }
        }
        let members = members(client, &self.group).await?;
        if members == self.members {
            Ok(())
        } else {
            Err(format!("members {members:?} instead of {:?}", self.members))
        }
    }

    async fn settle(&mut self, client: &Client, pending: &Pending) -> Result<(), String> {
        match pending {
            Pending::Create { name, mark } => {
                if let Some(found) = find(client, name).await? {
                    let id = found["id"].as_str().unwrap_or_default().to_owned();
                    if whole(&found, name)? != *mark {
                        return Err(format!("{name} is not as it was sent"));
                    }
                    self.users.insert(name.clone(), Acknowledged { id, version: 1, mark: *mark });
                }
            }
            Pending::Mark { name, mark } => {
                let found = find(client, name).await?.ok_or_else(|| format!("{name} is lost"))?;
                let seen = whole(&found, name)?;
                let user = self.users.get_mut(name).ok_or("not in the journal")?;
                if seen == *mark {
                    user.mark = *mark;
                    user.version += 1;
                }
            }
            Pending::Delete { name } => {
                if find(client, name).await?.is_none() {
                    self.forget(name);
                }
            }
            Pending::Join { ids } => {
                let now = members(client, &self.group).await?;
                match ids.iter().filter(|id| now.contains(*id)).count() {
                    0 => {}
                    n if n == ids.len() => self.members.extend(ids.iter().cloned()),
                    n => return Err(format!("{n} of {} joined by one PATCH", ids.len())),
                }
            }
            Pending::Leave { id } => {
                if !members(client, &self.group).await?.contains(id) {
                    self.members.remove(id);
                }
            }
        }
        Ok(())
    }
}

/// The one mark that all three attributes carry.
fn whole(user: &Value, name: &str) -> Result<u64, String> {
    let marks: BTreeSet<_> = ["title", "nickName", "displayName"].iter().map(|a| user[*a].as_str()).collect();
    let one = marks.iter().next().copied().flatten().and_then(|mark| mark.parse().ok());
    match one {
        Some(mark) if marks.len() == 1 && user["emails"][0]["value"] == name => Ok(mark),
        _ => Err(format!("{name} is half written: {user}")),
    }
}

async fn find(client: &Client, name: &str) -> Result<Option<Value>, String> {
    let reply = client.get(&format!("/Users?filter={}", encode(&format!("userName eq \"{name}\"")))).await;
    let found = reply.body["Resources"].as_array().cloned().unwrap_or_default();
    if reply.status != 200 || found.len() > 1 {
        return Err(format!("{name}: {}", reply.text));
    }
    Ok(found.into_iter().next())
}

async fn members(client: &Client, group: &str) -> Result<BTreeSet<String>, String> {
    let reply = client.get(&format!("/Groups/{group}")).await;
    if reply.status != 200 {
        return Err(format!("group {group}: {}", reply.text));
    }
    let members = reply.body["members"].as_array().cloned().unwrap_or_default();
    Ok(members.iter().filter_map(|m| m["value"].as_str().map(str::to_owned)).collect())
}

/// Write with all clients until the server dies.
async fn load(journals: Vec<Journal>, client: &Client, seed: u64) -> tokio::task::JoinHandle<Vec<Journal>> {
    let mut running = tokio::task::JoinSet::new();
    for mut journal in journals {
        let client = Client::new(&client.base, &client.key);
        let mut dice = Dice::new(seed.wrapping_add(journal.number as u64 * 0x9e37_79b9));
        running.spawn(async move {
            while journal.step(&client, &mut dice).await.is_some() {}
            journal
        });
    }
    tokio::spawn(running.join_all())
}

fn integrity(data: &Path) {
    let database = rusqlite::Connection::open(data.join("muster.db")).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

/// All journals at once; in the order of their numbers again.
async fn check_all(journals: Vec<Journal>, client: &Client, when: &str) -> Vec<Journal> {
    let mut running = tokio::task::JoinSet::new();
    for mut journal in journals {
        let client = client.clone();
        running.spawn(async move {
            let checked = journal.check(&client).await;
            (journal, checked)
        });
    }
    let mut journals = Vec::new();
    for (journal, checked) in running.join_all().await {
        if let Err(problem) = checked {
            panic!("{when}, client {}: {problem}", journal.number);
        }
        journals.push(journal);
    }
    journals.sort_by_key(|journal| journal.number);
    journals
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9() {
    let kills: u64 = std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let seed = seed();
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start_in(&data, &["--log", "error"]);
    let tenant = server.tenant("T");
    let mut journals = Vec::new();
    for number in 0..CLIENTS {
        let group = tenant.client.create_group(&format!("Group {number}")).await;
        journals.push(Journal { number, group, ..Journal::default() });
    }
    let mut client = tenant.client.clone();
    for kill in 0..kills {
        let writing = load(journals, &client, seed.wrapping_add(kill)).await;
        tokio::time::sleep(Duration::from_millis(5 + dice.roll(800))).await;
        server.kill();
        journals = writing.await.unwrap();
        integrity(&data);
        server = Server::start_in(&data, &["--log", "error"]);
        let base = format!("{}/scim/v2/{}", server.url, tenant.id);
        client = Client::new(&base, &tenant.client.key);
        journals = check_all(journals, &client, &format!("after kill {kill} of seed {seed}")).await;
    }
    let verified = muster(&data, &["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true, "{verified:#}");
    let acknowledged: u64 = journals.iter().map(|journal| journal.acknowledged).sum();
    println!("{kills} kills, {acknowledged} writes acknowledged, none lost");
    assert!(acknowledged > kills * 4, "there was load: {acknowledged}");

    // The checker itself: a journal that claims what was never sent must not pass.
    let mut lying = journals[0].clone();
    let never = Acknowledged { id: "0190a6c0-0000-7000-8000-00000000dead".into(), version: 1, mark: 1 };
    lying.users.insert("never@example.com".into(), never);
    assert!(lying.check(&client).await.is_err(), "the checker sees a lost create");
    let mut lying = journals[0].clone();
    lying.members.insert("never".into());
    assert!(lying.check(&client).await.is_err(), "the checker sees a lost member");
    let mut lying = journals.iter().find(|j| !j.users.is_empty()).unwrap().clone();
    lying.users.values_mut().for_each(|user| user.version += 1);
    assert!(lying.check(&client).await.is_err(), "the checker sees a lost update");
}
