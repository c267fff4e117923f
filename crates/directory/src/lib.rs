//! The service provider's rules: what may be created, changed and seen. A verb a file.
//!
//! [`Directory`] is the one door; `web` and the command line go through it and cannot reach the store.
//! Everything one write does happens in one transaction: see [`mod@patch`] for the walk of one request.
//!
//! | to … | see |
//! |---|---|
//! | change resources | [`create`], [`replace`], [`mod@patch`], [`delete`], [`restore`], [`membership`] |
//! | read resources | [`get`], [`query`], [`listing`], [`source`] |
//! | know who asks | [`key`], [`key_cache`], [`operator`], [`session`] |
//! | administer | [`tenant`], [`settings`] |
//! | look back | [`audit`], [`request_log`], [`statistics`], [`validation`] |
//! | keep house | [`maintenance`] |

mod directory;

pub mod activity;
pub mod audit;
pub mod clock;
pub mod context;
pub mod create;
mod cursor;
pub mod delete;
pub mod error;
pub mod get;
mod index;
pub mod key;
pub mod key_cache;
mod last_used;
pub mod listing;
pub mod location;
pub mod maintenance;
mod member_move;
pub mod membership;
mod name;
mod narrow;
pub mod operator;
mod page_token;
pub mod password;
pub mod patch;
mod prefilter;
pub mod query;
pub mod random;
mod refusal_buffer;
pub mod replace;
mod representation;
pub mod request_log;
pub mod restore;
pub mod secret;
pub mod session;
pub mod session_list;
pub mod settings;
mod shown;
pub mod source;
pub mod statistics;
pub mod tenant;
mod transaction;
pub mod validation;
pub mod version;

pub use audit::Verdict;
pub use clock::{Clock, FixedClock, SystemClock};
pub use context::{Actor, Caller, Context, Recorder, Written};
pub use directory::Directory;
pub use error::{Error, Result};
pub use get::{Found, Text};
pub use key::{AuthError, Authenticated, NewKey, Scope as KeyScope};
pub use key_cache::KeyCache;
pub use listing::{ListQuery, Listing, Members};
pub use location::{PublicUrl, scim_type};
pub use member_move::{Heads, Move, MovePlace, Moves};
pub use operator::{Grant, Operator, Permission, Role};
pub use query::{Answer, ListText, Scope};
pub use random::Random;
pub use secret::Secret;
pub use session::{Session, SignedIn};
pub use session_list::SessionInfo;
pub use source::{Changes, SourceRead, SourceState};
pub use statistics::Statistics;
pub use tenant::Tenant;
pub use version::{Precondition, Tags, etag};

pub use store::{Activity, Failing, Hour};
pub use store::{
    AuditQuery, AuditRow, ChangeKind, ChangeRow, Exchange, ExchangeQuery, ExchangeRow, GroupRef,
    InactiveConflict, KeyRow, Kind, ListSort, MemberRow, Settings, StatusClass, Stored, TenantId,
    UnknownMembers, ValidationDocument, ValidationRow,
};
