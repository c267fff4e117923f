//! The provisioning engine.
