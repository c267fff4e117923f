//! What a check works with: it sends, keeps the evidence, makes resources and gives them to the ledger.

use std::sync::Arc;

use http::Method;
use scim_client::Request;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::check::{Need, Subject};
use crate::generate::{Fill, Generator};
use crate::random::Dice;
use crate::reply::Reply;
use crate::schema::ResourceKind;
use crate::value::{cut, member, shown};
use crate::verdict::{Outcome, cannot_judge, deviates, not_applicable};
use crate::wire::{Evidence, Sent};
use crate::world::World;

/// One running case.
#[derive(Debug)]
pub struct Probe {
    pub(crate) world: Arc<World>,
    pub dice: Dice,
    pub(crate) exchanges: Vec<Evidence>,
    subject: Option<Subject>,
    /// Sets this case's resources apart from those of other cases and runs.
    salt: String,
    preparing: bool,
    /// What this case made, oldest first.
    pub(crate) made: Vec<String>,
}

/// A resource this check made.
#[derive(Debug, Clone)]
pub struct Made {
    pub id: String,
    /// `/Users/2819c223`, encoded
    pub path: String,
    pub sent: Map<String, Value>,
    /// As the target answered.
    pub body: Value,
}

impl Made {
    pub fn name(&self) -> &str {
        let name = if self.path.starts_with("/Users") { "userName" } else { "displayName" };
        self.sent.get(name).or_else(|| self.sent.get("userName")).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A PATCH message of these operations.
pub fn patch_body(operations: &Value) -> Value {
    json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations })
}

impl Probe {
    pub(crate) fn new(world: Arc<World>, case: &str, subject: Option<Subject>) -> Self {
        let mut dice = Dice::new(world.options.seed, case);
        let salt = dice.base36(7);
        Self { world, dice, exchanges: Vec::new(), subject, salt, preparing: false, made: Vec::new() }
    }

    pub fn subject(&self) -> Outcome<Subject> {
        self.subject.clone().ok_or_else(|| cannot_judge("the check is repeated but has no subject"))
    }

    pub fn user_kind(&self) -> &ResourceKind {
        &self.world.schemas.user
    }

    pub fn kind(&self, name: &str) -> Outcome<&ResourceKind> {
        self.world.schemas.kind(name).ok_or_else(|| not_applicable(format!("the target serves no {name}")))
    }

    /// `/Users`
    pub fn users(&self) -> String {
        self.world.schemas.user.endpoint.clone()
    }

    /// `/Groups`
    pub fn groups(&self) -> String {
        self.world.schemas.group.as_ref().map_or_else(|| "/Groups".to_owned(), |g| g.endpoint.clone())
    }

    /// Whether something is there that a part of a check needs.
    pub fn offers(&self, need: Need) -> bool {
        self.world.missing(need).is_none()
    }

    /// Members that the check of large groups adds.
    pub fn large_group(&self) -> usize {
        self.world.options.large_group
    }

    pub fn max_results(&self) -> Option<u64> {
        self.world.features.max_results
    }

    pub fn config(&self) -> &Value {
        &self.world.features.config
    }

    pub fn schema_problems(&self) -> &[String] {
        &self.world.schemas.problems
    }

    pub fn salt(&self) -> &str {
        &self.salt
    }

    // ---- sending ----

    /// # Errors
    /// `CannotJudge` when no answer came, or the run is being cancelled.
    pub async fn send(&mut self, request: Request) -> Outcome<Reply> {
        let what = format!("{} {}", request.method, request.path);
        self.try_send(request).await?.map_err(|why| cannot_judge(format!("no answer to {what}: {why}")))
    }

    /// As [`Self::send`], for checks that judge a missing answer themselves.
    pub async fn try_send(&mut self, request: Request) -> Outcome<Result<Reply, String>> {
        if self.world.options.cancel.is_cancelled() {
            return Err(cannot_judge("the run was cancelled"));
        }
        let sent = self.world.wire.send(&request).await;
        Ok(self.keep(&request, sent))
    }

