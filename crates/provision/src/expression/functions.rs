//! What the functions do, by topic.

mod dates;
mod lists;
mod logic;
mod numbers;
mod random;
mod replace;
mod roles;
mod text;

pub(super) use dates::INTERVALS;
pub(super) use logic::asks_for_null;

use super::registry::Function;

pub(super) const TABLES: &[&[Function]] = &[
    text::TABLE,
    replace::TABLE,
    logic::TABLE,
    lists::TABLE,
    numbers::TABLE,
    dates::TABLE,
    random::TABLE,
    roles::TABLE,
];
