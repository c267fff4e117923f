//! The people of one tenant, and what a directory asks about them and does to them.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::client::{Client, Reply, encode, id_of, patch_body};
use crate::dice::Dice;

/// They stay, so that they can come into and go out of the group.
const RESIDENTS: usize = 10;

/// A request.
#[derive(Debug)]
pub(super) enum Ask {
    Get { id: String },
    ByName { name: String },
    ByExternalId { name: String },
    Page,
    Mark { id: String, mark: u64 },
    Create { name: String },
    Delete { id: String },
    Join { id: String },
    Leave { id: String },
}

impl Ask {
    pub(super) fn is_read(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::ByName { .. } | Self::ByExternalId { .. } | Self::Page)
    }
}

#[derive(Debug)]
struct Person {
    id: String,
    name: String,
}

#[derive(Debug, Default)]
struct Register {
    people: Vec<Person>,
    made: u64,
}

pub(super) struct People {
    client: Client,
    group: String,
    count: usize,
    register: Mutex<Register>,
}

fn body(name: &str) -> Value {
    json!({
        "schemas": [scim::urn::USER],
        "userName": name,
        "externalId": name,
        "displayName": name,
        "name": { "givenName": "Given", "familyName": name },
        "emails": [{ "value": name, "type": "work", "primary": true }],
        "active": true,
    })
}

impl People {
    pub(super) async fn settle(client: Client, count: usize) -> Self {
        assert!(count > RESIDENTS);
        let group = client.create_group("Everybody").await;
        let mut register = Register::default();
        while register.people.len() < count {
            register.made += 1;
            let name = format!("user{}@load.example", register.made);
            let reply = client.post("/Users", &body(&name)).await;
            if reply.status == 429 {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            }
            register.people.push(Person { id: id_of(&reply.expect(201)), name });
        }
        Self { client, group, count, register: Mutex::new(register) }
    }

    /// Four reads to a write; what is made is deleted again, so that the directory stays as large as it is.
    pub(super) fn draw(&self, dice: &mut Dice) -> Ask {
        let mut register = self.register.lock().unwrap();
        let at = dice.roll(register.people.len() as u64) as usize;
        let resident = register.people[dice.roll(RESIDENTS as u64) as usize].id.clone();
        let Person { id, name } = &register.people[at];
        let (id, name) = (id.clone(), name.clone());
        match dice.roll(100) {
            0..40 => Ask::Get { id },
            40..65 => Ask::ByName { name },
            65..75 => Ask::ByExternalId { name },
            75..80 => Ask::Page,
            80..90 => Ask::Mark { id, mark: dice.roll(1_000_000) },
            90..98 if register.people.len() > self.count => {
                // Nobody else draws who goes; a read that is under way may still find nobody.
                let last = register.people.pop().map(|person| person.id);
                Ask::Delete { id: last.unwrap_or(id) }
            }
            90..98 => {
                register.made += 1;
                Ask::Create { name: format!("user{}@load.example", register.made) }
            }
            98 => Ask::Join { id: resident },
            _ => Ask::Leave { id: resident },
        }
    }

    pub(super) async fn ask(&self, ask: Ask) -> reqwest::Result<Reply> {
        let by = |attribute: &str, name: &str| {
            format!("/Users?filter={}", encode(&format!("{attribute} eq \"{name}\"")))
        };
        let members = |op: &str, id: &str| {
            patch_body(&json!([{ "op": op, "path": "members", "value": [{ "value": id }] }]))
        };
        let client = &self.client;
        match ask {
            Ask::Get { id } => client.try_send("GET", &format!("/Users/{id}"), &[], None).await,
            Ask::ByName { name } => client.try_send("GET", &by("userName", &name), &[], None).await,
            Ask::ByExternalId { name } => client.try_send("GET", &by("externalId", &name), &[], None).await,
            Ask::Page => client.try_send("GET", "/Users?count=10", &[], None).await,
            Ask::Mark { id, mark } => {
                let operations = json!([{ "op": "Replace", "path": "title", "value": mark.to_string() }]);
                let body = patch_body(&operations);
                client.try_send("PATCH", &format!("/Users/{id}"), &[], Some(&body)).await
            }
            Ask::Create { name } => {
                let reply = client.try_send("POST", "/Users", &[], Some(&body(&name))).await?;
                if reply.status == 201 {
                    self.register.lock().unwrap().people.push(Person { id: id_of(&reply.body), name });
                }
                Ok(reply)
            }
            Ask::Delete { id } => client.try_send("DELETE", &format!("/Users/{id}"), &[], None).await,
            Ask::Join { id } => {
                let path = format!("/Groups/{}", self.group);
                client.try_send("PATCH", &path, &[], Some(&members("Add", &id))).await
            }
            Ask::Leave { id } => {
                let path = format!("/Groups/{}", self.group);
                client.try_send("PATCH", &path, &[], Some(&members("Remove", &id))).await
            }
        }
    }
}
