//! The whole product: the real binary, real ports, real files.

mod bombs;
mod cli;
mod client;
mod concurrency;
mod conformance;
mod crash;
mod demo;
mod idp;
mod matrix;
mod raw;
mod serve;
mod server;
