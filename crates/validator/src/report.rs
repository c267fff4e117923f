//! What came of a run, and how it is written down.

use serde::Serialize;

use jiff::Timestamp;
use scim_client::Exchange;

use crate::case::Case;
use crate::check::{Level, Microsoft, Profile};
use crate::schema::Origin;
use crate::verdict::{Deviation, Verdict, VerdictKind};
use crate::world::Features;

pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;

/// One case with its verdict; it stands for itself.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    pub id: String,
    /// The check's id; a repeated check has several cases.
    pub check: &'static str,
    pub name: &'static str,
    pub theme: &'static str,
    pub level: Level,
    pub clause: &'static str,
    pub what: &'static str,
    pub why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub microsoft: Option<Microsoft>,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub duration_ms: u64,
}

impl CaseResult {
    pub(crate) fn new(case: &Case, verdict: Verdict, duration_ms: u64) -> Self {
        let check = case.check;
        Self {
            id: case.id(),
            check: check.id,
            name: check.name,
            theme: check.theme,
            level: check.level,
            clause: check.clause,
            what: check.what,
            why: check.why,
            subject: case.subject.as_ref().map(ToString::to_string),
            microsoft: check.microsoft,
            verdict,
            duration_ms,
        }
    }

    /// The check's name, with the attribute it is about.
    pub fn title(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{} ({subject})", self.name),
            None => self.name.to_owned(),
        }
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub url: String,
    /// Before the run.
    pub existing_users: Option<u64>,
    pub features: Features,
    pub schemas: Origin,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub target: Target,
    pub profile: Profile,
    pub seed: u64,
    pub started: Timestamp,
    pub duration_ms: u64,
    pub requests: u64,
    pub created: usize,
    pub deleted: usize,
    /// Paths of what is still there: kept on request, or the target did not delete it.
    pub left_over: Vec<String>,
    /// Names of creates that were never answered, when nothing said whether they are there.
    pub unsure: Vec<String>,
    pub kept: bool,
    pub cancelled: bool,
    pub results: Vec<CaseResult>,
}

impl Report {
    pub fn count(&self, kind: VerdictKind) -> usize {
        self.results.iter().filter(|r| r.verdict.kind() == kind).count()
    }

    pub fn deviations(&self) -> impl Iterator<Item = &CaseResult> {
        self.results.iter().filter(|r| r.verdict.is_deviation())
    }

    /// Deviations whose cause no other case explains.
    pub fn causes(&self) -> impl Iterator<Item = &CaseResult> {
        self.deviations().filter(|r| matches!(&r.verdict, Verdict::Deviation(d) if d.same_as.is_none()))
    }

    /// The deviations that this case explains.
    pub fn explained_by<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a CaseResult> {
        self.deviations()
            .filter(move |r| matches!(&r.verdict, Verdict::Deviation(d) if d.same_as.as_deref() == Some(id)))
    }

    /// By level: how many cases, how many deviations.
    pub fn by_level(&self) -> Vec<(Level, usize, usize)> {
        Level::ALL
            .into_iter()
            .map(|level| {
                let of = self.results.iter().filter(|r| r.level == level);
                (level, of.clone().count(), of.filter(|r| r.verdict.is_deviation()).count())
            })
            .collect()
    }

    /// 0 clean, 1 deviations, 2 something could not be judged.
    pub fn exit_code(&self) -> u8 {
        if self.count(VerdictKind::Deviation) > 0 {
            1
        } else if self.count(VerdictKind::CouldNotJudge) > 0 || self.cancelled {
            2
        } else {
            0
        }
    }

    /// `3 deviations, 1 could not judge, 200 pass, 20 not applicable`
    pub fn summary(&self) -> String {
        let parts: Vec<String> = VerdictKind::ALL
            .into_iter()
            .map(|kind| {
                let count = self.count(kind);
                let plural = if kind == VerdictKind::Deviation && count != 1 { "s" } else { "" };
                let causes = self.causes().count();
                match kind {
                    VerdictKind::Deviation if causes < count => {
                        let words = if causes == 1 { "cause" } else { "causes" };
                        format!("{count} {}{plural} ({causes} {words})", kind.words())
                    }
                    _ => format!("{count} {}{plural}", kind.words()),
                }
            })
            .collect();
        parts.join(", ")
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    Json,
    JUnit,
    Sarif,
    Markdown,
}

impl Format {
    pub const ALL: [Self; 5] = [Self::Html, Self::Json, Self::JUnit, Self::Sarif, Self::Markdown];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::JUnit => "junit",
            Self::Sarif => "sarif",
            Self::Markdown => "md",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == text)
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::JUnit => "application/xml",
            Self::Sarif => "application/sarif+json",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }

    pub fn write(self, report: &Report) -> String {
        match self {
            Self::Html => html::write(report),
            Self::Json => json::write(report),
            Self::JUnit => junit::write(report),
            Self::Sarif => sarif::write(report),
            Self::Markdown => markdown::write(report),
        }
    }
}

/// A deviation as plain text, for formats that have one field for it.
pub(crate) fn plain(result: &CaseResult, deviation: &Deviation) -> String {
    let mut text = format!(
        "{}\n{} {}\nExpected: {}\nGot: {}\nConsequence: {}",
        result.title(),
        result.level,
        deviation.clause,
        deviation.expected,
        deviation.got,
        deviation.consequence
    );
    if let Some(other) = &deviation.same_as {
        text.push_str(&format!("\nSame cause as: {other}"));
    }
    if let Some(minimal) = &deviation.minimal {
        text.push_str(&format!("\nSmallest request body: {minimal}"));
    }
    if let Some(evidence) = deviation.culprit() {
        text.push_str(&format!("\nRepeat: {}\n{}", evidence.curl, answer(&evidence.exchange)));
    }
    text
}

/// A request as it went over the wire, secrets apart.
pub(crate) fn question(exchange: &Exchange) -> String {
    let mut text = format!("{} {}\n", exchange.method, exchange.url);
    for (name, value) in &exchange.request_headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(body) = &exchange.request_body {
        text.push_str(&format!("\n{}", pretty(body)));
    }
    text
}

/// The answer, or why there was none.
pub(crate) fn answer(exchange: &Exchange) -> String {
    let Some(status) = exchange.status else {
        return exchange.error.clone().unwrap_or_else(|| "no answer".to_owned());
    };
    let mut text = format!("HTTP {status}\n");
    for (name, value) in &exchange.response_headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(body) = &exchange.response_body {
        text.push_str(&format!("\n{}", pretty(body)));
    }
    if exchange.truncated {
        text.push_str("\n[shortened]");
    }
    text
}

/// JSON with line breaks; anything else as it is.
fn pretty(body: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_else(|_| body.to_owned()),
        Err(_) => body.to_owned(),
    }
}
