//! What is asked of the server: the requests Entra sends, and listing.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::client::{Answer, Connection};
use super::server::Muster;

pub(super) struct Scenario {
    pub(super) name: String,
    /// The n-th request.
    pub(super) request: Box<dyn Fn(u64) -> Vec<u8>>,
    pub(super) status: u16,
    /// What the body must contain.
    pub(super) contains: &'static str,
    /// A fixed number of requests instead of a time, where each request changes what is stored.
    pub(super) requests: Option<u64>,
    /// Takes back what the scenario did, unmeasured.
    pub(super) undo: Option<Box<Scenario>>,
    /// Bytes of a typical answer; the floor answers as many.
    pub(super) answer_bytes: usize,
}

/// Who is stored. Users are numbered; number n is `user{n}@bench.example` with externalId `ext-{n}`.
#[derive(Default)]
pub(super) struct Population {
    ids: Vec<String>,
    /// Users that create scenarios made beyond `ids`.
    extra: u64,
    groups: Vec<(usize, String)>,
}

const MEMBER_WRITES: u64 = 300;

impl Population {
    pub(super) async fn grow_to(
        &mut self,
        size: usize,
        muster: &Muster,
        connections: usize,
    ) -> anyhow::Result<()> {
        let numbers: Vec<u64> = (self.ids.len() as u64..size as u64).collect();
        let share = numbers.len().div_ceil(connections).max(1);
        let mut tasks = tokio::task::JoinSet::new();
        for chunk in numbers.chunks(share) {
            let requests: Vec<_> =
                chunk.iter().map(|n| muster.request("POST", "/Users", Some(&user(&n.to_string())))).collect();
            let address = muster.address;
            tasks.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut ids = Vec::new();
                for request in requests {
                    ids.push(created(&connection.send(&request).await?)?);
                }
                anyhow::Ok(ids)
            });
        }
        let mut made = Vec::new();
        while let Some(ids) = tasks.join_next().await {
            made.extend(ids??);
        }
        made.sort();
        self.ids.extend(made);
        Ok(())
    }

    /// A group of that many members, made once. Members are the first users, so later ones can be added.
    async fn group(&mut self, members: usize, muster: &Muster) -> anyhow::Result<String> {
        if let Some((_, id)) = self.groups.iter().find(|(size, _)| *size == members) {
            return Ok(id.clone());
        }
        let mut connection = Connection::open(muster.address).await?;
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": format!("Group of {members}") });
        let id = created(&connection.send(&muster.request("POST", "/Groups", Some(&body))).await?)?;
        for chunk in self.ids[..members].chunks(1_000) {
            let values: Vec<_> = chunk.iter().map(|id| json!({ "value": id })).collect();
            let body = operation(&json!({ "op": "add", "path": "members", "value": values }));
            let answer =
                connection.send(&muster.request("PATCH", &format!("/Groups/{id}"), Some(&body))).await?;
            ensure!(answer.status < 300, "adding members: {}", String::from_utf8_lossy(&answer.body));
        }
        self.groups.push((members, id.clone()));
        Ok(id)
    }
}

/// Every scenario for the present population.
pub(super) async fn all(population: &mut Population, muster: &Muster) -> anyhow::Result<Vec<Scenario>> {
    let size = population.ids.len();
    let mut scenarios = vec![create(population, muster), get(population, muster)];
    scenarios.push(filter("userName eq", muster, size, |n| format!("userName eq \"user{n}@bench.example\"")));
    scenarios.push(miss(muster));
    scenarios.push(filter("externalId eq", muster, size, |n| format!("externalId eq \"ext-{n}\"")));
    scenarios.push(patch_active(population, muster));
    scenarios.push(page(muster, size));
    for members in [10, 1_000, 10_000] {
        if size >= members + 3 * MEMBER_WRITES as usize || (members == 10 && size >= 1_000) {
            let group = population.group(members, muster).await?;
            scenarios.push(add_member(population, muster, members, &group));
        }
    }
    let (largest, group) = population.groups.last().cloned().context("a group")?;
    let member = population.ids[..largest].to_vec();
    let requests: Vec<_> = member
        .iter()
        .map(|id| {
            muster.request(
                "GET",
                &query(
                    "/Groups",
                    &format!("id eq \"{group}\" and members eq \"{id}\""),
                    "&excludedAttributes=members",
                ),
                None,
            )
        })
        .collect();
    scenarios.push(Scenario {
        name: format!("id eq and members eq, {largest} members"),
        request: Box::new(move |n| requests[pick(n, requests.len())].clone()),
        status: 200,
        contains: "\"totalResults\":1",
        requests: None,
        undo: None,
        answer_bytes: 500,
    });
    Ok(scenarios)
}

fn create(population: &mut Population, muster: &Muster) -> Scenario {
    let count = (population.ids.len() as u64 / 20).clamp(300, 3_000);
    let first = population.extra;
    population.extra += count * 100;
    let (path, key) = (muster.path("/Users"), muster.key.clone());
    Scenario {
        name: "create".into(),
        request: Box::new(move |n| {
            super::client::request("POST", &path, &key, Some(&user(&format!("x{}", first + n)).to_string()))
        }),
        status: 201,
        contains: "\"id\":",
        requests: Some(count),
        undo: None,
        answer_bytes: 900,
    }
}

