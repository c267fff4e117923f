//! The rules, on a store in a temporary folder, with a clock that stands still and seeded randomness.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod administration;
mod burden;
mod concurrency;
mod equivalence;
mod groups;
mod house;
mod keys;
mod operators;
mod query;
mod request_log;
mod restart;
mod source;
mod users;
