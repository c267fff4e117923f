//! The provisioning service: enterprise applications, their jobs, and what a job remembers.

pub mod application;
pub mod cycle;
pub mod job;
pub mod link;
pub mod log;
pub mod plan;
pub mod work;

/// Tables with rows of an application, which go with it. The log stays until its time has come.
const OF_APPLICATION: [&str; 12] = [
    "application_secret",
    "assignment",
    "job",
    "work",
    "link",
    "link_counter",
    "sent_member",
    "awaited",
    "intent",
    "cycle",
    "cycle_count",
    "plan",
];
