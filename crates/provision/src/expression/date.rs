//! Dates as the functions read and write them: `M/d/yyyy h:mm:ss tt`, UTC.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::date_format::Format;

/// The forms that dates are read in; without an offset they are UTC. `K` is an offset, `Z` or nothing.
const READ: &[&str] = &[
    "yyyy-M-dTH:m:s.FFFFFFFK",
    "yyyy-M-dTH:m:s.FFFFFFF K",
    "yyyy-M-dTH:mK",
    "yyyy-M-d H:m:s.FFFFFFFK",
    "yyyy-M-d H:m:s.FFFFFFF K",
    "yyyy-M-d H:mK",
    "yyyy-M-dK",
    "M/d/yyyy h:m:s tt",
    "M/d/yyyy h:m:s tt K",
    "M/d/yyyy h:m tt",
    "M/d/yyyy H:m:sK",
    "M/d/yyyy H:m:s K",
    "M/d/yyyy H:mK",
    "M/d/yyyyK",
    "yyyy/M/d H:m:sK",
    "yyyy/M/dK",
    "ddd, d MMM yyyy H:m:s 'GMT'",
    "d MMM yyyy H:m:sK",
    "d MMM yyyy",
    "d MMMM yyyy",
    "MMM d, yyyy",
    "MMMM d, yyyy",
    "MMMM d, yyyy h:m:s tt",
];

static FORMATS: LazyLock<Vec<Format>> =
    LazyLock::new(|| READ.iter().filter_map(|format| Format::new(format).ok()).collect());

pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if !(8..=64).contains(&text.len()) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    FORMATS.iter().find_map(|format| format.read(text, None).ok())
}

pub fn show(at: Timestamp) -> String {
    Format::new("M/d/yyyy h:mm:ss tt").map_or_else(|_| at.to_string(), |format| format.write(at))
}

/// .NET's dates reach from the year 1 to 9999.
pub(super) fn in_range(at: Timestamp) -> bool {
    (-62_135_596_800..=253_402_300_799).contains(&at.as_second())
}
