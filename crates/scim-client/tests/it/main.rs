//! The client against pure tables and against a server that does what no server should.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod address;
mod auth;
mod evidence;
mod faults;
mod hostile;
mod pacing;
mod paging;
mod retry;
mod server;
mod target;
mod tls;
mod verbs;
mod words;
