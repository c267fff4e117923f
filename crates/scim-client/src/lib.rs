//! Speaks to any SCIM service provider: the client of the provisioning engine and of the validator.
//!
//! A target is somebody else's server: its address, its answers and its silence are hostile input. Every wait has a
//! limit, every answer a size, and every failure a name, a cause and a hint for the administrator who has to act.
//!
//! | to … | see |
//! |---|---|
//! | say where a service provider is | [`target`] |
//! | say which addresses may be reached | [`address`] |
//! | prove who we are | [`auth`], [`secret`] |
//! | send a request, also a wrong one on purpose | [`request`], [`client`] |
//! | call SCIM's verbs and get values | [`client`], [`answer`], [`pager`], [`discovery`] |
//! | keep what was said as evidence | [`exchange`] |
//! | know what went wrong and whether it may have been carried out | [`failure`] |
//! | be no burden to a target | [`pacing`], [`retry`], [`retry_after`] |
//!
//! Clock and randomness are handed in ([`transport::Transport`]).

pub mod address;
pub mod answer;
pub mod auth;
pub mod client;
mod connector;
pub mod discovery;
pub mod exchange;
pub mod failure;
mod hint;
pub mod limits;
pub mod pacing;
pub mod pager;
pub mod request;
pub mod retry;
pub mod retry_after;
pub mod secret;
pub mod target;
pub mod tls;
pub mod transport;
mod wire;

pub use address::{AddressPolicy, Network};
pub use answer::{Answer, Object, Oddity, Page};
pub use auth::{ClientCredentials, CredentialLocation, Credentials};
pub use client::{Client, Options, Select};
pub use discovery::Capabilities;
pub use exchange::{Exchange, Timings};
pub use failure::{Failure, FailureKind, Phase, Place, TlsProblem};
pub use pacing::{Pacer, PacingOptions};
pub use pager::{Course, PageLimits, Pager};
pub use request::{Authorization, Request};
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use target::{Target, TargetError};
pub use tls::TlsOptions;
pub use transport::{Resolve, Transport};
pub use wire::{Reply, Timeouts};
