//! The whole product, in process and as a real binary.
