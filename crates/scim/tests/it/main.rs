//! The protocol, tested as values.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod check;
mod diff;
mod directory;
mod docs;
mod examples;
mod filter;
mod fixtures;
mod message;
mod patch;
mod projection;
mod property;
mod redact;
