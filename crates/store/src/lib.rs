//! The store remembers; it knows no rules. The only room with SQL.
//!
//! [`Store`] hands out closures' views of one transaction: [`TenantRead`] and [`TenantWrite`] of one tenant, reachable only
//! through [`Store::tenant`], and [`SystemRead`] and [`SystemWrite`] for what belongs to no tenant.
//!
//! A write is a closure that the writer runs in a savepoint; all that wait are committed together, on disk, before any is
//! acknowledged. Reads see one snapshot each and never wait for writes.

mod activity;
pub mod audit;
mod change;
mod copy;
mod database;
mod dump;
mod error;
mod exchange;
mod key;
mod membership;
mod migration;
mod narrow;
mod operator;
mod options;
mod postgres;
mod provisioning;
mod reader;
mod resource;
mod search;
mod session;
mod settings;
mod source;
mod sqlite;
mod store;
mod tenant;
mod tenant_id;
mod validation;
mod value;
mod writer;

pub use activity::{Activity, Failing, Hour};
pub use audit::{AuditEntry, AuditQuery, AuditRow};
pub use change::{ChangeKind, ChangeRow};
pub use copy::{Copied, copy};
pub use error::{Conflict, Error, Result};
pub use exchange::{Exchange, ExchangeQuery, ExchangeRow, StatusClass};
pub use key::KeyRow;
pub use membership::{GroupRef, MemberRow};
pub use narrow::Narrow;
pub use operator::{OperatorRow, RoleRow};
pub use options::{Location, Options, ServerUrl, Synchronous};
pub use provisioning::application::{ApplicationRow, AssignedRow, AssignmentRow};
pub use provisioning::cycle::{CycleCount, CycleRow};
pub use provisioning::job::{DueJob, JobProgress, JobRow, Lease};
pub use provisioning::link::{LinkCounts, LinkQuery, LinkRow, LinkedMember};
pub use provisioning::log::{LogEntry, LogQuery, LogRow};
pub use provisioning::plan::{PlanEntryRow, PlanRow};
pub use provisioning::standing::Leaving;
pub use provisioning::work::{IntentRow, Pass, WorkRow};
pub use resource::{Entry, IndexValue, Kind, Stats, Stored};
pub use search::{ListSort, SearchQuery};
pub use session::SessionRow;
pub use settings::{InactiveConflict, Settings, UnknownMembers};
pub use store::{Health, Store, SystemRead, SystemWrite, TenantRead, TenantStore, TenantWrite};
pub use tenant::TenantRow;
pub use tenant_id::TenantId;
pub use validation::{ValidationDocument, ValidationRow};

/// Rows of one tenant are numbered from `tenant * NUMBERS`.
pub(crate) const NUMBERS: i64 = 1 << 40;
