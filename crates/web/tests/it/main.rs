//! The web front, whole: requests in, answers out, over a directory in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod console;
mod graph;
mod scim;
