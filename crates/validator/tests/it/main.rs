//! The validator: its parts as values, and the whole against a server that is right by default and wrong on request.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod broken;
mod causes;
mod clean_up;
mod field;
mod matrix;
mod pure;
mod reports;
mod schemas;
mod shrinking;
mod support;
