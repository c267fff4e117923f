//! Cursors (RFC 9865): where a page ended, signed, and bound to the query that asked.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jiff::{SignedDuration, Timestamp};
use scim::discovery::CURSOR_TIMEOUT_SECONDS;
use scim::message::SearchRequest;
use scim::sort::SortOrder;
use scim::{Error, ScimType};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::TenantId;

use crate::query::Scope;
use crate::secret::{Secret, same};

const SIGNATURE: usize = 16;

/// Where the next page starts: behind this resource. Resources that come and go meanwhile move nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// 0 for users, 1 for groups: a query of the root lists users first.
    pub(crate) kind: u8,
    pub(crate) id: String,
    /// The sort key of that resource, if the query sorts.
    pub(crate) key: Option<Key>,
    /// The total counted for the first page, when counting again would mean evaluating every resource again.
    pub(crate) total: Option<u64>,
}

/// A [`scim::sort::SortKey`] of bounded length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Key {
    Boolean(bool),
    Number(f64),
    Date(i64),
    Text(String),
    Missing,
}

#[derive(Serialize, Deserialize)]
struct Token {
    issued: i64,
    count: usize,
    position: Position,
}

/// What a cursor belongs to. The cursor of one query is worth nothing in another.
pub(crate) struct Cursors<'a> {
    secret: &'a Secret,
    query: [u8; 32],
    count: usize,
    now: Timestamp,
}

impl<'a> Cursors<'a> {
    pub(crate) fn new(
        secret: &'a Secret,
        tenant: &TenantId,
        scope: Scope,
        request: &SearchRequest,
        count: usize,
        now: Timestamp,
    ) -> Self {
        let order = match request.sort_order {
            SortOrder::Ascending => "ascending",
            SortOrder::Descending => "descending",
        };
        let (filter, sort_by) = (request.filter.as_deref(), request.sort_by.as_deref());
        let mut query = Sha256::new();
        for part in [tenant.as_ref(), scope.name(), filter.unwrap_or(""), sort_by.unwrap_or(""), order] {
            query.update((part.len() as u64).to_be_bytes());
            query.update(part.as_bytes());
        }
        Self { secret, query: query.finalize().into(), count, now }
    }

    pub(crate) fn issue(&self, position: Position) -> Result<String, crate::Error> {
        let token = Token { issued: self.now.as_millisecond(), count: self.count, position };
        let mut bytes = serde_json::to_vec(&token).map_err(crate::Error::internal)?;
        let signature = self.sign(&bytes);
        bytes.extend_from_slice(&signature);
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// # Errors
    /// `invalidCursor`, `expiredCursor`, `invalidCount` (RFC 9865 §2.1)
    pub(crate) fn read(&self, cursor: &str) -> Result<Position, Error> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (body, signature) = bytes.split_last_chunk::<SIGNATURE>().ok_or_else(invalid)?;
        if !same(&self.sign(body), signature) {
            return Err(invalid());
        }
        let token: Token = serde_json::from_slice(body).map_err(|_| invalid())?;
        let issued = Timestamp::from_millisecond(token.issued).map_err(|_| invalid())?;
        if self.now.duration_since(issued) > SignedDuration::from_secs(CURSOR_TIMEOUT_SECONDS.into()) {
            let detail = format!(
                "the cursor is older than {CURSOR_TIMEOUT_SECONDS} seconds; start again with an empty cursor"
            );
            return Err(Error::new(ScimType::ExpiredCursor, detail));
        }
        if token.count != self.count {
            let detail = format!("count must stay {} while following a cursor", token.count);
            return Err(Error::new(ScimType::InvalidCount, detail));
        }
        Ok(token.position)
    }

    fn sign(&self, body: &[u8]) -> [u8; SIGNATURE] {
        let full = self.secret.sign(&[self.query.as_slice(), body].concat());
        full.first_chunk().copied().unwrap_or_default()
    }
}

fn invalid() -> Error {
    let detail = "the cursor is not one that this query was given; pass nextCursor unchanged, with the same parameters, \
                  or start again with an empty cursor";
    Error::new(ScimType::InvalidCursor, detail)
}
