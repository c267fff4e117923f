//! The first question of a cycle: whether the target is there, lets us in and answers as SCIM asks.

use std::sync::atomic::Ordering;

use scim::message::SearchRequest;
use scim_client::{Failure, FailureKind};
use store::Kind;

use super::run::{Run, Side};

/// What a probe found in the way.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// Nothing will work until somebody acts.
    Lasting(String),
    /// It may pass.
    Passing(String),
}

impl Obstacle {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Lasting(text) | Self::Passing(text) => text,
        }
    }
}

impl Run {
    /// As Entra does: ask for an object that cannot exist, by the matching attribute. 200 with nothing found is the answer.
    pub(crate) async fn probe(&self, nobody: &str) -> Result<(), Obstacle> {
        for kind in [Kind::User, Kind::Group] {
            let Some(side) = self.side(kind) else { continue };
            match self.endpoint.query(kind.endpoint(), &question(side, kind, nobody)).await {
                Ok(answer) => {
                    if !answer.value.items.is_empty() {
                        // Whoever answers a question about nobody with somebody does not read the question.
                        self.learnt.ignores_filters.store(true, Ordering::Relaxed);
                    }
                }
                Err(failure) if kind == Kind::Group && lacks_groups(&failure) => {
                    self.learnt.no_groups.store(true, Ordering::Relaxed);
                }
                Err(failure) => return Err(obstacle(&failure)),
            }
        }
        Ok(())
    }
}

fn question(side: &Side, kind: Kind, nobody: &str) -> SearchRequest {
    let attribute = side.mapper.matching().first().map_or("userName", |rule| rule.path.as_str()).to_owned();
    SearchRequest {
        filter: Some(format!("{attribute} eq \"{nobody}\"")),
        excluded_attributes: if kind == Kind::Group { vec!["members".into()] } else { Vec::new() },
        ..SearchRequest::default()
    }
}

fn lacks_groups(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::NotFound | FailureKind::Unsupported)
}

fn obstacle(failure: &Failure) -> Obstacle {
    let text = format!("{} {}", failure.cause(), failure.hint());
    if failure.kind == FailureKind::NotFound {
        return Obstacle::Lasting(format!(
            "SystemForCrossDomainIdentityManagementServiceIncompatible: the target answers 404 where a search that finds nothing \
             is 200 with an empty list (RFC 7644 §3.4.2). {text}"
        ));
    }
    if failure.is_transient() { Obstacle::Passing(text) } else { Obstacle::Lasting(text) }
}
