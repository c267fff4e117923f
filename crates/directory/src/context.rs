//! Who asks, in which tenant, and what to remember about the request.

use std::net::IpAddr;

use scim::Resource;
use scim::projection::Projection;
use scim::quirk::Quirks;
use store::{Exchange, Kind, TenantId};

/// Who does something. Recorded with everything that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    Key {
        id: String,
        name: String,
    },
    Operator {
        id: String,
        name: String,
    },
    /// Somebody at the command line of the machine.
    Cli {
        user: String,
    },
    /// The server itself: clean-up by schedule.
    System,
}

impl std::fmt::Display for Actor {
    /// The form the audit log keeps: `key:ID name`, `operator:ID name`, `cli:USER`, `system`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key { id, name } => write!(f, "key:{id} {name}"),
            Self::Operator { id, name } => write!(f, "operator:{id} {name}"),
            Self::Cli { user } => write!(f, "cli:{user}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// Who asks and from where; enough for what belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub actor: Actor,
    pub request_id: String,
    pub address: Option<IpAddr>,
}

/// The household of an address, which limits count as one: an IPv6 client has a whole /64.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

/// One request to change something in a tenant.
pub struct Context {
    pub tenant: TenantId,
    pub actor: Actor,
    pub request_id: String,
    pub address: Option<IpAddr>,
    /// Makes the request-log entry that commits with the write; `None` for the console and the command line.
    pub record: Option<Recorder>,
    /// What [`Written::text`] shows; `None` if the values are wanted instead.
    pub shown_by: Option<Projection>,
}

impl Context {
    pub fn new(tenant: TenantId, caller: Caller) -> Self {
        let Caller { actor, request_id, address } = caller;
        Self { tenant, actor, request_id, address, record: None, shown_by: None }
    }

    #[must_use]
    pub fn recorded_by(mut self, record: Recorder) -> Self {
        self.record = Some(record);
        self
    }

    /// Have the outcome as it is sent.
    #[must_use]
    pub fn shown_by(mut self, projection: Projection) -> Self {
        self.shown_by = Some(projection);
        self
    }

    pub fn caller(&self) -> Caller {
        Caller { actor: self.actor.clone(), request_id: self.request_id.clone(), address: self.address }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tenant, actor, request_id, address, record, shown_by: _ } = self;
        f.debug_struct("Context")
            .field("tenant", tenant)
            .field("actor", actor)
            .field("request_id", request_id)
            .field("address", address)
            .field("record", &record.is_some())
            .finish()
    }
}

/// Given the outcome, on the writer's thread, makes the request-log entry that commits with the write. Keep it short.
pub type Recorder = Box<dyn FnOnce(&Written) -> Exchange + Send>;

/// What a write did.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// As it is returned in full: `id`, `meta`, a user's `groups`; a group's `members` only if `members_loaded`.
    /// After a delete, as it was before. Empty when [`Context::shown_by`] asks for the text.
    pub resource: Resource,
    /// The same as JSON text, as far as [`Context::shown_by`] shows it.
    pub text: Vec<u8>,
    pub id: String,
    pub kind: Kind,
    pub version: u64,
    /// A new resource was made (201); `false` when POST reactivated an inactive user (200).
    pub created: bool,
    /// Something was written. If not, the version is what it was.
    pub changed: bool,
    /// `false` for a group PATCH that leaves more members than are worth returning: answer 204.
    pub members_loaded: bool,
    /// For a group.
    pub member_count: Option<u64>,
    pub quirks: Quirks,
}

#[cfg(test)]
mod tests {
    use super::network_of;

    #[test]
    fn a_v6_household_is_one() {
        let same = |a: &str, b: &str| network_of(a.parse().unwrap()) == network_of(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
    }
}
