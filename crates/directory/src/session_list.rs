//! An operator's own sessions: see them, end those that are somewhere else.

use jiff::Timestamp;
use serde_json::json;

use crate::audit::system_entry;
use crate::context::Caller;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::session::{IDLE, LIFETIME};

/// A live session, without anything that would let one use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    pub created: Timestamp,
    pub last_seen: Timestamp,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// The session that asks.
    pub is_current: bool,
}

impl Directory {
    /// The live sessions of an operator, the newest first; `token` is the one that asks.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn sessions_of(&self, operator: &str, token: &str) -> Result<Vec<SessionInfo>> {
        let (now, digest) = (self.now(), self.digest(token));
        let rows = self.0.store.read(|read| Ok::<_, Error>(read.sessions_of(operator)?)).await?;
        let live = rows.into_iter().filter(|row| {
            now.duration_since(row.created) < LIFETIME && now.duration_since(row.last_seen) < IDLE
        });
        let told = live.map(|row| SessionInfo {
            created: row.created,
            last_seen: row.last_seen,
            address: row.address,
            user_agent: row.user_agent,
            is_current: row.digest == digest,
        });
        Ok(told.collect())
    }

    /// End every session of an operator but the one that asks; how many that were.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn end_other_sessions(&self, operator: &str, token: &str, caller: Caller) -> Result<u64> {
        let (now, digest, operator) = (self.now(), self.digest(token), operator.to_owned());
        self.0
            .store
            .write(move |write| {
                let others = write.sessions_of(&operator)?.into_iter().filter(|row| row.digest != digest);
                let mut ended = 0;
                for row in others {
                    ended += u64::from(write.end_session(&row.digest)?);
                }
                let entry = system_entry(&caller, now, "session.end_others", None, json!({ "ended": ended }));
                write.append_system_audit(entry)?;
                Ok::<_, Error>(ended)
            })
            .await
    }
}
