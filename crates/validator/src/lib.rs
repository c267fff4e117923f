//! Judges a SCIM service provider, check by check, with the exchange and the clause.
//!
//! | to … | see |
//! |---|---|
//! | list what is checked | [`checks::all`] |
//! | run it against a target | [`run`], [`Options`] |
//! | watch it run, stop it | [`Event`], [`Cancel`] |
//! | read what came of it | [`Report`], [`Verdict`] |
//! | write that down | [`report::Format`] |
//! | add a check | [`check`], and one file of `checks/` |
//!
//! A run only deletes what it created. The same seed makes the same values.

mod case;
pub mod check;
pub mod checks;
mod discover;
pub mod event;
pub mod generate;
pub mod ledger;
pub mod options;
pub mod probe;
pub mod random;
pub mod reply;
pub mod report;
mod run;
pub mod schema;
pub mod shrink;
pub mod value;
pub mod verdict;
mod wire;
mod world;

pub use check::{Check, Level, Need, Profile};
pub use event::Event;
pub use options::{Cancel, Options};
pub use report::{CaseResult, Report};
pub use run::{Refusal, run};
/// For credentials, the address policy and the rest of what [`Options`] is made of.
pub use scim_client;
pub use verdict::{Deviation, Verdict, VerdictKind};
pub use wire::Evidence;
pub use world::Features;
