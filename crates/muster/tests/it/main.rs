//! The whole product: the real binary, real ports, real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod bombs;
mod browser;
mod chaos;
mod cli;
mod client;
mod concurrency;
mod conformance;
mod console_walk;
mod crash;
mod demo;
mod dice;
mod failing_disk;
mod graph_sdk;
mod idp;
mod import;
mod journal;
mod load;
mod mail;
mod matrix;
mod nodes;
mod outage;
mod provisioning_crash;
mod provisioning_walk;
mod proxy;
mod raw;
mod readme;
mod relay;
mod serve;
mod server;
mod stage;
mod targets;
mod validate;
