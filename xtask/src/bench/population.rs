//! Who is stored. Users are numbered; number n is `user{n}@bench.example` with externalId `ext-user{n}`. Groups have given
//! numbers of them as members, and some users are kept out of all groups, to be added.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use super::ask::excerpt;
use super::client::{Answer, Connection};
use super::drive::id_of;
use super::endpoint::Endpoint;
use super::progress::Progress;

/// Resources of a page.
pub(super) const PAGE: usize = 100;
/// In the e-mail address of every hundredth user.
pub(super) const RARE: &str = "@rare.bench.example";
/// Users that are members of no group.
const SPARES: usize = 600;
/// Members of the groups, and how many groups of the size.
const GROUPS: [(usize, usize); 3] = [(10, 50), (1_000, 4), (10_000, 2)];
/// The page by cursor that is compared with the first.
const DEEP_PAGE: usize = 1_000;
/// Connections that fill the server, whatever is measured afterwards.
const LANES: usize = 16;
/// Filling is given up when nothing was answered for so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Population {
    pub(super) ids: Rc<Vec<String>>,
    pub(super) spares: Rc<Vec<String>>,
    pub(super) groups: BTreeMap<usize, Rc<Vec<String>>>,
    /// A late page and the cursor that leads to it.
    pub(super) cursor: Option<(usize, String)>,
    fresh: u64,
    rounds: Cell<u64>,
}

impl Population {
    pub(super) fn new() -> Self {
        let (ids, spares) = (Rc::default(), Rc::default());
        Self { ids, spares, groups: BTreeMap::new(), cursor: None, fresh: 0, rounds: Cell::new(0) }
    }

    /// So many numbers that no user or group has; the first of them.
    pub(super) fn reserve(&mut self, count: u64) -> u64 {
        let first = self.fresh;
        self.fresh += count;
        first
    }

    /// A number that no earlier scenario wrote values with.
    pub(super) fn round(&self) -> u64 {
        self.rounds.replace(self.rounds.get() + 100_000)
    }

    pub(super) fn groups_of(&self, members: usize) -> Rc<Vec<String>> {
        self.groups.get(&members).cloned().unwrap_or_default()
    }

    /// Users with the rare address.
    pub(super) fn rare(&self) -> usize {
        (0..self.ids.len()).filter(|n| is_rare(*n)).count()
    }

    /// The number of the n-th member of a group; groups of a size have different members as far as there are enough.
    pub(super) fn member(group: usize, members: usize, nth: usize, size: usize) -> usize {
        (group * members + nth) % size
    }

    /// Users up to that number, over HTTP.
    pub(super) async fn grow(&mut self, size: usize, endpoint: &Endpoint) -> anyhow::Result<()> {
        if self.spares.is_empty() {
            let post = |n: usize| {
                let name = format!("{}spare{n}", endpoint.prefix);
                endpoint.request("POST", "/Users", Some(&user(&name, false)))
            };
            self.spares = Rc::new(fill(endpoint, "users", 0..SPARES, &post).await?);
        }
        let post = |n: usize| {
            let name = format!("{}user{n}", endpoint.prefix);
            endpoint.request("POST", "/Users", Some(&user(&name, is_rare(n))))
        };
        let more = fill(endpoint, "users", self.ids.len()..size, &post).await?;
        Rc::make_mut(&mut self.ids).extend(more);
        self.find_cursor(endpoint).await
    }

