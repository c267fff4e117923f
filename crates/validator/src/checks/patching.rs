//! Make a user, PATCH it, read it, compare. On a deviation the request is reduced to what still shows it.

use serde_json::{Map, Value};

use crate::probe::{Made, Probe, patch_body};
use crate::shrink::Shrinker;
use crate::shrink::operations::{self, Part};
use crate::value::{has, lacks};
use crate::verdict::{Outcome, Stop};

/// One PATCH with what is to come of it.
#[derive(Debug, Clone)]
pub(super) struct Patching {
    /// Of the user to begin with.
    pub(super) body: Map<String, Value>,
    pub(super) operations: Vec<Value>,
    /// What is at each path afterwards; `null`: nothing.
    pub(super) expected: Vec<(String, Value)>,
    pub(super) read: Read,
}

/// How the user is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Get,
    /// By a filter on userName, as Entra and Microsoft's validator do.
    Filter,
}

/// What an attempt came to, other than as expected.
struct Failed {
    how: How,
    stop: Stop,
}

/// Two attempts that failed in the same way show the same deviation.
#[derive(Debug, Clone, PartialEq)]
enum How {
    /// The PATCH was answered with this status and scimType.
    Refused(u16, Option<String>),
    /// The PATCH was accepted, and another value is at the path.
    Wrong { path: String, expected: Value },
    /// Nothing to reduce: the user could not be read, or a preparation failed.
    Otherwise,
}

impl Patching {
    pub(super) async fn judge(&self, p: &mut Probe) -> Outcome {
        let Err(failed) = self.attempt(p).await else { return Ok(()) };
        let (fixed, free) = match &failed.how {
            How::Otherwise => return Err(failed.stop),
            // What the operations come to is compared no more: with fewer of them it is something else.
            How::Refused(..) => (Vec::new(), operations::parts(&self.operations)),
            How::Wrong { path, expected } => operations::split(&self.operations, path, expected),
        };
        Err(self.reduced(p, failed, fixed, free).await)
    }

    /// Fewer parts with which the same happens. Each attempt has a user of its own.
    async fn reduced(&self, p: &mut Probe, mut failed: Failed, fixed: Vec<Part>, free: Vec<Part>) -> Stop {
        let mut shrinker = if fixed.is_empty() { Shrinker::new(free) } else { Shrinker::beside(free) };
        let mut minimal = None;
        while let Some(candidate) = shrinker.candidate() {
            let operations =
                operations::operations(&self.operations, &[fixed.clone(), candidate.clone()].concat());
            let mut smaller = Self { operations, ..self.clone() };
            smaller.body.insert("userName".into(), p.generator().user_name().into());
            smaller.expected.retain(|(path, _)| match &failed.how {
                How::Wrong { path: wrong, .. } => path == wrong,
                _ => false,
            });
            match smaller.attempt(p).await {
                Err(again) if again.how == failed.how => {
                    minimal = Some(patch_body(&smaller.operations.into()));
                    failed = again;
                    shrinker.judge(true, candidate);
                }
                _ => shrinker.judge(false, candidate),
            }
        }
        match minimal {
            Some(minimal) => failed.stop.with_minimal(minimal),
            None => failed.stop,
        }
    }

    async fn attempt(&self, p: &mut Probe) -> Result<(), Failed> {
        let otherwise = |stop| Failed { how: How::Otherwise, stop };
        let path = p.users();
        let user = p.make(&path, self.body.clone()).await.map_err(otherwise)?;
        let outcome = self.on(p, &user).await;
        // The next attempt uses the same values, some of which may be unique.
        if outcome.is_err() {
            // When this fails, the end of the case deletes it; the finding counts in any case.
            let _ = p.delete(&user.path).await;
        }
        outcome
    }

    async fn on(&self, p: &mut Probe, user: &Made) -> Result<(), Failed> {
        let otherwise = |stop| Failed { how: How::Otherwise, stop };
        let operations = Value::from(self.operations.clone());
        let reply = p.patch(&user.path, &operations).await.map_err(otherwise)?;
        let scim_type = reply.scim_type().map(str::to_owned);
        reply.is(&[200, 204]).map_err(|stop| Failed { how: How::Refused(reply.status, scim_type), stop })?;
        let body = match self.read {
            Read::Get => p.read(user).await.map_err(otherwise)?.body,
            Read::Filter => {
                let path = p.users();
                let name = Value::from(user.name());
                let found = p.query(&path, &[("filter", &format!("userName eq {name}"))]).await;
                let found = found.map_err(otherwise)?;
                found.finds(&[&user.id]).map_err(otherwise)?;
                found.resources().first().cloned().unwrap_or_default()
            }
        };
        for (path, expected) in &self.expected {
            let compared = if expected.is_null() { lacks(&body, path) } else { has(&body, path, expected) };
            compared.map_err(|stop| Failed {
                how: How::Wrong { path: path.clone(), expected: expected.clone() },
                stop: stop.at(reply.exchange),
            })?;
        }
        Ok(())
    }
}
