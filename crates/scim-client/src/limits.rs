//! Named maxima of everything a target can send or an administrator can type.

use std::time::Duration;

/// Bytes of a response body, unless an application's options say otherwise.
pub const BODY_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a body that are kept in an exchange.
pub const EVIDENCE_BYTES: usize = 64 * 1024;
/// Bytes of one header value that are kept in an exchange.
pub const EVIDENCE_HEADER_BYTES: usize = 2 * 1024;
/// Bytes of a response's head.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Header fields of a response.
pub const HEADERS: usize = 100;
/// Bytes of an `id` that a target gives.
pub const ID_BYTES: usize = 512;
/// Resources in one page.
pub const PAGE_ITEMS: usize = 10_000;
/// Bytes of a cursor that a target gives.
pub const CURSOR_BYTES: usize = 8 * 1024;
/// Bytes of the `detail` of an error message that are kept.
pub const DETAIL_BYTES: usize = 2 * 1024;
/// Bytes of a Tenant URL or token URL.
pub const URL_BYTES: usize = 2 * 1024;
/// Bytes of a token endpoint's answer.
pub const TOKEN_BODY_BYTES: usize = 64 * 1024;
/// Bytes of an access token.
pub const TOKEN_BYTES: usize = 16 * 1024;
/// Addresses of one name that are tried.
pub const ADDRESSES: usize = 8;

/// `Retry-After` is taken as at least this …
pub const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
/// … and at most this: a target cannot put itself off for a year.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// An idle connection is closed before most servers would close it (Node's default is 5 s), because a request that
/// meets a connection being closed has an unknown outcome.
pub const CONNECTION_IDLE: Duration = Duration::from_secs(4);
