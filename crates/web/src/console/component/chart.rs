//! Bars made on the server, stacked or lying, with the numbers in a table for screen readers.

use maud::{Markup, html};

use super::time::number;

/// Requests of an hour by status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) label: String,
    /// Answered as asked (2xx, 3xx), refused (4xx), failed (5xx).
    pub(crate) ok: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
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

/// One kind of thing that is counted: its colour and its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

const fn series(class: &'static str, word: &'static str) -> Series {
    Series { class, word }
}

const STATUSES: [Series; 3] =
    [series("c-ok", "Succeeded"), series("c-warn", "Refused (4xx, 501)"), series("c-bad", "Failed (5xx)")];

/// One bar of any series: a count for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) label: String,
    pub(crate) counts: Vec<u64>,
}

impl Stack {
    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Fewer bars than so many do not grow wider.
const SLOTS_MIN: usize = 12;

/// The parts of a bar from the base upwards: class, top, height; nothing for a part that counts nothing.
fn stacked(series: &[Series], stack: &Stack, top: u64) -> Vec<(&'static str, u64, u64)> {
    let mut y = BASE;
    let mut parts = Vec::with_capacity(series.len());
    for (series, count) in series.iter().zip(&stack.counts) {
        let tall = height(*count, top);
        y = y.saturating_sub(tall);
        if tall > 0 {
            parts.push((series.class, y, tall));
        }
    }
    parts
}

/// `labels`: every so many bars have theirs below.
struct Drawing<'a> {
    series: &'a [Series],
    slots: usize,
    labels: usize,
    top: u64,
}

fn drawn(drawing: &Drawing<'_>, stack: &Stack, index: usize) -> Markup {
    let slot = (WIDTH - LEFT) / (drawing.slots.max(1) as u64);
    let x = LEFT + slot * index as u64 + slot / 6;
    let width = (slot * 2 / 3).max(1);
    html! {
        g {
            title {
                (stack.label) ": "
                @for (at, (series, count)) in drawing.series.iter().zip(&stack.counts).enumerate() {
                    @if at > 0 { ", " } (number(*count)) " " (series.word.to_lowercase())
                }
            }
            @for (class, y, tall) in stacked(drawing.series, stack, drawing.top) { rect.(class) x=(x) y=(y) width=(width) height=(tall) {} }
            @if index.is_multiple_of(drawing.labels.max(1)) { text x=(x + width / 2) y="142" text-anchor="middle" { (stack.label) } }
        }
    }
}

/// The requests of a day with their legend and table.
pub(crate) fn chart(title: &str, bars: &[Bar]) -> Markup {
    let stacks: Vec<Stack> = bars
        .iter()
        .map(|bar| Stack { label: bar.label.clone(), counts: vec![bar.ok, bar.refused, bar.failed] })
        .collect();
    stacks_of(title, "Hour", &STATUSES, &stacks, 3)
}

/// Stacked bars with their legend and table; `first` heads the column of labels.
pub(crate) fn stacks_of(
    title: &str,
    first: &str,
    series: &[Series],
    stacks: &[Stack],
    labels: usize,
) -> Markup {
    let top = ceiling(stacks.iter().map(Stack::total).max().unwrap_or(0));
    let drawing = Drawing { series, slots: stacks.len().max(SLOTS_MIN), labels, top };
    html! {
        div.chart-wrap { svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            @for share in [0, 1, 2] {
                @let y = BASE - (BASE - TOP) * share / 2;
                line.axis x1=(LEFT) y1=(y) x2=(WIDTH) y2=(y) {}
                @if share == 0 || (top * share).is_multiple_of(2) {
                    text x=(LEFT - 8) y=(y + 4) text-anchor="end" { (number(top * share / 2)) }
                }
            }
            // Fewer stand at the right, where the newest is looked for.
            @for (index, stack) in stacks.iter().enumerate() { (drawn(&drawing, stack, index + drawing.slots - stacks.len())) }
        } }
        (legend(series))
        div.sr { (numbers(title, first, series, stacks)) }
    }
}

fn legend(series: &[Series]) -> Markup {
    html! {
        p.legend {
            @for series in series {
                span { svg viewBox="0 0 10 10" aria-hidden="true" { rect.(series.class) width="10" height="10" rx="2" {} } (series.word) }
            }
        }
    }
}

fn numbers(title: &str, first: &str, series: &[Series], stacks: &[Stack]) -> Markup {
    html! {
        table {
            caption { (title) }
            thead { tr { th scope="col" { (first) } @for series in series { th scope="col" { (series.word) } } } }
            tbody {
                @for stack in stacks {
                    tr { th scope="row" { (stack.label) } @for count in &stack.counts { td { (count) } } }
                }
            }
        }
    }
}

/// Lying bars, one a line, each as long as its share of the longest.
pub(crate) fn lines_of(title: &str, first: &str, series: &[Series], stacks: &[Stack]) -> Markup {
    let top = stacks.iter().map(Stack::total).max().unwrap_or(0).max(1);
    html! {
        div.lying {
            @for stack in stacks {
                span.what { (stack.label) }
                svg viewBox="0 0 600 14" preserveAspectRatio="none" role="img" aria-label={ (title) ": " (stack.label) } {
                    rect.c-none x="0" y="0" width="600" height="14" {}
                    @for (class, x, wide) in lying(series, stack, top) { rect.(class) x=(x) y="0" width=(wide) height="14" {} }
                }
                span.figure { (number(stack.total())) }
            }
        }
        (legend(series))
        div.sr { (numbers(title, first, series, stacks)) }
    }
}

fn lying(series: &[Series], stack: &Stack, top: u64) -> Vec<(&'static str, u64, u64)> {
    let mut x = 0;
    let mut parts = Vec::with_capacity(series.len());
    for (series, count) in series.iter().zip(&stack.counts).filter(|(_, count)| **count > 0) {
        let share = u64::try_from(u128::from(*count) * 600 / u128::from(top)).unwrap_or(600).max(2);
        parts.push((series.class, x, share));
        x += share;
    }
    parts
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
        let stack = Stack { label: "10:00".to_owned(), counts: vec![5, 0, 5] };
        assert_eq!(stacked(&STATUSES, &stack, 10), [("c-ok", BASE - 58, 58), ("c-bad", BASE - 116, 58)]);
        assert_eq!(lying(&STATUSES, &stack, 20), [("c-ok", 0, 150), ("c-bad", 150, 150)]);
    }

    #[test]
    fn one_request_among_many_is_still_drawn() {
        assert_eq!(height(0, 1_000_000), 0);
        assert_eq!(height(1, 1_000_000), 1);
    }
}
