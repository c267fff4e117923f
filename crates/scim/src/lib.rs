//! The SCIM 2.0 protocol as values (RFC 7643, RFC 7644, RFC 9865).
//!
//! Pure functions of their arguments: no I/O, no clock, no randomness, no tenant, no HTTP, no SQL.
//! Every input that a client can send is bounded by [`limits`] and answered by a [`Result`], never a panic.
//!
//! | to … | see |
//! |---|---|
//! | read JSON from a client | [`json`] |
//! | describe attributes, schemas, resource types | [`attribute`], [`schema`] |
//! | name an attribute | [`path`] |
//! | parse, print, evaluate a filter | [`filter`] |
//! | validate and normalize a whole resource | [`check`] |
//! | apply a PATCH | [`patch`] |
//! | say what a response may show | [`projection`] |
//! | order resources | [`sort`] |
//! | say what changed | [`diff`] |
//! | tolerate a known client's deviation, by name | [`quirk`] |

pub mod attribute;
pub mod check;
pub mod compare;
pub mod diff;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod invisible;
pub mod json;
pub mod limits;
pub mod message;
pub mod patch;
pub mod path;
pub mod projection;
pub mod quirk;
pub mod redact;
pub mod schema;
pub mod sort;
pub mod text;
pub mod urn;

pub use error::{Error, Result, ScimType};

/// A resource as JSON: the object whose keys are attribute names and extension URNs.
///
/// Keys are in schema spelling once [`check::check`] or [`patch::apply`] has returned it.
/// `id`, `meta` and the read-only `groups` are not stored in it; the server adds them when it answers.
pub type Resource = serde_json::Map<String, serde_json::Value>;
