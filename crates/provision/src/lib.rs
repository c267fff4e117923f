//! The provisioning engine: brings targets in line with the directory.

pub mod expression;
pub mod limits;
pub mod value;

pub use value::Value;