    /// All at once, in no order.
    pub async fn send_all(&mut self, requests: Vec<Request>) -> Outcome<Vec<Result<Reply, String>>> {
        if self.world.options.cancel.is_cancelled() {
            return Err(cannot_judge("the run was cancelled"));
        }
        let mut tasks = JoinSet::new();
        for request in requests {
            let world = self.world.clone();
            tasks.spawn(async move {
                let sent = world.wire.send(&request).await;
                (request, sent)
            });
        }
        let mut replies = Vec::new();
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((request, sent)) => replies.push(self.keep(&request, sent)),
                Err(error) => replies.push(Err(error.to_string())),
            }
        }
        Ok(replies)
    }

    fn keep(&mut self, request: &Request, sent: Sent) -> Result<Reply, String> {
        let index = self.exchanges.len();
        self.exchanges.push(Evidence::new(sent.exchange, self.preparing));
        let outcome = sent.answer.map(|answer| Reply::new(answer, index));
        let mut made = Vec::new();
        if let Ok(reply) = &outcome {
            made = self.world.ledger.note(&request.method, &request.path, reply);
        }
        let nameless = outcome.as_ref().is_ok_and(Reply::is_success) && made.is_empty();
        if request.method == Method::POST && (sent.ambiguous || nameless) {
            self.world.ledger.unsure(request, &self.salt);
        }
        self.made.extend(made);
        outcome
    }

    pub async fn get(&mut self, path: &str) -> Outcome<Reply> {
        self.send(Request::get(path)).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Outcome<Reply> {
        self.send(Request::post(path, body)).await
    }

    pub async fn put(&mut self, path: &str, body: &Value) -> Outcome<Reply> {
        self.send(Request::put(path, body)).await
    }

    pub async fn patch(&mut self, path: &str, operations: &Value) -> Outcome<Reply> {
        self.send(Request::patch(path, &patch_body(operations))).await
    }

    pub async fn delete(&mut self, path: &str) -> Outcome<Reply> {
        self.send(Request::delete(path)).await
    }

    /// A query with these parameters.
    pub async fn query(&mut self, path: &str, parameters: &[(&str, &str)]) -> Outcome<Reply> {
        let request = parameters.iter().fold(Request::get(path), |r, (name, value)| r.query(*name, *value));
        self.send(request).await
    }

    /// The resources of a filtered query; anything but a 200 with a ListResponse is a deviation.
    pub async fn find(&mut self, path: &str, filter: &str) -> Outcome<Reply> {
        let reply = self.query(path, &[("filter", filter)]).await?;
        reply.is(&[200])?;
        reply.list()?;
        Ok(reply)
    }

    /// `GET` that must find the resource.
    pub async fn read(&mut self, made: &Made) -> Outcome<Reply> {
        let reply = self.get(&made.path).await?;
        reply.is(&[200])?;
        Ok(reply)
    }

    // ---- making ----

    pub fn generator(&mut self) -> Generator<'_> {
        Generator { salt: self.salt.clone(), dice: &mut self.dice }
    }

    pub fn user_body(&mut self, fill: Fill) -> Map<String, Value> {
        let world = self.world.clone();
        self.generator().resource(&world.schemas.user, fill)
    }

    pub fn group_body(&mut self) -> Map<String, Value> {
        let world = self.world.clone();
        match &world.schemas.group {
            Some(kind) => self.generator().resource(kind, Fill::Required),
            None => Map::new(),
        }
    }

    /// A body with more members: `{"emails": […], "urn:…:User": {…}}`.
    pub fn user_body_with(&mut self, more: Value) -> Map<String, Value> {
        let mut body = self.user_body(Fill::Required);
        merge(&mut body, more);
        body
    }

    /// A user that the check stands on; its failure says nothing about what is checked.
    pub async fn user(&mut self) -> Outcome<Made> {
        self.user_with(json!({})).await
    }

    pub async fn user_with(&mut self, more: Value) -> Outcome<Made> {
        let body = self.user_body_with(more);
        let path = self.users();
        self.make(&path, body).await
    }

    pub async fn full_user(&mut self) -> Outcome<Made> {
        let body = self.user_body(Fill::All);
        let path = self.users();
        self.make(&path, body).await
    }

    pub async fn several_users(&mut self, count: usize) -> Outcome<Vec<Made>> {
        let path = self.users();
        let bodies = (0..count).map(|_| self.user_body(Fill::Required)).collect();
        self.make_all(&path, bodies).await
    }

    pub async fn group(&mut self) -> Outcome<Made> {
        self.group_of(&[]).await
    }

    pub async fn group_of(&mut self, members: &[&Made]) -> Outcome<Made> {
        let mut body = self.group_body();
        if !members.is_empty() {
            body.insert("members".into(), member_values(members));
        }
        let path = self.groups();
        self.make(&path, body).await
    }

    pub async fn make(&mut self, path: &str, body: Map<String, Value>) -> Outcome<Made> {
        self.preparing = true;
        let reply = self.post(path, &Value::Object(body.clone())).await;
        self.preparing = false;
        made(path, body, &reply?)
    }

    pub async fn make_all(&mut self, path: &str, bodies: Vec<Map<String, Value>>) -> Outcome<Vec<Made>> {
        let mut all = Vec::new();
        // A few at a time: this prepares a check, it is no load test.
        for chunk in bodies.chunks(16) {
            if self.world.options.cancel.is_cancelled() {
                return Err(cannot_judge("the run was cancelled"));
            }
            let mut tasks = JoinSet::new();
            for body in chunk {
                let (world, body, path) = (self.world.clone(), body.clone(), path.to_owned());
                tasks.spawn(async move {
                    let request = Request::post(&path, &Value::Object(body.clone()));
                    let sent = world.wire.send(&request).await;
                    (body, request, sent)
                });
            }
            // Each answer is noted, whatever another one says: what was made is to be deleted.
            let mut outcomes = Vec::new();
            while let Some(done) = tasks.join_next().await {
                let (body, request, sent) = done.map_err(|e| cannot_judge(e.to_string()))?;
                self.preparing = true;
                outcomes.push((body, self.keep(&request, sent)));
                self.preparing = false;
            }
            for (body, kept) in outcomes {
                let reply = kept.map_err(|why| cannot_judge(format!("no answer to POST {path}: {why}")))?;
                all.push(made(path, body, &reply)?);
            }
        }
        // The evidence of many equal creates would bury what matters.
        if bodies.len() > 16 {
            self.exchanges.truncate(self.exchanges.len().saturating_sub(bodies.len() - 1));
        }
        Ok(all)
    }

    /// Send as preparation: anything but these statuses ends the check as "could not judge".
    pub async fn prepare(&mut self, request: Request, statuses: &[u16]) -> Outcome<Reply> {
        let what = format!("{} {} (preparation)", request.method, request.path);
        self.preparing = true;
        let reply = self.send(request).await;
        self.preparing = false;
        let reply = reply?;
        reply.is(statuses).map_err(|stop| stop.as_preparation(&what))?;
        Ok(reply)
    }

    pub async fn prepare_patch(&mut self, path: &str, operations: &Value) -> Outcome<Reply> {
        self.prepare(Request::patch(path, &patch_body(operations)), &[200, 204]).await
    }

    // ---- choosing attributes ----

    /// Paths of simple string attributes of the User that a client may set and clear at will.
    pub fn plain_attributes(&self, count: usize) -> Outcome<Vec<String>> {
        const FAVOURITES: &[&str] =
            &["displayName", "title", "nickName", "userType", "preferredLanguage", "locale"];
        let kind = self.user_kind();
        let suits = |path: &str| {
            kind.find(path).is_some_and(|f| {
                let a = f.leaf();
                a.kind == scim::attribute::AttributeType::String
                    && !a.multi_valued
                    && !a.required
                    && a.canonical_values.is_empty()
                    && a.uniqueness == scim::attribute::Uniqueness::None
                    && a.mutability == scim::attribute::Mutability::ReadWrite
                    && matches!(
                        a.returned,
                        scim::attribute::Returned::Default | scim::attribute::Returned::Always
                    )
            })
        };
        let found: Vec<String> =
            FAVOURITES.iter().filter(|p| suits(p)).take(count).map(|p| (*p).to_owned()).collect();
        if found.len() < count {
            return Err(not_applicable(format!(
                "the User schema has {} simple optional string attributes; the check needs {count}",
                found.len()
            )));
        }
        Ok(found)
    }

    pub fn plain_attribute(&self) -> Outcome<String> {
        Ok(self.plain_attributes(1)?.remove(0))
    }
}

