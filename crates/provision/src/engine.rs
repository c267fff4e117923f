//! The engine: carries out what the pure part decides, so that nothing is lost when it is cut off anywhere.
//!
//! One mechanism: a durable list of work. A cycle reads the source into it and works until nothing is due; an object leaves it
//! when it is done or skipped with a reason, and stays, held until later, when it failed.
//!
//! | to … | see |
//! |---|---|
//! | know what one run works with | [`run`] |
//! | run a cycle from beginning to end | [`cycle`], [`probe`], [`read`], [`walkers`], [`departures`], [`conclude`] |
//! | look at one object without writing anything | [`look`], [`look_again`], [`matching`] |
//! | bring one object in line | [`object`], [`export`], [`members`] |
//! | keep what has come of it | [`commit`], [`entry`], [`steps`], [`redaction`], [`trouble`] |

mod commit;
mod conclude;
pub(crate) mod cycle;
mod departures;
pub(crate) mod entry;
mod export;
pub(crate) mod look;
mod look_again;
mod matching;
mod members;
pub(crate) mod object;
mod probe;
pub(crate) mod read;
pub(crate) mod redaction;
pub(crate) mod run;
pub(crate) mod steps;
pub(crate) mod trouble;
mod walkers;
mod whole;
