//! The report as a picture: what share of its floor each request reaches, and how the share changes as the server fills.
//! An SVG that follows the reader's light or dark setting.

use std::fmt::Write;

use super::report::{Report, Row, cost, grouped};
use super::scenario::Beside;

const WIDTH: usize = 860;
const LABELS: usize = 250;
const BAR: usize = 26;
const PLOT_HEIGHT: usize = 220;

/// Requests of the bars, and the share that is to be reached.
const BARS: [(&str, Option<f64>); 14] = [
    ("get", Some(0.6)),
    ("userName.hit", Some(0.5)),
    ("userName.miss", Some(0.5)),
    ("externalId.hit", Some(0.5)),
    ("externalId.miss", Some(0.5)),
    ("membership", Some(0.5)),
    ("page.first", Some(0.3)),
    ("page.cursor.deep", None),
    ("create", Some(0.6)),
    ("patch.active", Some(0.6)),
    ("patch.two", None),
    ("entra.initial", None),
    ("member.add", Some(0.6)),
    ("contains.hits", Some(1.0 / 3.0)),
];
const LINES: [&str; 8] = [
    "get",
    "userName.hit",
    "userName.miss",
    "externalId.hit",
    "page.first",
    "create",
    "patch.active",
    "entra.initial",
];

const STYLE: &str = "<style>
  svg { --ground: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --bar: #3b7dd8; --short: #c4671b; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --bar: #5a9bf0; --short: #e08a3c; }
  }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .title { font-weight: 600; font-size: 15px; }
  .soft { fill: var(--soft); font-size: 12px; }
  .ground { fill: var(--ground); }
  .grid { stroke: var(--line); stroke-width: 1; }
  .goal { stroke: var(--ink); stroke-width: 2; }
  .bar { fill: var(--bar); }
  .short { fill: var(--short); }
  .curve { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
</style>
";
/// Told apart on both grounds, and without telling red from green.
const COLOURS: [&str; 8] =
    ["#3b7dd8", "#d9822b", "#2f9e8f", "#b04fc4", "#8c8c2e", "#d1495b", "#6a6fd1", "#7d8590"];

pub(super) fn svg(report: &Report) -> String {
    let sizes = report.sizes();
    let Some(users) = sizes.iter().copied().find(|size| *size == 100_000).or(sizes.last().copied()) else {
        return format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"10\"/>\n");
    };
    let most = report.rows.iter().map(|row| row.in_flight).max().unwrap_or(1);
    let in_flight = if report.rows.iter().any(|row| row.in_flight == 16) { 16 } else { most };
    let bars: Vec<_> = BARS
        .iter()
        .filter_map(|(id, goal)| {
            let concurrency = if *id == "contains.hits" { 1 } else { in_flight };
            let row = worst(report, id, users, concurrency)?;
            Some((row, row.ratio()?, *goal))
        })
        .collect();
    let curves = curves(report, &sizes, in_flight);
    let top = 74 + bars.len() * BAR;
    let height = if curves.is_empty() { top + 20 } else { top + PLOT_HEIGHT + 110 };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\" \
         aria-label=\"Throughput of Muster as a share of what the machine allows\">\n{STYLE}\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n"
    );
    draw_bars(&mut text, &bars, users, in_flight);
    if !curves.is_empty() {
        draw_curves(&mut text, &curves, &sizes, top + 40);
    }
    text + "</svg>\n"
}

/// Of several groups, the one with the smallest share.
fn worst<'a>(report: &'a Report, id: &str, users: usize, in_flight: usize) -> Option<&'a Row> {
    let rows =
        report.rows.iter().filter(|row| row.id == id && row.users == users && row.in_flight == in_flight);
    rows.filter(|row| row.ratio().is_some())
        .min_by(|a, b| a.ratio().unwrap_or_default().total_cmp(&b.ratio().unwrap_or_default()))
}

fn draw_bars(text: &mut String, bars: &[(&Row, f64, Option<f64>)], users: usize, in_flight: usize) {
    let width = (WIDTH - LABELS - 210) as f64;
    let scale = |ratio: f64| LABELS as f64 + width * ratio.min(1.25) / 1.25;
    let _ = writeln!(
        text,
        "<text class=\"title\" x=\"16\" y=\"28\">Share of what the machine allows, {} users, {in_flight} in flight</text>\n\
         <text class=\"soft\" x=\"16\" y=\"46\">A bare server, a bare program that writes the same rows, a byte scan. The mark is the figure to reach.</text>",
        grouped(users)
    );
    let bottom = 62 + bars.len() * BAR;
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = scale(share);
        let _ =
            writeln!(text, "<line class=\"grid\" x1=\"{x:.0}\" y1=\"58\" x2=\"{x:.0}\" y2=\"{bottom}\"/>");
        let _ = writeln!(
            text,
            "<text class=\"soft\" x=\"{x:.0}\" y=\"{}\" text-anchor=\"middle\">{:.0} %</text>",
            bottom + 16,
            share * 100.0
        );
    }
    for (at, (row, ratio, goal)) in bars.iter().enumerate() {
        let y = 62 + at * BAR;
        let class = if goal.is_some_and(|goal| *ratio < goal) { "short" } else { "bar" };
        let start = scale(0.0);
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect class=\"{class}\" x=\"{start:.0}\" y=\"{}\" width=\"{:.1}\" height=\"{}\" rx=\"2\"/>",
            LABELS - 10,
            y + 16,
            escaped(&row.name),
            y + 4,
            (scale(*ratio) - start).max(1.0),
            BAR - 8
        );
        if let Some(goal) = goal {
            let x = scale(*goal);
            let _ = writeln!(
                text,
                "<line class=\"goal\" x1=\"{x:.0}\" y1=\"{}\" x2=\"{x:.0}\" y2=\"{}\"/>",
                y + 1,
                y + BAR - 1
            );
        }
        let rate = row.measured().map_or(0.0, |m| m.per_second);
        let _ = writeln!(
            text,
            "<text class=\"soft\" x=\"{}\" y=\"{}\">{:.0} % · {}/s of {}</text>",
            WIDTH - 200,
            y + 16,
            ratio * 100.0,
            rate_text(rate),
            row.what().trim_start_matches("bare ")
        );
    }
}

