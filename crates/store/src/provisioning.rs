//! The provisioning service: enterprise applications, their jobs, and what a job remembers.

pub(crate) mod application;
pub(crate) mod cycle;
pub(crate) mod job;
pub(crate) mod link;
pub(crate) mod log;
pub(crate) mod plan;
pub(crate) mod standing;
pub(crate) mod work;

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
