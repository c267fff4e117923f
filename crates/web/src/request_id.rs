//! The name and the beginning of one request.

use std::net::IpAddr;
use std::time::Instant;

use http::HeaderName;
use jiff::Timestamp;

/// Always made here. One that a client sent would let it choose what our logs say.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Put into every request before it is routed.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// In the answer's `x-request-id`, in the log line, in the audit and the request log.
    pub(crate) request_id: String,
    pub(crate) at: Timestamp,
    pub(crate) started: Instant,
    /// The client's address, by [`crate::client_address`].
    pub(crate) address: Option<IpAddr>,
}

/// The same name for the pages of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub(crate) String);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
