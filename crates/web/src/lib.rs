//! HTTP in and out: the SCIM endpoints and the console, thin over `directory`.
//!
//! | to … | see |
//! |---|---|
//! | know every route and who may call it | [`inventory()`] |
//! | follow a request inwards | [`router()`] → `guard` → `authenticate` → `scim::exchange` → `scim::resource` |
//! | answer clients of Microsoft Graph's synchronization API | `graph` |
//! | accept connections, plain and TLS | [`server`] |
//! | see what is counted | `metrics` |
//! | run the validator in the background | `validation` |
//! | remember between two requests about provisioning | `provisioning` |
//!
//! Rules live in `directory`; nothing here can reach the store.

mod app;
mod authenticate;
mod client_address;
mod console;
mod framing;
mod graph;
mod guard;
mod health;
mod inventory;
mod metrics;
mod panic;
mod provisioning;
mod rate_limit;
mod request_id;
mod request_log;
mod router;
mod scim;
pub mod server;
mod stream;
pub mod tls;
mod validation;

pub use app::{App, WebOptions};
pub use client_address::{Network, NetworkError, Peer};
pub use inventory::{Access, Route, inventory};
pub use request_id::RequestId;
pub use router::router;
pub use server::{Limits, serve};
pub use tls::Tls;
