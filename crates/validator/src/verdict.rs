//! What a check came to.

use serde::Serialize;
use serde_json::Value;

use crate::wire::Evidence;

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Deviation(Box<Deviation>),
    /// The target does not offer what the check is about.
    NotApplicable {
        why: String,
    },
    /// Something the check stands on is missing; nothing is said about the check itself.
    CouldNotJudge {
        why: String,
        exchanges: Vec<Evidence>,
    },
}

/// What the target did otherwise, with the proof.
#[derive(Debug, Clone, Serialize)]
pub struct Deviation {
    pub expected: String,
    pub got: String,
    pub clause: String,
    /// What Entra or Okta would do then.
    pub consequence: String,
    /// The smallest request that still shows it, when the failing one could be reduced.
    pub minimal: Option<Value>,
    /// The case whose deviation has the same cause: that one explains this.
    #[serde(rename = "sameAs", skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// What went wrong, in words that are the same wherever it is the same.
    #[serde(skip)]
    pub(crate) cause: Option<&'static str>,
    /// Which of `exchanges` shows it.
    pub culprit: Option<usize>,
    pub exchanges: Vec<Evidence>,
}

impl Deviation {
    pub fn culprit(&self) -> Option<&Evidence> {
        self.culprit.and_then(|at| self.exchanges.get(at)).or_else(|| self.exchanges.last())
    }
}

impl Verdict {
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Pass => VerdictKind::Pass,
            Self::Deviation(_) => VerdictKind::Deviation,
            Self::NotApplicable { .. } => VerdictKind::NotApplicable,
            Self::CouldNotJudge { .. } => VerdictKind::CouldNotJudge,
        }
    }

    pub fn is_deviation(&self) -> bool {
        matches!(self, Self::Deviation(_))
    }

    /// One line: why it is not a pass; empty for a pass.
    pub fn reason(&self) -> String {
        match self {
            Self::Pass => String::new(),
            Self::Deviation(d) => match &d.same_as {
                Some(other) => format!("as {other}: expected {}; got {}", d.expected, d.got),
                None => format!("expected {}; got {}", d.expected, d.got),
            },
            Self::NotApplicable { why } | Self::CouldNotJudge { why, .. } => why.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    Pass,
    Deviation,
    NotApplicable,
    CouldNotJudge,
}

impl VerdictKind {
    pub const ALL: [Self; 4] = [Self::Deviation, Self::CouldNotJudge, Self::Pass, Self::NotApplicable];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Deviation => "deviation",
            Self::NotApplicable => "not-applicable",
            Self::CouldNotJudge => "could-not-judge",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Deviation => "deviation",
            Self::NotApplicable => "not applicable",
            Self::CouldNotJudge => "could not judge",
        }
    }
}

/// How a check ends before its end.
#[derive(Debug, Clone)]
pub enum Stop {
    Deviates(Box<Finding>),
    NotApplicable(String),
    CannotJudge(String),
}

/// `Ok` is a pass.
pub type Outcome<T = ()> = Result<T, Stop>;

/// What a check saw; the runner adds the check's own clause and consequence where it names none, and the exchanges.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    pub expected: String,
    pub got: String,
    pub clause: Option<String>,
    pub consequence: Option<String>,
    pub minimal: Option<Value>,
    pub cause: Option<&'static str>,
    /// Index of the exchange that shows it.
    pub at: Option<usize>,
}

/// The target did otherwise.
pub fn deviates(expected: impl Into<String>, got: impl Into<String>) -> Stop {
    Stop::Deviates(Box::new(Finding { expected: expected.into(), got: got.into(), ..Finding::default() }))
}

pub fn not_applicable(why: impl Into<String>) -> Stop {
    Stop::NotApplicable(why.into())
}

pub fn cannot_judge(why: impl Into<String>) -> Stop {
    Stop::CannotJudge(why.into())
}

impl Stop {
    /// The exchange that shows it.
    #[must_use]
    pub fn at(mut self, exchange: usize) -> Self {
        if let Self::Deviates(finding) = &mut self {
            finding.at.get_or_insert(exchange);
        }
        self
    }

    #[must_use]
    pub fn with_minimal(mut self, minimal: Value) -> Self {
        if let Self::Deviates(finding) = &mut self {
            finding.minimal = Some(minimal);
        }
        self
    }

    /// What may be the same in several checks: see [`crate::Check::explained_by`].
    #[must_use]
    pub fn because(mut self, cause: &'static str) -> Self {
        if let Self::Deviates(finding) = &mut self {
            finding.cause = Some(cause);
        }
        self
    }

    /// A failed preparation says nothing about what is checked.
    #[must_use]
    pub fn as_preparation(self, what: &str) -> Self {
        match self {
            Self::Deviates(finding) => {
                Self::CannotJudge(format!("{what}: expected {}; got {}", finding.expected, finding.got))
            }
            other => other,
        }
    }
}

/// `condition` holds, or the target deviates.
pub fn ensure(condition: bool, expected: impl Into<String>, got: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(deviates(expected, got())) }
}
