//! API keys: `mst_<keyid>_<secret><crc>`, bound to one tenant, shown once, kept as an HMAC.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{KeyRow, Settings, TenantId};

use crate::context::Context;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::key_cache::Known;
use crate::name;
use crate::random::Random;
use crate::secret::{Secret, same};
use crate::transaction::Transaction;

/// Days that a key lives when nothing is said.
pub const EXPIRY_DEFAULT_DAYS: i64 = 90;
/// Days that a key lives at most.
pub const EXPIRY_MAX_DAYS: i64 = 366;
/// Days that the old secret lives at most beside the new one.
pub const OVERLAP_MAX_DAYS: i64 = 7;

const PREFIX: &str = "mst_";
/// 256 bits in base 62.
const SECRET_CHARS: usize = 43;
const CRC_CHARS: usize = 6;
/// 64 bits in base 62.
const ID_CHARS: usize = 11;

/// What a key is good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Reading and writing users and groups.
    Scim2,
    /// Reading them.
    Scim2Read,
    /// Reading and changing enterprise applications and their provisioning.
    Provisioning,
    /// Reading them.
    ProvisioningRead,
    /// Reading and changing one application, by its id.
    ProvisioningOf(String),
}

impl Scope {
    /// Those that name no application.
    pub const ALL: [Scope; 4] = [Self::Scim2, Self::Scim2Read, Self::Provisioning, Self::ProvisioningRead];

    /// # Errors
    /// [`Error::Invalid`] naming the scopes there are.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Some(known) = Self::ALL.into_iter().find(|scope| scope.to_string().eq_ignore_ascii_case(text))
        {
            return Ok(known);
        }
        let application = text
            .split_at_checked(ONE_APPLICATION.len())
            .filter(|(head, _)| head.eq_ignore_ascii_case(ONE_APPLICATION))
            .and_then(|(_, id)| uuid::Uuid::parse_str(id).ok());
        if let Some(id) = application {
            return Ok(Self::ProvisioningOf(id.hyphenated().to_string()));
        }
        let known = Self::ALL.map(|scope| scope.to_string()).join(", ");
        let detail =
            format!("\"{text}\" is not a scope; there are: {known}, {ONE_APPLICATION}<application id>");
        Err(Error::invalid("scope", detail))
    }
}

/// Begins the scope of one application.
const ONE_APPLICATION: &str = "PROVISIONING:";

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scim2 => f.write_str("SCIM2"),
            Self::Scim2Read => f.write_str("SCIM2:READ"),
            Self::Provisioning => f.write_str("PROVISIONING"),
            Self::ProvisioningRead => f.write_str("PROVISIONING:READ"),
            Self::ProvisioningOf(id) => write!(f, "{ONE_APPLICATION}{id}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    pub name: String,
    pub scopes: Vec<Scope>,
    /// `None`: in 90 days.
    pub expires: Option<Timestamp>,
}

/// A request's key, found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Authenticated {
    pub key_id: String,
    pub key_name: String,
    pub scopes: Vec<Scope>,
    pub expires: Option<Timestamp>,
    /// The settings of the key's tenant, for the request that follows.
    pub settings: Settings,
}

impl Authenticated {
    /// Users and groups, through SCIM.
    pub fn may_read(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Scim2 | Scope::Scim2Read))
    }

    /// Users and groups, through SCIM.
    pub fn may_write(&self) -> bool {
        self.scopes.contains(&Scope::Scim2)
    }

    /// Every application; a key for one application sees that one only.
    pub fn may_read_applications(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Provisioning | Scope::ProvisioningRead))
    }

    pub fn may_write_applications(&self) -> bool {
        self.scopes.contains(&Scope::Provisioning)
    }

    pub fn may_read_application(&self, id: &str) -> bool {
        self.may_read_applications() || self.may_write_application(id)
    }

    pub fn may_write_application(&self, id: &str) -> bool {
        let this =
            |scope: &Scope| matches!(scope, Scope::ProvisioningOf(one) if one.eq_ignore_ascii_case(id));
        self.may_write_applications() || self.scopes.iter().any(this)
    }

    /// Anything of the provisioning API.
    pub fn may_provision(&self) -> bool {
        self.may_read_applications() || self.scopes.iter().any(|s| matches!(s, Scope::ProvisioningOf(_)))
    }
}

