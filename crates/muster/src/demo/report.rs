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
}

impl Step {
    pub(super) fn passed(&self) -> bool {
        self.expected == self.got && self.problems.is_empty()
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) steps: Vec<Step>,
}

impl Report {
    pub(super) fn passed(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(Step::passed)
    }

    fn requests(&self) -> u64 {
        self.steps.iter().map(|step| step.requests).sum()
    }

    fn milliseconds(&self) -> u64 {
        self.steps.iter().map(|step| step.milliseconds).sum()
    }

    pub(super) fn document(&self) -> Value {
        let step = |step: &Step| {
            json!({
                "step": step.name,
                "requests": step.requests,
                "unit": step.unit,
                "expected": step.expected,
                "got": step.got,
                "passed": step.passed(),
                "milliseconds": step.milliseconds,
                "problems": step.problems,
            })
        };
        json!({
            "passed": self.passed(),
            "requests": self.requests(),
            "milliseconds": self.milliseconds(),
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> String {
        let mut lines = vec![self.table(), String::new(), self.summary()];
        let problems =
            self.steps.iter().flat_map(|s| s.problems.iter().map(move |p| format!("  {}: {p}", s.name)));
        lines.extend(problems.take(PROBLEMS_SHOWN));
        lines.join("\n")
    }

    fn summary(&self) -> String {
        let sent = format!("{} requests in {:.1} s", self.requests(), seconds(self.milliseconds()));
        match self.steps.iter().filter(|step| !step.passed()).count() {
            0 => format!("All as expected: {sent}."),
            n => format!("NOT as expected: {n} of {} steps; {sent}.", self.steps.len()),
        }
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(["What Entra ID does", "Requests", "Expected", "Got", "Result", "Time"]);
        for step in &self.steps {
            let (result, color) =
                if step.passed() { ("✓ ok", Color::Green) } else { ("✗ FAILED", Color::Red) };
            table.add_row([
                Cell::new(step.name),
                Cell::new(step.requests).set_alignment(CellAlignment::Right),
                Cell::new(format!("{} {}", step.expected, step.unit)),
                Cell::new(step.got).set_alignment(CellAlignment::Right),
                Cell::new(result).fg(color),
                Cell::new(format!("{:.2} s", seconds(step.milliseconds))).set_alignment(CellAlignment::Right),
            ]);
        }
        table.to_string()
    }
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
        };
        let passed = |steps: &[Step]| Report { steps: steps.to_vec() }.passed();
        assert!(passed(&[step(2, &[])]));
        assert!(!passed(&[step(2, &[]), step(1, &[])]));
        assert!(!passed(&[step(2, &["x"])]));
        assert!(!passed(&[]));
        assert!(Report { steps: vec![step(1, &["why"])] }.text().contains("why"));
    }
}