fn made(path: &str, sent: Map<String, Value>, reply: &Reply) -> Outcome<Made> {
    let what = format!("POST {path} (preparation)");
    reply.is(&[201, 200]).map_err(|stop| stop.as_preparation(&what))?;
    let id = reply.id().map_err(|stop| stop.as_preparation(&what))?;
    let segment = scim_client::target::segment(&id)
        .map_err(|e| cannot_judge(format!("the id {} cannot be put into a URL: {e}", cut(&id, 80))))?;
    Ok(Made { id, path: format!("{path}/{segment}"), sent, body: reply.body.clone() })
}

/// `[{"value": id}, …]`
pub fn member_values(members: &[&Made]) -> Value {
    members.iter().map(|m| json!({ "value": m.id })).collect()
}

/// Objects are merged, everything else replaced; the URNs of extensions are added to `schemas`.
pub fn merge(body: &mut Map<String, Value>, more: Value) {
    let Value::Object(more) = more else { return };
    for (name, value) in more {
        if name.starts_with("urn:")
            && let Some(Value::Array(schemas)) = body.get_mut("schemas")
            && !schemas.iter().any(|s| s.as_str() == Some(&name))
        {
            schemas.push(name.clone().into());
        }
        match (body.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => {
                body.insert(name, value);
            }
        }
    }
}

/// The ids of a group's members.
pub fn member_ids(group: &Value) -> Vec<String> {
    member(group, "members")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|m| member(m, "value").and_then(Value::as_str).map(str::to_owned))
        .collect()
}

/// The group has exactly these members.
pub fn has_members(group: &Value, expected: &[&Made]) -> Outcome {
    let (mut got, mut wanted) =
        (member_ids(group), expected.iter().map(|m| m.id.clone()).collect::<Vec<_>>());
    got.sort();
    wanted.sort();
    if got == wanted {
        return Ok(());
    }
    Err(deviates(
        format!("{} members: {}", wanted.len(), shown(&json!(wanted))),
        format!("{}: {}", got.len(), shown(&json!(got))),
    ))
}
