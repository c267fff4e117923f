//! Requests by status over a day: stacked bars made on the server, with the numbers in a table for screen readers.

use maud::{Markup, html};

use super::time::number;

/// One bar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) label: String,
    /// Answered as asked (2xx, 3xx), refused (4xx), failed (5xx).
    pub(crate) ok: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
}

impl Bar {
    fn total(&self) -> u64 {
        self.ok + self.refused + self.failed
    }
}

const WIDTH: u64 = 960;
const HEIGHT: u64 = 150;
const LEFT: u64 = 44;
const BASE: u64 = 126;
const TOP: u64 = 10;

/// The next of 1, 2, 5, 10, 20, 50 … not below `value`, so that the axis has a round end.
fn ceiling(value: u64) -> u64 {
    let mut power = 1_u64;
    while power < u64::MAX / 100 {
        for step in [1, 2, 5] {
            if step * power >= value {
                return step * power;
            }
        }
        power *= 10;
    }
    value
}

fn height(count: u64, top: u64) -> u64 {
    let full = u128::from(BASE - TOP);
    let drawn = u128::from(count) * full / u128::from(top.max(1));
    // One request among thousands is still drawn.
    u64::try_from(drawn).unwrap_or(BASE - TOP).max(u64::from(count > 0))
}

/// The parts of a bar from the base upwards: class, top, height; nothing for a part without requests.
fn stacked(bar: &Bar, top: u64) -> Vec<(&'static str, u64, u64)> {
    let mut y = BASE;
    let mut parts = Vec::with_capacity(3);
    for (class, count) in [("c-ok", bar.ok), ("c-warn", bar.refused), ("c-bad", bar.failed)] {
        let tall = height(count, top);
        y = y.saturating_sub(tall);
        if tall > 0 {
            parts.push((class, y, tall));
        }
    }
    parts
}

fn drawn(bar: &Bar, index: usize, count: usize, top: u64) -> Markup {
    let slot = (WIDTH - LEFT) / (count.max(1) as u64);
    let x = LEFT + slot * index as u64 + slot / 6;
    let width = (slot * 2 / 3).max(1);
    html! {
        g {
            title { (bar.label) ": " (number(bar.ok)) " succeeded, " (number(bar.refused)) " refused, " (number(bar.failed)) " failed" }
            @for (class, y, tall) in stacked(bar, top) { rect.(class) x=(x) y=(y) width=(width) height=(tall) {} }
            @if index.is_multiple_of(3) { text x=(x + width / 2) y="142" text-anchor="middle" { (bar.label) } }
        }
    }
}

/// The chart with its legend and table.
pub(crate) fn chart(title: &str, bars: &[Bar]) -> Markup {
    let top = ceiling(bars.iter().map(Bar::total).max().unwrap_or(0));
    html! {
        div.chart-wrap { svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            @for share in [0, 1, 2] {
                @let y = BASE - (BASE - TOP) * share / 2;
                line.axis x1=(LEFT) y1=(y) x2=(WIDTH) y2=(y) {}
                @if share == 0 || (top * share).is_multiple_of(2) {
                    text x=(LEFT - 8) y=(y + 4) text-anchor="end" { (number(top * share / 2)) }
                }
            }
            @for (index, bar) in bars.iter().enumerate() { (drawn(bar, index, bars.len(), top)) }
        } }
        p.legend {
            @for (class, word) in [("c-ok", "Succeeded"), ("c-warn", "Refused (4xx)"), ("c-bad", "Failed (5xx)")] {
                span { svg viewBox="0 0 10 10" aria-hidden="true" { rect.(class) width="10" height="10" rx="2" {} } (word) }
            }
        }
        div.sr { (numbers(title, bars)) }
    }
}

fn numbers(title: &str, bars: &[Bar]) -> Markup {
    html! {
        table {
            caption { (title) }
            thead { tr { th scope="col" { "Hour" } th scope="col" { "Succeeded" } th scope="col" { "Refused" } th scope="col" { "Failed" } } }
            tbody {
                @for bar in bars {
                    tr { th scope="row" { (bar.label) } td { (bar.ok) } td { (bar.refused) } td { (bar.failed) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_on_a_round_number() {
        for (value, expect) in [(0, 1), (1, 1), (3, 5), (6, 10), (11, 20), (999, 1000), (1001, 2000)] {
            assert_eq!(ceiling(value), expect, "{value}");
        }
    }

    #[test]
    fn parts_stand_on_each_other() {
        let bar = Bar { label: "10:00".to_owned(), ok: 5, refused: 0, failed: 5 };
        assert_eq!(stacked(&bar, 10), [("c-ok", BASE - 58, 58), ("c-bad", BASE - 116, 58)]);
    }

    #[test]
    fn one_request_among_many_is_still_drawn() {
        assert_eq!(height(0, 1_000_000), 0);
        assert_eq!(height(1, 1_000_000), 1);
    }
}
