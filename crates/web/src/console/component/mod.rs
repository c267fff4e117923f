//! What pages are made of: one component a file, each a function or a small builder that returns [`maud::Markup`].
//!
//! maud escapes every value; nothing here takes raw HTML from data.

pub(super) mod banner;
pub(super) mod breadcrumb;
pub(super) mod button;
pub(super) mod chart;
pub(super) mod chip;
pub(super) mod copy;
pub(super) mod dialog;
pub(super) mod diff;
pub(super) mod empty;
pub(super) mod facts;
pub(super) mod field;
pub(super) mod icon;
pub(super) mod json;
pub(super) mod pager;
pub(super) mod shell;
pub(super) mod status;
pub(super) mod table;
pub(super) mod tabs;
pub(super) mod time;
