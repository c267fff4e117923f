//! The engine's pure part, tested as values.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod administration;
mod alias;
mod cycle;
mod discovery;
mod docs;
mod expression;
mod faults36;
mod graph_schema;
mod mapping;
mod patch;
mod plan;
mod plan_members;
mod property;
mod schedules;
mod scope;
mod simulation;
mod target;
mod target_path;
mod walk;
mod worker;
mod world;
