//! The provisioning engine: brings targets in line with the directory.
//!
//! This part is pure: no I/O, no clock, no randomness but as arguments.
//!
//! | to … | see |
//! |---|---|
//! | compute values | [`expression`], [`mapping`] |
//! | name attributes | [`alias`], [`target_schema`], [`target_path`] |
//! | decide who is in scope | [`scope`] |
//! | decide what is done about an object | [`plan`] |
//! | word requests | [`patch`] |
//! | hold what failed, stop what fails as a whole | [`escrow`], [`quarantine`], [`deletion_guard`] |
//! | decide when a cycle runs | [`cycle_schedule`] |
//! | read and write Graph's synchronization schema | [`graph_schema`] |
//! | administer applications and their jobs | [`applications`], [`configuration`], [`reconfiguration`], [`assignments`], [`control`] |
//! | test a connection, ask a target what it has | [`test_connection`], [`test_ticket`], [`discovery`] |
//! | provision one object now, or see why it is as it is | [`on_demand`], [`explain`] |
//! | look back | [`logs`] |
//! | notify people | [`notification`], [`mail`] |
//! | reach a target, or put a simulated one in its place | [`target`], [`endpoint`] |

pub mod alias;
pub mod application;
pub mod applications;
pub mod assignments;
pub mod configuration;
pub mod connection;
pub mod control;
pub mod cycle_plan;
pub mod cycle_schedule;
pub mod deletion_guard;
pub mod discovery;
pub mod endpoint;
pub(crate) mod engine;
pub mod error;
pub mod escrow;
pub mod explain;
pub mod expression;
pub mod graph_schema;
pub mod job;
mod job_reset;
pub mod limits;
mod link;
pub mod logs;
pub mod mail;
pub mod mapping;
pub mod member_plan;
pub mod notification;
pub mod on_demand;
pub mod patch;
pub mod plan;
pub mod provisioning;
pub mod quarantine;
pub mod reconfiguration;
pub mod record;
pub mod roles;
pub mod scope;
pub mod seal;
pub mod source;
pub mod standing;
pub mod target;
pub mod target_path;
pub mod target_schema;
pub mod test_connection;
pub mod test_ticket;
pub mod value;
pub mod worker;

pub use engine::cycle::Ran;
pub use error::{Error, Result};
pub use provisioning::{Options, Process, Provisioning};
pub use seal::Seal;
pub use test_ticket::TestTicket;
pub use value::Value;

pub use scim_client::{Exchange, Network, Secret};
pub use store::{LinkQuery, LinkRow, LogEntry, LogQuery, LogRow, PlanEntryRow, PlanRow};
