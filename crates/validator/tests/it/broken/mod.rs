//! A small SCIM server in memory: right by default, and wrong in one way at a time on request.

mod bulk;
mod discovery;
mod fault;
mod patch;
mod query;
mod server;
mod store;

pub(crate) use fault::Fault;
pub(crate) use server::{TOKEN, serve, serve_with};
