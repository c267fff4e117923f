//! What is seen while it runs: a line per check, and a bar when there is a terminal.

use std::io::Write as _;

use indicatif::ProgressBar;
use validator::{CaseResult, Event, Options, Verdict, VerdictKind};

use crate::output::printable;
use crate::progress;

/// Of a reason, in a line.
const REASON_CHARACTERS: usize = 160;

pub(super) struct Live {
    bar: ProgressBar,
    url: String,
    seed: u64,
    keep: bool,
    /// Asked to stop: what is not run any more is not worth a line each.
    pub(super) stopping: bool,
}

impl Live {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            url: options.target.clone(),
            seed: options.seed,
            keep: options.keep,
            stopping: false,
        }
    }

    /// A line above the bar; without a terminal, a line.
    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        });
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Started { cases, existing_users } => self.started(*cases, *existing_users),
            Event::CheckStarted { .. } | Event::Finished { .. } => {}
            Event::CheckFinished { result } if self.stopping && was_not_run(result) => {}
            Event::CheckFinished { result } => self.say(&line(result)),
            Event::Progress { done, requests, .. } => {
                self.bar.set_message(format!("{requests} requests"));
                self.bar.set_position(u64::try_from(*done).unwrap_or(u64::MAX));
            }
            Event::CleanedUp { left_over: 0, .. } => {}
            Event::CleanedUp { left_over, .. } => {
                self.say(&format!("{left_over} resources could not be deleted; they are listed below"));
            }
        }
    }

    fn started(&mut self, cases: usize, existing_users: Option<u64>) {
        let users = match existing_users {
            Some(1) => "1 user".to_owned(),
            Some(users) => format!("{users} users"),
            None => "an unknown number of users".to_owned(),
        };
        let after = if self.keep { "leaves them there (--keep)" } else { "deletes them again" };
        self.say(&format!(
            "{}: {users} there. {cases} checks, seed {}. It makes users and groups named {}… and {after}; nothing \
             else is touched.",
            printable(&self.url),
            self.seed,
            validator::generate::PREFIX,
        ));
        self.bar = progress::checks(u64::try_from(cases).unwrap_or(u64::MAX));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

pub(super) fn sign(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Pass => "✓ pass",
        VerdictKind::Deviation => "✗ DEVIATION",
        VerdictKind::NotApplicable => "– not applicable",
        VerdictKind::CouldNotJudge => "? could not judge",
    }
}

fn was_not_run(result: &CaseResult) -> bool {
    matches!(&result.verdict, Verdict::CouldNotJudge { exchanges, .. } if exchanges.is_empty())
}

fn line(result: &CaseResult) -> String {
    let kind = result.verdict.kind();
    let reason = match kind {
        VerdictKind::Pass => format!("{} ms", result.duration_ms),
        _ => shortened(&printable(&result.verdict.reason()), REASON_CHARACTERS),
    };
    let sign = match &result.verdict {
        Verdict::Deviation(found) if found.same_as.is_some() => "✗ same cause",
        _ => sign(kind),
    };
    format!("{sign:<17} {:<6} {}  {reason}", result.level.as_str(), printable(&result.id))
}

/// The beginning of a text.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
