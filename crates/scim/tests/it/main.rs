//! The protocol, tested as values.

mod check;
mod diff;
mod docs;
mod filter;
mod fixtures;
mod message;
mod patch;
mod projection;
mod property;
mod redact;
