//! The filter parser.

use super::Filter;
use crate::error::Result;

pub(super) fn filter(text: &str) -> Result<Filter> {
    let _ = text;
    todo!()
}

pub(super) fn bracket(text: &str) -> Result<(Filter, &str)> {
    let _ = text;
    todo!()
}