/// Why a request is not authenticated. The client is told 401 and no more than whether a key that it holds has run out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AuthError {
    /// Malformed, unknown, of another tenant, or for a tenant that does not exist: one answer for all.
    #[error("the API key is not valid here")]
    Invalid,
    #[error("the API key has expired; create a new one")]
    Expired { key_id: String, name: String },
    #[error("the API key has been revoked")]
    Revoked { key_id: String, name: String },
    #[error("{0}")]
    Failed(Error),
}

impl Directory {
    /// The row, and the key itself: it is shown this once and cannot be had again.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NoTenant`]
    pub async fn create_key(&self, cx: Context, key: NewKey) -> Result<(KeyRow, String)> {
        let now = self.now();
        let name = name::acceptable("name", &key.name)?;
        let scopes = scopes(&key.scopes)?;
        let expires = expiry(key.expires, now)?;
        let id = base62(&self.0.random.bytes::<8>(), ID_CHARS);
        let (shown, digest) = self.new_secret(&id);
        let row = KeyRow {
            id,
            name,
            scopes,
            digests: vec![(digest.to_vec(), None)],
            created: now,
            created_by: cx.actor.to_string(),
            expires: Some(expires),
            revoked: None,
            last_used: None,
            last_address: None,
        };
        let inserted = row.clone();
        self.administer(cx, move |t| {
            t.write.insert_key(&inserted)?;
            t.audit("key.create", None, Some(inserted.name.clone()), key_detail(&inserted))
        })
        .await?;
        Ok((row, shown))
    }

    /// A second secret; the one before stays good for `overlap`, so that clients can be changed over one by one.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Invalid`], [`Error::NoTenant`]
    pub async fn rotate_key(
        &self,
        cx: Context,
        key_id: &str,
        overlap: SignedDuration,
    ) -> Result<(KeyRow, String)> {
        if overlap.is_negative() || overlap > SignedDuration::from_hours(24 * OVERLAP_MAX_DAYS) {
            return Err(Error::invalid("overlap", format!("choose 0 to {OVERLAP_MAX_DAYS} days")));
        }
        let id = key_id.to_owned();
        let (shown, digest) = self.new_secret(key_id);
        let row = self
            .administer(cx, move |t| {
                let mut row = t.live_key(&id)?;
                let until = t.now.saturating_add(overlap).map_err(Error::internal)?;
                // Two secrets live at most: the one that was current, until the overlap ends, and the new one.
                row.digests.retain(|(_, end)| end.is_none());
                row.digests.iter_mut().for_each(|(_, end)| *end = Some(until));
                row.digests.push((digest.to_vec(), None));
                t.write.set_key_digests(&id, &row.digests)?;
                let detail = json!({ "key": id, "old_secret_until": until.to_string() });
                t.audit("key.rotate", None, Some(row.name.clone()), detail)?;
                Ok(row)
            })
            .await?;
        Ok((row, shown))
    }

