//! The engine's pure part, tested as values.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod expression;