/// Name, and users with their relative throughput.
type Curve = (String, Vec<(usize, f64)>);

/// Throughput relative to that at the smallest size.
fn curves(report: &Report, sizes: &[usize], in_flight: usize) -> Vec<Curve> {
    let (Some(&first), true) = (sizes.first(), sizes.len() > 1) else { return Vec::new() };
    let curve = |id: &&str| {
        let small = report.find(id, None, first, in_flight).filter(|row| row.kind != Beside::OwnCreate)?;
        let at = |size: &usize| Some((*size, 1.0 / cost(small, report.find(id, None, *size, in_flight)?)?));
        let points: Vec<_> = sizes.iter().filter_map(at).collect();
        (points.len() > 1).then(|| (small.name.clone(), points))
    };
    LINES.iter().filter_map(curve).collect()
}

fn draw_curves(text: &mut String, curves: &[Curve], sizes: &[usize], top: usize) {
    let (left, right) = (60.0, (WIDTH - 290) as f64);
    let bottom = (top + 40 + PLOT_HEIGHT) as f64;
    let logs: Vec<f64> = sizes.iter().map(|size| (*size as f64).log10()).collect();
    let (low, high) = (logs[0], logs[logs.len() - 1]);
    let x = |size: usize| left + (right - left) * ((size as f64).log10() - low) / (high - low);
    let y = |share: f64| bottom - PLOT_HEIGHT as f64 * share.min(1.5) / 1.5;
    let _ = writeln!(
        text,
        "<text class=\"title\" x=\"16\" y=\"{top}\">As the tenant fills</text>\n\
         <text class=\"soft\" x=\"16\" y=\"{}\">Throughput as a multiple of that with {} users; flat is 1.</text>",
        top + 18,
        grouped(sizes[0])
    );
    for share in [0.0, 0.5, 1.0, 1.5] {
        let at = y(share);
        let _ = writeln!(
            text,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{at:.0}\" x2=\"{right}\" y2=\"{at:.0}\"/>\n\
             <text class=\"soft\" x=\"{}\" y=\"{:.0}\" text-anchor=\"end\">{share:.1}</text>",
            left - 8.0,
            at + 4.0
        );
    }
    for size in sizes {
        let _ = writeln!(
            text,
            "<text class=\"soft\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            x(*size),
            bottom + 18.0,
            grouped(*size)
        );
    }
    for (at, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let path: Vec<_> =
            points.iter().map(|(size, share)| format!("{:.1},{:.1}", x(*size), y(*share))).collect();
        let _ =
            writeln!(text, "<polyline class=\"curve\" stroke=\"{colour}\" points=\"{}\"/>", path.join(" "));
        for (size, share) in points {
            let _ = writeln!(
                text,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                x(*size),
                y(*share)
            );
        }
        let line = top + 52 + at * 26;
        let last = points.last().map_or(0.0, |(_, share)| *share);
        let _ = writeln!(
            text,
            "<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"4\" rx=\"2\" fill=\"{colour}\"/>\n\
             <text x=\"{}\" y=\"{line}\">{} <tspan class=\"soft\">{last:.2}</tspan></text>",
            WIDTH - 260,
            line - 6,
            WIDTH - 238,
            escaped(name)
        );
    }
}

fn rate_text(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}") } else { grouped(rate.round() as usize) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::figure::Measured;
    use super::super::report::{Neighbouring, Outcome};
    use super::*;

    fn row(users: usize, id: &'static str, rate: f64) -> Row {
        let figures = Measured::of(&[], None);
        let measured = Measured { per_second: rate, ..figures };
        let beside = Neighbouring { per_second: 100.0, share: rate / 100.0, share_of_cpu: None };
        let outcome = Outcome::Measured { measured, beside: Some(beside) };
        let name = format!("{id} <&>");
        Row { users, in_flight: 16, id, name, members: None, kind: Beside::Bare, outcome }
    }

    #[test]
    fn bars_that_fall_short_look_otherwise_and_names_are_escaped() {
        let report = Report {
            rows: vec![row(1_000, "get", 70.0), row(1_000, "userName.hit", 20.0)],
            ..Report::default()
        };
        let svg = svg(&report);
        assert_eq!(svg.matches("class=\"bar\"").count(), 1);
        assert_eq!(svg.matches("class=\"short\"").count(), 1);
        assert!(svg.contains("get &lt;&amp;&gt;") && svg.contains("prefers-color-scheme: dark"));
        assert!(!svg.contains("polyline"), "one size has no curve");
    }

    #[test]
    fn every_size_is_a_point_of_the_curve() {
        let rows = vec![row(1_000, "get", 70.0), row(10_000, "get", 70.0), row(100_000, "get", 35.0)];
        let svg = svg(&Report { rows, ..Report::default() });
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("<tspan class=\"soft\">0.50</tspan>"));
    }

    #[test]
    fn a_report_of_nothing_is_still_a_picture() {
        assert!(svg(&Report::default()).starts_with("<svg"));
    }
}
