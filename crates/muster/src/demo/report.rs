//! What happened, step by step.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Color, Table};
use serde_json::{Value, json};

/// Problems shown below the table; more than these say nothing new.
const PROBLEMS_SHOWN: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) requests: u64,
    /// What is counted: `users created`.
    pub(super) unit: &'static str,
    pub(super) expected: usize,
    pub(super) got: usize,
    pub(super) milliseconds: u64,
    pub(super) problems: Vec<String>,
    pub(super) note: String,
}

/// Something to look at besides the table.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) text: String,
}

impl Step {
    pub(super) fn passed(&self) -> bool {
        self.expected == self.got && self.problems.is_empty()
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    /// The walk-through.
    pub(super) steps: Vec<Step>,
    /// What Entra ID itself sends.
    pub(super) entra: Vec<Step>,
    pub(super) sections: Vec<Section>,
}

impl Report {
    pub(super) fn passed(&self) -> bool {
        !self.steps.is_empty() && !self.entra.is_empty() && self.all().all(Step::passed)
    }

    fn all(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(&self.entra)
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "passed": self.passed(),
            "milliseconds": self.all().map(|step| step.milliseconds).sum::<u64>(),
            "steps": self.steps.iter().map(document).collect::<Vec<_>>(),
            "entra": self.entra.iter().map(document).collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> String {
        let sections = self.sections.iter().map(|section| format!("{}\n\n{}\n", section.title, section.text));
        let mut lines: Vec<String> = sections.collect();
        lines.extend([self.table(), String::new(), self.summary()]);
        let problems = self.all().flat_map(|s| s.problems.iter().map(move |p| format!("  {}: {p}", s.name)));
        lines.extend(problems.take(PROBLEMS_SHOWN));
        lines.join("\n")
    }

    fn summary(&self) -> String {
        let took = seconds(self.all().map(|step| step.milliseconds).sum());
        match self.all().filter(|step| !step.passed()).count() {
            0 => format!("All as expected, in {took:.1} s."),
            n => format!("NOT as expected: {n} of {} steps; {took:.1} s.", self.all().count()),
        }
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(["Step", "Expected", "Got", "Result", "Time", ""]);
        for step in self.steps.iter().chain(&self.rehearsal()) {
            let (result, color) =
                if step.passed() { ("✓ ok", Color::Green) } else { ("✗ FAILED", Color::Red) };
            table.add_row([
                Cell::new(step.name),
                Cell::new(format!("{} {}", step.expected, step.unit)),
                Cell::new(step.got).set_alignment(CellAlignment::Right),
                Cell::new(result).fg(color),
                Cell::new(format!("{:.2} s", seconds(step.milliseconds))).set_alignment(CellAlignment::Right),
                Cell::new(&step.note),
            ]);
        }
        table.to_string()
    }

    /// All that Entra ID sends in one row; `--json` has each.
    fn rehearsal(&self) -> Option<Step> {
        let requests: u64 = self.entra.iter().map(|step| step.requests).sum();
        (!self.entra.is_empty()).then(|| Step {
            name: "Entra ID's own requests, both dialects",
            requests,
            unit: "steps",
            expected: self.entra.len(),
            got: self.entra.iter().filter(|step| step.passed()).count(),
            milliseconds: self.entra.iter().map(|step| step.milliseconds).sum(),
            problems: Vec::new(),
            note: format!("{requests} requests"),
        })
    }
}

fn document(step: &Step) -> Value {
    json!({
        "step": step.name,
        "requests": step.requests,
        "unit": step.unit,
        "expected": step.expected,
        "got": step.got,
        "passed": step.passed(),
        "milliseconds": step.milliseconds,
        "note": step.note,
        "problems": step.problems,
    })
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_or_one_problem_is_a_failure() {
        let step = |got, problems: &[&str]| Step {
            name: "s",
            requests: 1,
            unit: "users",
            expected: 2,
            got,
            milliseconds: 1,
            problems: problems.iter().map(|p| (*p).to_owned()).collect(),
            note: String::new(),
        };
        let of = |steps: &[Step]| Report {
            steps: steps.to_vec(),
            entra: vec![step(2, &[])],
            sections: Vec::new(),
        };
        let passed = |steps: &[Step]| of(steps).passed();
        assert!(passed(&[step(2, &[])]));
        assert!(!passed(&[step(2, &[]), step(1, &[])]));
        assert!(!passed(&[step(2, &["x"])]));
        assert!(!passed(&[]));
        assert!(of(&[step(1, &["why"])]).text().contains("why"));
        assert!(of(&[step(1, &["why"])]).text().contains("NOT as expected: 1 of 2 steps"));
    }
}