fn get(population: &Population, muster: &Muster) -> Scenario {
    let requests: Vec<_> =
        population.ids.iter().map(|id| muster.request("GET", &format!("/Users/{id}"), None)).collect();
    Scenario {
        name: "get by id".into(),
        request: Box::new(move |n| requests[pick(n, requests.len())].clone()),
        status: 200,
        contains: "\"userName\":",
        requests: None,
        undo: None,
        answer_bytes: 900,
    }
}

fn filter(name: &str, muster: &Muster, size: usize, text: impl Fn(usize) -> String + 'static) -> Scenario {
    let (base, key) = (muster.path(""), muster.key.clone());
    Scenario {
        name: name.into(),
        request: Box::new(move |n| {
            let path = format!("{base}{}", query("/Users", &text(pick(n, size)), ""));
            super::client::request("GET", &path, &key, None)
        }),
        status: 200,
        contains: "\"totalResults\":1",
        requests: None,
        undo: None,
        answer_bytes: 1_000,
    }
}

fn miss(muster: &Muster) -> Scenario {
    let request = muster.request("GET", &query("/Users", "userName eq \"3f0c7a12-none\"", ""), None);
    Scenario {
        name: "userName eq, no hit".into(),
        request: Box::new(move |_| request.clone()),
        status: 200,
        contains: "\"totalResults\":0",
        requests: None,
        undo: None,
        answer_bytes: 130,
    }
}

fn patch_active(population: &Population, muster: &Muster) -> Scenario {
    let requests: Vec<_> = population
        .ids
        .iter()
        .flat_map(|id| {
            ["False", "True"].map(|active| {
                let body = operation(&json!({ "op": "Replace", "path": "active", "value": active }));
                muster.request("PATCH", &format!("/Users/{id}"), Some(&body))
            })
        })
        .collect();
    Scenario {
        name: "PATCH active".into(),
        request: Box::new(move |n| requests[(n as usize) % requests.len()].clone()),
        status: 200,
        contains: "\"active\":",
        requests: None,
        undo: None,
        answer_bytes: 900,
    }
}

fn page(muster: &Muster, size: usize) -> Scenario {
    let pages = (size / 100).clamp(1, 1_000);
    let requests: Vec<_> = (0..pages)
        .map(|p| muster.request("GET", &format!("/Users?startIndex={}&count=100", p * 100 + 1), None))
        .collect();
    Scenario {
        name: "page of 100".into(),
        request: Box::new(move |n| requests[pick(n, requests.len())].clone()),
        status: 200,
        contains: "\"itemsPerPage\":100",
        requests: None,
        undo: None,
        answer_bytes: 90_000,
    }
}

fn add_member(population: &Population, muster: &Muster, members: usize, group: &str) -> Scenario {
    let change = |op: &str| -> Vec<Vec<u8>> {
        let outside = population.ids[members..].iter().take(3 * MEMBER_WRITES as usize);
        outside
            .map(|id| {
                let body = operation(&json!({ "op": op, "path": "members", "value": [{ "value": id }] }));
                muster.request("PATCH", &format!("/Groups/{group}"), Some(&body))
            })
            .collect()
    };
    let status = if members >= 100 { 204 } else { 200 };
    let scenario = |name: String, requests: Vec<Vec<u8>>, undo| Scenario {
        name,
        request: Box::new(move |n| requests[(n as usize) % requests.len()].clone()),
        status,
        contains: "",
        requests: Some(if status == 200 { 80 } else { MEMBER_WRITES }),
        undo,
        answer_bytes: 150,
    };
    let undo = scenario("remove member".into(), change("Remove"), None);
    scenario(format!("add one member to {members}"), change("Add"), Some(Box::new(undo)))
}

fn user(number: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": format!("ext-{number}"),
        "userName": format!("user{number}@bench.example"),
        "active": true,
        "displayName": format!("User {number}"),
        "title": "Site Engineer",
        "name": { "formatted": format!("User {number}"), "familyName": number, "givenName": "User" },
        "emails": [{ "primary": true, "type": "work", "value": format!("user{number}@bench.example") }],
        "phoneNumbers": [{ "type": "work", "value": "+353 21 555 0101" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": number, "department": "Works" }
    })
}

fn operation(operation: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] })
}

/// As Entra encodes it: spaces as `+`, quotes as `%22`, `@` as `%40`.
fn query(endpoint: &str, filter: &str, more: &str) -> String {
    let encoded = filter.replace(' ', "+").replace('"', "%22").replace('@', "%40");
    format!("{endpoint}?filter={encoded}{more}")
}

fn created(answer: &Answer) -> anyhow::Result<String> {
    ensure!(
        answer.status == 201,
        "a create answered {}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    let body: Value = serde_json::from_slice(&answer.body)?;
    Ok(body.get("id").and_then(Value::as_str).context("an id")?.to_owned())
}

/// Spreads consecutive numbers over the whole range.
fn pick(number: u64, range: usize) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) as usize % range
}
