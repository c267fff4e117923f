//! Runs of the validator that this server carries out: in the background, watched live, kept as reports.
//!
//! | to … | see |
//! |---|---|
//! | know which targets may be reached | [`reach`] |
//! | begin and end a run | [`run`], [`runs`] |
//! | watch one | [`live`] |
//! | read what is kept of one | [`report`] |

pub(crate) mod live;
pub(crate) mod reach;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runs;
