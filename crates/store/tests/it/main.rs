//! The store's contract: what every backend must do.

mod audit;
mod away;
mod copy;
mod durability;
mod key;
mod membership;
mod provisioning;
mod resource;
mod scan;
mod standing;
mod store;
mod validation;