    /// At once: the next request with this key is refused.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn revoke_key(&self, cx: Context, key_id: &str) -> Result<()> {
        let id = key_id.to_owned();
        self.administer(cx, move |t| {
            let row = t.live_key(&id)?;
            t.write.revoke_key(&id, t.now)?;
            t.audit("key.revoke", None, Some(row.name), json!({ "key": id }))
        })
        .await
    }

    /// All keys of the tenant, those revoked too, with their last use through this process; what others saw is at most a
    /// minute old.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn keys(&self, tenant: &TenantId) -> Result<Vec<KeyRow>> {
        let mut keys = self.0.store.tenant(tenant).read(|read| read.keys()).await?;
        self.0.last_used.add(&mut keys);
        Ok(keys)
    }

    /// Whether the bearer credential is a live key of this tenant.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn verify_key(
        &self,
        tenant: &TenantId,
        bearer: &str,
        address: Option<IpAddr>,
    ) -> Result<Arc<Authenticated>, AuthError> {
        self.identify(Some(tenant), bearer, address).await.map(|(_, key)| key)
    }

    /// The tenant that a live key belongs to: where the address names none, the key alone says whose data it is about.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn identify_key(
        &self,
        bearer: &str,
        address: Option<IpAddr>,
    ) -> Result<(TenantId, Arc<Authenticated>), AuthError> {
        self.identify(None, bearer, address).await
    }

    async fn identify(
        &self,
        tenant: Option<&TenantId>,
        bearer: &str,
        address: Option<IpAddr>,
    ) -> Result<(TenantId, Arc<Authenticated>), AuthError> {
        // A typing error or a random guess is seen without looking anything up.
        let id = key_id(bearer).ok_or(AuthError::Invalid)?;
        let digest = self.0.secrets.keys.sign(bearer.as_bytes());
        let now = self.now();
        let known = self.known_key(id, now).await.map_err(AuthError::Failed)?;
        let good = known.digests.iter().fold(false, |good, (stored, until)| {
            good | (same(stored, &digest) & until.is_none_or(|until| now < until))
        });
        let owner = known.owner.as_ref().filter(|owner| good && tenant.is_none_or(|tenant| tenant == *owner));
        let Some(owner) = owner else { return Err(AuthError::Invalid) };
        let named = || (known.key.key_id.clone(), known.key.key_name.clone());
        if known.revoked.is_some() {
            let (key_id, name) = named();
            return Err(AuthError::Revoked { key_id, name });
        }
        if known.key.expires.is_some_and(|expires| now >= expires) {
            let (key_id, name) = named();
            return Err(AuthError::Expired { key_id, name });
        }
        self.0.last_used.note(owner, &known.key.key_id, now, address);
        Ok((owner.clone(), known.key.clone()))
    }

    /// The key as it was read a moment ago, or as it is; [`NOBODY`] if there is none.
    async fn known_key(&self, id: &str, now: Timestamp) -> Result<Arc<Known>> {
        let ticket = match self.0.known_keys.find(id, now) {
            Ok(known) => return Ok(known),
            Err(ticket) => ticket,
        };
        let found = self.0.store.read(|read| Ok::<_, Error>(read.key(id)?)).await?;
        let Some((owner, row, settings)) = found else { return Ok(NOBODY.clone()) };
        let key = Authenticated {
            key_id: row.id.clone(),
            key_name: row.name.clone(),
            scopes: row.scopes.iter().filter_map(|scope| Scope::parse(scope).ok()).collect(),
            expires: row.expires,
            settings,
        };
        let known = Arc::new(Known::new(owner, row, key, now));
        self.0.known_keys.keep(ticket, known.clone());
        Ok(known)
    }

    /// A key with a fresh secret, and the digest that is stored of it.
    fn new_secret(&self, id: &str) -> (String, [u8; 32]) {
        let shown = compose(id, &self.0.random);
        let digest = digest(&self.0.secrets.keys, &shown);
        (shown, digest)
    }
}

impl Transaction<'_> {
    fn live_key(&self, id: &str) -> Result<KeyRow> {
        let row = self.write.key(id)?.filter(|row| row.revoked.is_none());
        row.ok_or_else(|| Error::Unknown { what: "API key", name: id.to_owned() })
    }
}

/// Stands in for a key that does not exist, so that the comparison takes place all the same.
static NOBODY: LazyLock<Arc<Known>> = LazyLock::new(|| {
    let key = Authenticated {
        key_id: String::new(),
        key_name: String::new(),
        scopes: Vec::new(),
        expires: None,
        settings: Settings::default(),
    };
    Arc::new(Known {
        owner: None,
        digests: vec![(vec![0; 32], None)],
        revoked: None,
        key: Arc::new(key),
        read_at: Timestamp::UNIX_EPOCH,
    })
});

fn digest(secret: &Secret, key: &str) -> [u8; 32] {
    secret.sign(key.as_bytes())
}

fn key_detail(row: &KeyRow) -> serde_json::Value {
    json!({
        "key": row.id,
        "scopes": row.scopes,
        "expires": row.expires.map(|at| at.to_string()),
    })
}

