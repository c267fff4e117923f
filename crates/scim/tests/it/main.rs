//! The protocol, tested as values.

mod filter;
mod message;
