//! Times and durations for people.

use jiff::Timestamp;
use maud::{Markup, html};

/// `5 minutes ago`, `in 3 days`.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let (past, seconds) = (seconds >= 0, seconds.abs());
    if seconds < 45 {
        return if past { "just now".to_owned() } else { "in a moment".to_owned() };
    }
    let (amount, unit) = match seconds {
        0..2_700 => ((seconds + 30) / 60, "minute"),
        2_700..79_200 => ((seconds + 1_800) / 3_600, "hour"),
        79_200..5_097_600 => ((seconds + 43_200) / 86_400, "day"),
        5_097_600..27_648_000 => ((seconds + 1_296_000) / 2_592_000, "month"),
        _ => ((seconds + 15_768_000) / 31_536_000, "year"),
    };
    let (amount, plural) = (amount.max(1), if amount > 1 { "s" } else { "" });
    if past { format!("{amount} {unit}{plural} ago") } else { format!("in {amount} {unit}{plural}") }
}

/// `2025-03-04 17:08:21 UTC`
pub(crate) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A moment, relative; exact on hover, in the reader's own zone where script runs.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(utc(at)) { (distance(at, now)) } }
}

/// A moment, exact.
pub(crate) fn exact(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(utc(at)) data-form="exact" { (utc(at)) } }
}

/// A moment that may not have been.
pub(crate) fn maybe(at: Option<Timestamp>, now: Timestamp, never: &str) -> Markup {
    match at {
        Some(at) => ago(at, now),
        None => html! { span.soft { (never) } },
    }
}

/// `850 µs`, `12.4 ms`, `1.20 s`
pub(crate) fn duration(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 => format!("{}.{} ms", microseconds / 1_000, microseconds % 1_000 / 100),
        _ => format!("{}.{:02} s", microseconds / 1_000_000, microseconds % 1_000_000 / 10_000),
    }
}

/// `12,345`
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 user`, `2 users`
pub(crate) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_round_to_the_unit_that_is_read() {
        let now = Timestamp::from_second(2_000_000_000).unwrap();
        let check = |seconds: i64, expect: &str| {
            let at = Timestamp::from_second(2_000_000_000 - seconds).unwrap();
            assert_eq!(distance(at, now), expect, "{seconds}");
        };
        check(0, "just now");
        check(44, "just now");
        check(60, "1 minute ago");
        check(300, "5 minutes ago");
        check(3_600, "1 hour ago");
        check(86_400, "1 day ago");
        check(86_400 * 20, "20 days ago");
        check(86_400 * 30, "30 days ago");
        check(86_400 * 90, "3 months ago");
        check(86_400 * 730, "2 years ago");
        check(-10, "in a moment");
        check(-86_400 * 3, "in 3 days");
    }

    #[test]
    fn numbers_and_durations_read_well() {
        for (value, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), expect);
        }
        for (value, expect) in [(850, "850 µs"), (12_400, "12.4 ms"), (1_200_000, "1.20 s")] {
            assert_eq!(duration(value), expect);
        }
    }
}