fn scopes(scopes: &[Scope]) -> Result<Vec<String>> {
    if scopes.is_empty() {
        return Err(Error::invalid("scope", "choose at least one scope, such as SCIM2"));
    }
    let mut names: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn expiry(asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let in_days =
        |days: i64| now.saturating_add(SignedDuration::from_hours(24 * days)).map_err(Error::internal);
    let expires = match asked {
        Some(expires) => expires,
        None => in_days(EXPIRY_DEFAULT_DAYS)?,
    };
    if expires <= now {
        return Err(Error::invalid("expires", "the expiry lies in the past"));
    }
    if expires > in_days(EXPIRY_MAX_DAYS)? {
        return Err(Error::invalid(
            "expires",
            format!("a key lives at most {EXPIRY_MAX_DAYS} days; rotate it instead"),
        ));
    }
    Ok(expires)
}

fn compose(id: &str, random: &Random) -> String {
    let body = format!("{PREFIX}{id}_{}", base62(&random.bytes::<32>(), SECRET_CHARS));
    let crc = crc(&body);
    body + &crc
}

/// The id in a well-formed key: right prefix, lengths and checksum.
fn key_id(key: &str) -> Option<&str> {
    let (id, secret) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    if id.len() != ID_CHARS || secret.len() != SECRET_CHARS + CRC_CHARS || !plain(id) || !plain(secret) {
        return None;
    }
    let (body, checksum) = key.split_at_checked(key.len().checked_sub(CRC_CHARS)?)?;
    (crc(body) == checksum).then_some(id)
}

fn crc(body: &str) -> String {
    base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CRC_CHARS)
}

/// The bytes as a number in base 62, with leading zeros.
fn base62(bytes: &[u8], width: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = vec![0_u32; width];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += *digit * 256;
            *digit = carry % 62;
            carry /= 62;
        }
    }
    digits.into_iter().filter_map(|digit| DIGITS.get(digit as usize)).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_what_it_prints() {
        let id = "019a2f6e-0000-7000-8000-0000000000aa";
        for scope in Scope::ALL.into_iter().chain([Scope::ProvisioningOf(id.to_owned())]) {
            assert_eq!(Scope::parse(&scope.to_string()), Ok(scope.clone()));
            assert_eq!(Scope::parse(&format!(" {} ", scope.to_string().to_lowercase())), Ok(scope));
        }
        for wrong in ["", "SCIM", "PROVISIONING:", "PROVISIONING:x", "PROVISIONING:WRITE"] {
            assert!(Scope::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_scope_allows_its_own_and_nothing_else() {
        let id = "019a2f6e-0000-7000-8000-0000000000aa";
        let may = |scope: Scope| {
            let key = Authenticated {
                key_id: String::new(),
                key_name: String::new(),
                scopes: vec![scope],
                expires: None,
                settings: Settings::default(),
            };
            [
                key.may_read(),
                key.may_write(),
                key.may_read_applications(),
                key.may_write_applications(),
                key.may_read_application(id),
                key.may_write_application(id),
                key.may_write_application("019a2f6e-0000-7000-8000-0000000000bb"),
                key.may_provision(),
            ]
            .map(u8::from)
        };
        assert_eq!(may(Scope::Scim2), [1, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(may(Scope::Scim2Read), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(may(Scope::Provisioning), [0, 0, 1, 1, 1, 1, 1, 1]);
        assert_eq!(may(Scope::ProvisioningRead), [0, 0, 1, 0, 1, 0, 0, 1]);
        assert_eq!(may(Scope::ProvisioningOf(id.into())), [0, 0, 0, 0, 1, 1, 0, 1]);
    }

    #[test]
    fn a_key_is_refused_unless_it_is_exactly_right() {
        let key = compose("abcDEF01234", &Random::seeded(1));
        assert_eq!(key_id(&key), Some("abcDEF01234"));
        assert_eq!(key.len(), PREFIX.len() + ID_CHARS + 1 + SECRET_CHARS + CRC_CHARS);
        let swapped: String = key.chars().rev().collect();
        let longer = format!("{key}0");
        let other_case = key.to_ascii_uppercase();
        let cut = &key[..key.len() - 1];
        for wrong in [
            "",
            "mst_",
            "Bearer",
            "null",
            "undefined",
            &swapped,
            &longer,
            &other_case,
            cut,
            &key.replace('m', "ı"),
        ] {
            assert_eq!(key_id(wrong), None, "{wrong}");
        }
        for at in PREFIX.len()..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(key_id(&String::from_utf8(bytes).unwrap()), None, "a typing error at {at}");
        }
    }

    #[test]
    fn base62_is_a_number() {
        for (bytes, expect) in [(&[0_u8][..], "000"), (&[61], "00z"), (&[62], "010"), (&[255, 255], "H31")] {
            assert_eq!(base62(bytes, 3), expect);
        }
        assert_eq!(base62(&[255; 32], SECRET_CHARS).len(), SECRET_CHARS);
    }
}
