//! Operators' sessions: an opaque random id in a cookie, its digest in the store.

use std::net::IpAddr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{SessionRow, TenantId};

use crate::audit::system_entry;
use crate::context::{Actor, Caller};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::operator::Operator;
use crate::secret::same;

/// A session ends this long after sign-in.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// A session ends after this long without a request.
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// How long the password counts as just given, for what asks for it again.
pub const RECENT: SignedDuration = SignedDuration::from_mins(15);
/// A request later than this after the last one noted is noted.
const NOTE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A session that was just begun.
#[derive(Clone)]
pub struct SignedIn {
    /// The value of the cookie; it exists nowhere else.
    pub token: String,
    pub session: Session,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("operator", &self.session.operator.name).finish_non_exhaustive()
    }
}

/// Who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// As it is now: a role taken away is gone with the next request.
    pub operator: Operator,
    /// The token that every form of this session carries.
    pub csrf: String,
    /// The tenant that the console shows.
    pub tenant: Option<TenantId>,
    pub signed_in: Timestamp,
    /// The password was given in the last 15 minutes.
    pub recent: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("operator", &self.operator.name)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The operator as the one who acts.
    pub fn caller(&self, request_id: impl Into<String>, address: Option<IpAddr>) -> Caller {
        let actor = Actor::Operator { id: self.operator.id.clone(), name: self.operator.name.clone() };
        Caller { actor, request_id: request_id.into(), address }
    }
}

/// An operator who gave the right password, and the hash that it was compared with.
pub(crate) struct Proven {
    operator: Operator,
    password_hash: String,
}

/// The one answer to a wrong name, a wrong password and a disabled operator.
fn refused() -> Error {
    Error::Forbidden("the name or the password is wrong".to_owned())
}

impl Directory {
    /// # Errors
    /// [`Error::Forbidden`] (one text whatever was wrong), [`Error::Throttled`]
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
        request_id: &str,
    ) -> Result<SignedIn> {
        let now = self.now();
        let Proven { operator, password_hash } =
            self.prove(name, password, address, request_id, "sign_in.failed").await?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(self.0.random.bytes::<32>());
        let row = SessionRow {
            digest: self.digest(&token).to_vec(),
            operator: operator.id.clone(),
            tenant: None,
            created: now,
            signed_in: now,
            last_seen: now,
            address: address.map(|a| a.to_string()),
            user_agent: None,
        };
        let session = self.present(&token, operator, &row, now);
        let caller = session.caller(request_id, address);
        let name = Some(session.operator.name.clone());
        self.0
            .store
            .write(move |write| {
                // Meanwhile the password may have been changed or the operator disabled, which ended all sessions.
                let still = write.operator(&row.operator)?;
                if still.is_none_or(|o| o.disabled.is_some() || o.password_hash != password_hash) {
                    return Err(refused());
                }
                write.insert_session(&row)?;
                write.append_system_audit(system_entry(&caller, now, "sign_in", name, json!({})))?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(SignedIn { token, session })
    }

    /// The session of a cookie, if it lives; it lives on for another half hour.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn session(&self, token: &str) -> Result<Option<Session>> {
        let (now, digest) = (self.now(), self.digest(token));
        let found = self
            .0
            .store
            .read(|read| {
                let Some(row) = read.session(&digest)? else { return Ok(None) };
                let Some(operator) = self.read_operator(read, &row.operator)? else { return Ok(None) };
                Ok::<_, Error>(Some((row, operator)))
            })
            .await?;
        let Some((row, operator)) = found else { return Ok(None) };
        let over = now.duration_since(row.created) >= LIFETIME || now.duration_since(row.last_seen) >= IDLE;
        if over || operator.disabled {
            return Ok(None);
        }
        if now.duration_since(row.last_seen) >= NOTE_EVERY {
            self.0
                .store
                .write(move |write| Ok::<_, Error>(write.touch_session(&digest, now).map(drop)?))
                .await?;
        }
        Ok(Some(self.present(token, operator, &row, now)))
    }

    /// The password once more, for what asks for it again: [`Session::recent`] holds afterwards.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Throttled`]
    pub async fn confirm_password(
        &self,
        token: &str,
        password: &str,
        address: Option<IpAddr>,
        request_id: &str,
    ) -> Result<()> {
        let session = self.session(token).await?.ok_or_else(refused)?;
        self.prove(&session.operator.name, password, address, request_id, "confirm.failed").await?;
        let (digest, now) = (self.digest(token), self.now());
        self.0.store.write(move |write| Ok(write.confirm_session(&digest, now).map(drop)?)).await
    }

    /// # Errors
    /// [`Error::Internal`]
    pub async fn sign_out(&self, token: &str, caller: Caller) -> Result<()> {
        let (digest, now) = (self.digest(token), self.now());
        self.0
            .store
            .write(move |write| {
                write.end_session(&digest)?;
                write.append_system_audit(system_entry(&caller, now, "sign_out", None, json!({})))?;
                Ok::<_, Error>(())
            })
            .await
    }

    /// Which tenant the console shows from now on.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn select_tenant(&self, token: &str, tenant: Option<TenantId>) -> Result<()> {
        let digest = self.digest(token);
        self.0.store.write(move |write| Ok(write.select_tenant(&digest, tenant.as_ref()).map(drop)?)).await
    }

    /// Whether a form belongs to the session.
    pub fn csrf_matches(&self, token: &str, csrf: &str) -> bool {
        same(self.csrf(token).as_bytes(), csrf.as_bytes())
    }

    /// For forms shown before there is a session: a value bound to a random cookie.
    pub fn csrf(&self, token: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.secrets.csrf.sign(token.as_bytes()))
    }

    pub(crate) fn digest(&self, token: &str) -> [u8; 32] {
        self.0.secrets.sessions.sign(token.as_bytes())
    }

    fn present(&self, token: &str, operator: Operator, row: &SessionRow, now: Timestamp) -> Session {
        Session {
            operator,
            csrf: self.csrf(token),
            tenant: row.tenant.clone(),
            signed_in: row.signed_in,
            recent: now.duration_since(row.signed_in) < RECENT,
        }
    }

    /// The operator of that name, if the password is right. Failures are audited, and slow down the next attempt.
    pub(crate) async fn prove(
        &self,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
        request_id: &str,
        action: &'static str,
    ) -> Result<Proven> {
        let (now, folded) = (self.now(), scim::compare::fold(name.trim()));
        self.0.passwords.may_try(&folded, address, now)?;
        if password.len() > crate::password::PASSWORD_MAX || folded.len() > 1024 {
            return Err(refused());
        }
        let row = self.0.store.read(|read| Ok::<_, Error>(read.operator_by_name(&folded)?)).await?;
        let usable = row.as_ref().filter(|row| row.disabled.is_none());
        let right = self.0.passwords.verify(password, usable.map(|row| row.password_hash.clone())).await?;
        if let (true, Some(row)) = (right, usable) {
            self.0.passwords.succeeded(&folded, address);
            let operator = self.operator(&row.id).await?;
            return Ok(Proven { operator, password_hash: row.password_hash.clone() });
        }
        self.0.passwords.failed(&folded, address, now);
        // A name that is not an operator's may be a password typed into the wrong field; it is not written down.
        let caller = Caller { actor: Actor::System, request_id: request_id.to_owned(), address };
        let known = row.map(|row| row.name);
        self.0
            .store
            .write(move |write| {
                let detail = json!({ "known_name": known.is_some() });
                write.append_system_audit(system_entry(&caller, now, action, known, detail))?;
                Ok::<_, Error>(())
            })
            .await?;
        Err(refused())
    }
}
