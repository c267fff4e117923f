//! What clients were told while a server was killed, and whether it is so afterwards: what was acknowledged is there, what was
//! not is there whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Client, encode, patch_body};
use crate::dice::Dice;

/// What one user is known or thought to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) id: String,
    pub(crate) version: u64,
    /// The number that all three of title, nickName and displayName carry.
    pub(crate) mark: u64,
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
pub(crate) struct Journal {
    pub(crate) number: usize,
    group: String,
    made: u64,
    pub(crate) users: BTreeMap<String, Acknowledged>,
    gone: BTreeSet<String>,
    pub(crate) members: BTreeSet<String>,
    pending: Option<Pending>,
    /// Statuses that leave it unknown what became of a write.
    doubtful: &'static [u16],
    pub(crate) acknowledged: u64,
    /// Writes of which it was not known what became of them.
    pub(crate) unanswered: u64,
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
    pub(crate) fn new(number: usize, group: String) -> Self {
        Self { number, group, ..Self::default() }
    }

    /// Who stands between clients and data may not know what became of a write, and these statuses say so.
    pub(crate) fn doubting(self, doubtful: &'static [u16]) -> Self {
        Self { doubtful, ..self }
    }

    /// One request, chosen by the dice. `None` when the server is gone, or it is not known what became of a write.
    async fn step(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        match dice.roll(12) {
            0..=3 => self.create(client).await,
            4..=5 => self.mark(client, dice).await,
            6 => self.delete(client, dice).await,
            7..=8 => self.join(client, dice).await,
            9 => self.leave(client, dice).await,
            _ => self.read(client, dice).await,
        }
    }

    fn is_doubtful(&self, status: u16) -> bool {
        self.doubtful.contains(&status)
    }

    /// What was acknowledged is seen by who asks next, whoever answers.
    async fn read(&mut self, client: &Client, dice: &mut Dice) -> Option<()> {
        let Some((name, user)) = self.pick(dice) else { return Some(()) };
        let reply = client.try_send("GET", &format!("/Users/{}", user.id), &[], None).await.ok()?;
        if self.is_doubtful(reply.status) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Some(());
        }
        assert_eq!(reply.status, 200, "{name}: {}", reply.text);
        assert_eq!(whole(&reply.body, &name), Ok(user.mark), "{name} as it was acknowledged");
        Some(())
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
        self.unanswered += 1;
        let reply = client.try_send(method, path, &[], body).await.ok()?;
        if self.is_doubtful(reply.status) {
            return None;
        }
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text);
        self.pending = None;
        self.unanswered -= 1;
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
    pub(crate) async fn check(&mut self, client: &Client) -> Result<(), String> {
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

/// Clients that write, each in a journal of its own, until the server is gone or they are told to stop. Who does not know what
/// became of a write puts the journal aside and takes the next, if there is one.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    waiting: Arc<Mutex<Vec<Journal>>>,
    clients: JoinSet<Vec<Journal>>,
}

impl Load {
    pub(crate) fn begin(
        journals: Vec<Journal>,
        clients: usize,
        pace: Duration,
        client: &Client,
        seed: u64,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let waiting = Arc::new(Mutex::new(journals));
        let mut running = JoinSet::new();
        for _ in 0..clients {
            let client = Client::new(&client.base, &client.key);
            let (stop, waiting) = (stop.clone(), waiting.clone());
            running.spawn(async move {
                let mut done = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    let Some(mut journal) = waiting.lock().unwrap().pop() else { break };
                    let mut dice = Dice::new(seed.wrapping_add(journal.number as u64 * 0x9e37_79b9));
                    while !stop.load(Ordering::SeqCst) && journal.step(&client, &mut dice).await.is_some() {
                        tokio::time::sleep(pace).await;
                    }
                    done.push(journal);
                }
                done
            });
        }
        Self { stop, waiting, clients: running }
    }

    /// No more requests but those that are under way.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Once all clients have stopped.
    pub(crate) async fn journals(self) -> Vec<Journal> {
        let mut journals = self.clients.join_all().await.concat();
        journals.append(&mut self.waiting.lock().unwrap());
        journals
    }
}

/// All journals at once; in the order of their numbers again.
pub(crate) async fn check_all(journals: Vec<Journal>, client: &Client, when: &str) -> Vec<Journal> {
    let mut running = JoinSet::new();
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

/// The check itself: a journal that claims what was never sent must not pass.
pub(crate) async fn lies_are_seen(journals: &[Journal], client: &Client) {
    let mut lying = journals[0].clone();
    let never = Acknowledged { id: "0190a6c0-0000-7000-8000-00000000dead".into(), version: 1, mark: 1 };
    lying.users.insert("never@example.com".into(), never);
    assert!(lying.check(client).await.is_err(), "the checker sees a lost create");
    let mut lying = journals[0].clone();
    lying.members.insert("never".into());
    assert!(lying.check(client).await.is_err(), "the checker sees a lost member");
    let mut lying = journals.iter().find(|j| !j.users.is_empty()).unwrap().clone();
    lying.users.values_mut().for_each(|user| user.version += 1);
    assert!(lying.check(client).await.is_err(), "the checker sees a lost update");
}
