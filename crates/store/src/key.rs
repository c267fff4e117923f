//! API keys: digests only, never the keys.

use jiff::Timestamp;

use crate::database::{changed, find, list, run, settled};
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::store::{SystemRead, TenantRead, TenantWrite};
use crate::tenant::settings;
use crate::tenant_id::TenantId;
use crate::value::{Row, params, time, time_if};

#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub id: String,
    pub name: String,
    pub scopes: Vec<String>,
    /// Of each secret that is good, and until when; the current one has no end of its own. Two at most.
    pub digests: Vec<(Vec<u8>, Option<Timestamp>)>,
    pub created: Timestamp,
    pub created_by: String,
    pub expires: Option<Timestamp>,
    pub revoked: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    pub last_address: Option<String>,
}

impl std::fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRow").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> Result<KeyRow> {
    let scopes: String = row.get(2)?;
    let former: Option<Vec<u8>> = row.get(4)?;
    let until = time_if(row, 5)?;
    let digests = former.map(|digest| (digest, until)).into_iter().chain([(row.get(3)?, None)]).collect();
    Ok(KeyRow {
        id: row.get(0)?,
        name: row.get(1)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        digests,
        created: time(row, 6)?,
        created_by: row.get(7)?,
        expires: time_if(row, 8)?,
        revoked: time_if(row, 9)?,
        last_used: time_if(row, 10)?,
        last_address: row.get(11)?,
    })
}

impl SystemRead<'_> {
    /// A key by its id, with its tenant and that tenant's settings: what every request needs, in one look-up.
    pub fn key(&self, id: &str) -> Result<Option<(TenantId, KeyRow, Settings)>> {
        let sql = "SELECT k.id, k.name, k.scopes, k.digest, k.former_digest, k.former_until, k.created_at, k.created_by, \
                   k.expires_at, k.revoked_at, k.last_used_at, k.last_address, t.id, t.settings \
                   FROM api_key k JOIN tenant t ON t.number = k.tenant WHERE k.id = ?1";
        let found = find(self.db, sql, params![id], |row| {
            Ok((row.get::<String>(12)?, read(row)?, settings(row, 13)?))
        })?;
        Ok(found.and_then(|(tenant, key, settings)| Some((TenantId::parse(&tenant)?, key, settings))))
    }
}

impl TenantRead<'_> {
    /// The newest first.
    pub fn keys(&self) -> Result<Vec<KeyRow>> {
        let sql = "SELECT id, name, scopes, digest, former_digest, former_until, created_at, created_by, expires_at, \
                   revoked_at, last_used_at, last_address FROM api_key WHERE tenant = ?1 ORDER BY created_at DESC, id";
        list(self.db, sql, params![self.tenant], read)
    }

    pub fn key(&self, id: &str) -> Result<Option<KeyRow>> {
        let sql = "SELECT id, name, scopes, digest, former_digest, former_until, created_at, created_by, expires_at, \
                   revoked_at, last_used_at, last_address FROM api_key WHERE tenant = ?1 AND id = ?2";
        find(self.db, sql, params![self.tenant, id], read)
    }
}

impl TenantWrite<'_> {
    pub fn insert_key(&self, key: &KeyRow) -> Result<()> {
        let sql = "INSERT INTO api_key (id, tenant, name, scopes, digest, created_at, created_by, expires_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let parameters = params![
            key.id,
            self.tenant,
            key.name,
            key.scopes.join(" "),
            current_and_former(&key.digests)?.0,
            key.created.as_millisecond(),
            key.created_by,
            key.expires.map(Timestamp::as_millisecond)
        ];
        settled(self.db, sql, parameters)
    }

    /// `false` if there is no such key.
    pub fn set_key_digests(&self, id: &str, digests: &[(Vec<u8>, Option<Timestamp>)]) -> Result<bool> {
        let sql = "UPDATE api_key SET digest = ?3, former_digest = ?4, former_until = ?5 WHERE tenant = ?1 AND id = ?2";
        let (current, former) = current_and_former(digests)?;
        let until = former.and_then(|(_, until)| *until).map(Timestamp::as_millisecond);
        Ok(changed(self.db, sql, params![self.tenant, id, current, former.map(|(digest, _)| digest), until])?
            > 0)
    }

    /// `false` if there is no such key or it was revoked before.
    pub fn revoke_key(&self, id: &str, at: Timestamp) -> Result<bool> {
        let sql = "UPDATE api_key SET revoked_at = ?3 WHERE tenant = ?1 AND id = ?2 AND revoked_at IS NULL";
        Ok(changed(self.db, sql, params![self.tenant, id, at.as_millisecond()])? > 0)
    }

    /// When and from where keys were last used.
    pub fn touch_keys(&self, uses: &[(String, Timestamp, Option<String>)]) -> Result<()> {
        let sql = "UPDATE api_key SET last_used_at = ?3, last_address = ?4 WHERE tenant = ?1 AND id = ?2";
        for (id, at, address) in uses {
            run(self.db, sql, params![self.tenant, id, at.as_millisecond(), address])?;
        }
        Ok(())
    }
}

type Digest = (Vec<u8>, Option<Timestamp>);

fn current_and_former(digests: &[Digest]) -> Result<(&[u8], Option<&Digest>)> {
    let current = digests.iter().find(|(_, until)| until.is_none());
    let (current, _) = current.ok_or_else(|| Error::Corrupt("a key without a current secret".into()))?;
    Ok((current, digests.iter().find(|(_, until)| until.is_some())))
}
