//! JSON from a client: one value, bounded depth, no duplicate keys, no NUL (RFC 7644 §3.12 `invalidSyntax`).

use serde_json::Value;

use crate::error::Result;

/// # Errors
/// `invalidSyntax` with line and column.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    let _ = bytes;
    todo!()
}