    /// The users are stored already: their ids, read page by page.
    pub(super) async fn adopt(&mut self, size: usize, endpoint: &Endpoint) -> anyhow::Result<()> {
        let mut ids = vec![String::new(); size];
        let mut connection = Connection::open(endpoint.address).await?;
        let progress = Progress::new("ids read", size as u64);
        let mut cursor = String::new();
        loop {
            let path = format!("/Users?attributes=userName&count=1000&cursor={cursor}");
            let answer = connection.send(&endpoint.request("GET", &path, None)).await?;
            ensure!(answer.status == 200, "a page of ids: {}", excerpt(&answer.body));
            let page: Value = serde_json::from_slice(&answer.body)?;
            let users = page.get("Resources").and_then(Value::as_array).context("Resources")?;
            progress.add(users.len() as u64);
            for user in users {
                let field = |name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default();
                let number =
                    field("userName").strip_prefix(endpoint.prefix).and_then(|n| n.strip_prefix("user"));
                let number = number.and_then(|n| n.split('@').next()?.parse::<usize>().ok());
                if let Some(place) = number.and_then(|n| ids.get_mut(n)) {
                    *place = field("id").to_owned();
                }
            }
            match page.get("nextCursor").and_then(Value::as_str) {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        ensure!(ids.iter().all(|id| !id.is_empty()), "some of {size} users are not listed");
        self.ids = Rc::new(ids);
        self.find_cursor(endpoint).await
    }

    /// Follows the cursors to a late page, where the server has cursors.
    async fn find_cursor(&mut self, endpoint: &Endpoint) -> anyhow::Result<()> {
        let last = (self.ids.len() / PAGE).min(DEEP_PAGE);
        let mut connection = Connection::open(endpoint.address).await?;
        let progress = Progress::new("pages walked", last as u64);
        let mut cursor = String::new();
        self.cursor = None;
        for page in 1..last {
            let path = format!("/Users?cursor={cursor}&count={PAGE}");
            let answer = connection.send(&endpoint.request("GET", &path, None)).await?;
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let Some(next) = body.get("nextCursor").and_then(Value::as_str) else { return Ok(()) };
            cursor = next.to_owned();
            progress.add(1);
            if page + 1 == last {
                self.cursor = Some((last, cursor.clone()));
            }
        }
        Ok(())
    }

    /// The groups that the number of users allows; one of them has every user.
    pub(super) async fn gather(&mut self, endpoint: &Endpoint) -> anyhow::Result<()> {
        let size = self.ids.len();
        let mut wanted: Vec<_> = GROUPS.iter().filter(|(members, _)| *members <= size).copied().collect();
        if wanted.last().is_none_or(|(members, _)| *members < size) && size > 10_000 {
            wanted.push((size, 1));
        }
        for (members, most) in wanted {
            let count = most.min(size / members).max(1);
            let there = self.groups_of(members);
            let post = |n: usize| {
                let name = format!("{}Group {n} of {members}", endpoint.prefix);
                endpoint.request("POST", "/Groups", Some(&group(&name)))
            };
            let made = fill(endpoint, "groups", there.len()..count, &post).await?;
            let progress =
                Progress::new(&format!("members of groups of {members}"), (made.len() * members) as u64);
            let mut connection = Connection::open(endpoint.address).await?;
            for (at, id) in made.iter().enumerate() {
                let numbers: Vec<usize> =
                    (0..members).map(|n| Self::member(there.len() + at, members, n, size)).collect();
                for chunk in numbers.chunks(1_000) {
                    add_members(&mut connection, endpoint, id, chunk, &self.ids).await?;
                    progress.add(chunk.len() as u64);
                }
            }
            let all = there.iter().cloned().chain(made).collect();
            self.groups.insert(members, Rc::new(all));
        }
        Ok(())
    }

    /// Everything that was made here and is still known.
    pub(super) async fn remove(&self, endpoint: &Endpoint) -> anyhow::Result<usize> {
        let groups = self.groups.values().flat_map(|ids| ids.iter()).map(|id| format!("/Groups/{id}"));
        let users = self.ids.iter().chain(self.spares.iter()).map(|id| format!("/Users/{id}"));
        let paths: Vec<String> = groups.chain(users).collect();
        let progress = Progress::new("deleted", paths.len() as u64);
        let requests = |n: usize| endpoint.request("DELETE", &paths[n], None);
        let is_gone = |answer: &Answer| Ok(matches!(answer.status, 200 | 204));
        let answers = send(endpoint, 0..paths.len(), &requests, is_gone, &progress).await?;
        Ok(answers.iter().filter(|(_, is_gone)| *is_gone).count())
    }
}

async fn add_members(
    connection: &mut Connection,
    endpoint: &Endpoint,
    group: &str,
    numbers: &[usize],
    ids: &[String],
) -> anyhow::Result<()> {
    let values: Vec<_> = numbers.iter().map(|n| format!("{{\"value\":\"{}\"}}", ids[*n])).collect();
    let body = super::scenario::operation("add", "members", &format!("[{}]", values.join(",")));
    let request = endpoint.request("PATCH", &format!("/Groups/{group}"), Some(&body));
    let answer = connection.send(&request).await?;
    ensure!(answer.status < 300, "adding members answered {}: {}", answer.status, excerpt(&answer.body));
    Ok(())
}

/// Resources made over several connections; their ids in the order of their numbers.
async fn fill(
    endpoint: &Endpoint,
    what: &str,
    numbers: std::ops::Range<usize>,
    post: &dyn Fn(usize) -> Vec<u8>,
) -> anyhow::Result<Vec<String>> {
    let progress = Progress::new(&format!("{what} stored"), numbers.len() as u64);
    let created = |answer: &Answer| {
        ensure!(answer.status == 201, "a creation answered {}: {}", answer.status, excerpt(&answer.body));
        id_of(&answer.body).map_err(anyhow::Error::msg)
    };
    let ids = send(endpoint, numbers, post, created, &progress).await?;
    Ok(ids.into_iter().map(|(_, id)| id).collect())
}

/// What is read from the answers, in the order of the numbers.
async fn send<T: Send + 'static>(
    endpoint: &Endpoint,
    numbers: std::ops::Range<usize>,
    request: &dyn Fn(usize) -> Vec<u8>,
    read: fn(&Answer) -> anyhow::Result<T>,
    progress: &Progress,
) -> anyhow::Result<Vec<(usize, T)>> {
    const BLOCK: usize = 2_000;
    let mut answers = Vec::with_capacity(numbers.len());
    for start in numbers.clone().step_by(BLOCK) {
        let mut lanes = JoinSet::new();
        for lane in 0..LANES {
            let block = (start + lane..numbers.end.min(start + BLOCK)).step_by(LANES);
            let requests: Vec<_> = block.map(|n| (n, request(n))).collect();
            let address = endpoint.address;
            lanes.spawn(async move {
                let mut answers = Vec::with_capacity(requests.len());
                if requests.is_empty() {
                    return anyhow::Ok(answers);
                }
                let mut connection = Connection::open(address).await?;
                for (number, request) in requests {
                    let answer = tokio::time::timeout(PATIENCE, connection.send(&request)).await;
                    let answer = answer.context("no answer while the server was filled")??;
                    answers.push((number, read(&answer)?));
                }
                Ok(answers)
            });
        }
        while let Some(lane) = lanes.join_next().await {
            let lane = lane??;
            progress.add(lane.len() as u64);
            answers.extend(lane);
        }
    }
    answers.sort_unstable_by_key(|(number, _)| *number);
    Ok(answers)
}

fn is_rare(number: usize) -> bool {
    number % 100 == 7
}

/// As Entra sends one, about 700 bytes.
pub(super) fn user(name: &str, is_rare: bool) -> String {
    let domain = if is_rare { RARE } else { "@bench.example" };
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"ext-{name}","userName":"{name}@bench.example","active":true,"displayName":"User {name}","title":"Site Engineer","name":{{"formatted":"User {name}","familyName":"{name}","givenName":"User"}},"emails":[{{"primary":true,"type":"work","value":"{name}{domain}"}}],"phoneNumbers":[{{"type":"work","value":"+353 21 555 0101"}}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{name}","department":"Works"}}}}"#
    )
}

/// A line of a file for `muster import`.
pub(super) fn line(prefix: &str, number: usize) -> String {
    user(&format!("{prefix}user{number}"), is_rare(number)) + "\n"
}

pub(super) fn group(name: &str) -> String {
    format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"{name}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_json() {
        for text in [user("x", true), user("y", false), group("z"), line("p-", 7)] {
            let value: Value = serde_json::from_str(&text).unwrap();
            assert!(value.get("schemas").is_some(), "{text}");
        }
        assert!(user("x", true).contains("x@rare.bench.example") && !user("x", false).contains(RARE));
    }

    #[test]
    fn one_user_of_a_hundred_is_rare() {
        assert_eq!((0..1_000).filter(|n| is_rare(*n)).count(), 10);
    }
}
