//! What is kept of a run: a report as the console shows it, and the forms it is downloaded in. Both have a largest size.

use directory::{ValidationDocument, ValidationRow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::report::Format;
use validator::scim_client::Exchange;
use validator::{CaseResult, Evidence, Report, Verdict, VerdictKind};

use super::live::Live;

/// The form the console reads.
pub(crate) const CONSOLE: &str = "console";
/// Bytes of the console's form. Above it, exchanges are left out: first all but the telling ones, then all.
const BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a form to download; what is larger is not kept.
const DOWNLOAD_BYTES: usize = 8 * 1024 * 1024;
/// A token shorter than this may stand anywhere by chance.
const TOKEN: usize = 8;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) started: Timestamp,
    pub(crate) existing_users: Option<u64>,
    pub(crate) created: usize,
    pub(crate) deleted: usize,
    pub(crate) left_over: Vec<String>,
    #[serde(default)]
    pub(crate) unsure: Vec<String>,
    pub(crate) kept: bool,
    pub(crate) results: Vec<Result>,
}

/// One case with its verdict.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Result {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) theme: String,
    pub(crate) level: String,
    pub(crate) clause: String,
    pub(crate) what: String,
    /// As [`VerdictKind::as_str`] has it.
    pub(crate) verdict: String,
    pub(crate) reason: String,
    pub(crate) duration_ms: u64,
    pub(crate) deviation: Option<Deviation>,
    pub(crate) exchanges: Vec<Sent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deviation {
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) clause: String,
    pub(crate) consequence: String,
    pub(crate) minimal: Option<Value>,
    /// The case whose deviation explains this one.
    #[serde(default)]
    pub(crate) same_as: Option<String>,
    /// Which of the exchanges shows it.
    pub(crate) culprit: Option<usize>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) preparation: bool,
    pub(crate) exchange: Exchange,
    pub(crate) curl: String,
}

impl Kept {
    fn of(report: &Report) -> Self {
        Self {
            started: report.started,
            existing_users: report.target.existing_users,
            created: report.created,
            deleted: report.deleted,
            left_over: report.left_over.clone(),
            unsure: report.unsure.clone(),
            kept: report.kept,
            results: report.results.iter().map(Result::of).collect(),
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn count(&self, kind: VerdictKind) -> usize {
        self.results.iter().filter(|result| result.is(kind)).count()
    }
}

impl Result {
    fn of(case: &CaseResult) -> Self {
        let (deviation, exchanges): (_, &[Evidence]) = match &case.verdict {
            Verdict::Deviation(found) => {
                let deviation = Deviation {
                    expected: found.expected.clone(),
                    got: found.got.clone(),
                    clause: found.clause.clone(),
                    consequence: found.consequence.clone(),
                    minimal: found.minimal.clone(),
                    same_as: found.same_as.clone(),
                    culprit: found.culprit,
                };
                (Some(deviation), &found.exchanges)
            }
            Verdict::CouldNotJudge { exchanges, .. } => (None, exchanges),
            Verdict::Pass | Verdict::NotApplicable { .. } => (None, &[]),
        };
        let sent = |evidence: &Evidence| Sent {
            preparation: evidence.preparation,
            exchange: evidence.exchange.clone(),
            curl: evidence.curl.clone(),
        };
        Self {
            id: case.id.clone(),
            title: case.title(),
            theme: case.theme.to_owned(),
            level: case.level.as_str().to_owned(),
            clause: case.clause.to_owned(),
            what: case.what.to_owned(),
            verdict: case.verdict.kind().as_str().to_owned(),
            reason: case.verdict.reason(),
            duration_ms: case.duration_ms,
            deviation,
            exchanges: exchanges.iter().map(sent).collect(),
        }
    }

    pub(crate) fn is(&self, kind: VerdictKind) -> bool {
        self.verdict == kind.as_str()
    }

    pub(crate) fn kind(&self) -> VerdictKind {
        let known = VerdictKind::ALL.into_iter().find(|kind| self.is(*kind));
        known.unwrap_or(VerdictKind::CouldNotJudge)
    }

    /// The exchange that shows the deviation.
    pub(crate) fn culprit(&self) -> Option<&Sent> {
        let named = self.deviation.as_ref().and_then(|deviation| deviation.culprit);
        named.and_then(|at| self.exchanges.get(at)).or_else(|| self.exchanges.last())
    }
}

/// What is listed of a run.
pub(crate) fn row(live: &Live, report: &Report) -> ValidationRow {
    let count = |kind| report.count(kind) as u64;
    ValidationRow {
        id: live.id.clone(),
        started: live.started,
        started_by: live.plan.by.clone(),
        target: live.plan.target.clone(),
        profile: live.plan.profile.to_owned(),
        seed: report.seed,
        duration_ms: report.duration_ms,
        requests: report.requests,
        deviations: count(VerdictKind::Deviation),
        not_judged: count(VerdictKind::CouldNotJudge),
        passed: count(VerdictKind::Pass),
        not_applicable: count(VerdictKind::NotApplicable),
        cancelled: report.cancelled,
    }
}

/// The report in every form. `token` is nowhere in them, even if a target sent it back.
pub(crate) fn documents(mut report: Report, token: Option<&str>) -> Vec<ValidationDocument> {
    let token = token.filter(|token| token.len() >= TOKEN);
    let body = fitted(&mut report);
    let downloads = Format::ALL.map(|format| (format.as_str(), format.write(&report)));
    let kept = downloads.into_iter().filter(|(_, body)| body.len() <= DOWNLOAD_BYTES);
    std::iter::once((CONSOLE, body))
        .chain(kept)
        .map(|(form, body)| {
            let body = match token {
                Some(token) => body.replace(token, scim::redact::REDACTED),
                None => body,
            };
            ValidationDocument { form: form.to_owned(), body }
        })
        .collect()
}

/// The console's form, of a report that is cut down until it is small enough.
fn fitted(report: &mut Report) -> String {
    let text = |report: &Report| serde_json::to_string(&Kept::of(report)).unwrap_or_default();
    for cut in [leave_culprits as fn(&mut Verdict), leave_no_exchange] {
        let whole = text(report);
        if whole.len() <= BYTES {
            return whole;
        }
        report.results.iter_mut().for_each(|result| cut(&mut result.verdict));
    }
    text(report)
}

fn leave_culprits(verdict: &mut Verdict) {
    match verdict {
        Verdict::Deviation(deviation) => {
            deviation.exchanges = deviation.culprit().cloned().into_iter().collect();
            deviation.culprit = Some(0).filter(|_| !deviation.exchanges.is_empty());
        }
        Verdict::CouldNotJudge { exchanges, .. } => exchanges.clear(),
        Verdict::Pass | Verdict::NotApplicable { .. } => {}
    }
}

fn leave_no_exchange(verdict: &mut Verdict) {
    if let Verdict::Deviation(deviation) = verdict {
        deviation.exchanges.clear();
        deviation.culprit = None;
    }
}
