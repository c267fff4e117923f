//! Two reports side by side: what deviates newly, what was mended, what stayed.

use std::collections::HashMap;
use std::sync::Arc;

use directory::ValidationRow;
use maud::{Markup, html};
use validator::VerdictKind;

use super::validator_list::choice;
use super::validator_report::read;
use super::validator_run::kind;
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::flush;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{chip, time};
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::Desk;
use crate::validation::report::{Kept, Result as Case};

/// One check in both runs.
struct Pair<'a> {
    before: Option<&'a Case>,
    after: Option<&'a Case>,
}

/// What became of a check between the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    NewlyDeviating,
    Mended,
    StillDeviating,
    /// Another verdict, and neither is a deviation.
    Otherwise,
    InOneOnly,
    Same,
}

impl Change {
    /// Those that are listed, in order.
    const LISTED: [Self; 5] =
        [Self::NewlyDeviating, Self::Mended, Self::StillDeviating, Self::Otherwise, Self::InOneOnly];

    fn between(before: Option<VerdictKind>, after: Option<VerdictKind>) -> Self {
        use VerdictKind::{CouldNotJudge, Deviation};
        match (before, after) {
            (Some(before), Some(after)) => match (before, after) {
                (Deviation, Deviation) => Self::StillDeviating,
                (_, Deviation) => Self::NewlyDeviating,
                // What could not be judged is not known to be mended.
                (Deviation, CouldNotJudge) => Self::Otherwise,
                (Deviation, _) => Self::Mended,
                (before, after) if before == after => Self::Same,
                _ => Self::Otherwise,
            },
            _ => Self::InOneOnly,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NewlyDeviating => "Newly deviating",
            Self::Mended => "Mended",
            Self::StillDeviating => "Still deviating",
            Self::Otherwise => "Judged otherwise",
            Self::InOneOnly => "In one run only",
            Self::Same => "Same",
        }
    }
}

impl Pair<'_> {
    fn change(&self) -> Change {
        Change::between(self.before.map(Case::kind), self.after.map(Case::kind))
    }
}

/// In the order of the later run; what only the earlier one has comes last.
fn pairs<'a>(before: &'a Kept, after: &'a Kept) -> Vec<Pair<'a>> {
    let mut earlier: HashMap<&str, &Case> =
        before.results.iter().map(|case| (case.id.as_str(), case)).collect();
    let mut pairs: Vec<Pair<'_>> = after
        .results
        .iter()
        .map(|case| Pair { before: earlier.remove(case.id.as_str()), after: Some(case) })
        .collect();
    let rest = before.results.iter().filter(|case| earlier.contains_key(case.id.as_str()));
    pairs.extend(rest.map(|case| Pair { before: Some(case), after: None }));
    pairs
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let reports = desk.app.directory.validations(&desk.tenant.id).await?;
    let (before, after) = (desk.query.text("before"), desk.query.text("after"));
    let body = if before.is_empty() || after.is_empty() {
        html! {
            @if reports.len() > 1 { (choice(&desk, &reports, None)) }
            @else { p.soft { "There are fewer than two reports to compare." } }
        }
    } else {
        let found = |id: &str| reports.iter().find(|report| report.id == id).ok_or(Failure::NotFound);
        let (older, newer) = (found(before)?, found(after)?);
        let (kept_before, kept_after) = (read(&desk, before).await?, read(&desk, after).await?);
        html! {
            div.stack.wide {
                (choice(&desk, &reports, Some((before, after))))
                (warnings(older, newer))
                (compared(&desk, newer, older, &pairs(&kept_before, &kept_after)))
            }
        }
    };
    let page = Page::new(Section::Validator, "Compare").under("Validator", desk.url("validator"));
    Ok(page.lead(html! { "What changed from one run to another." }).send(&desk, &body))
}

/// Two runs that did not do the same are compared with care.
fn warnings(before: &ValidationRow, after: &ValidationRow) -> Markup {
    let mut differ = Vec::new();
    if before.target != after.target {
        differ.push("targets");
    }
    if before.profile != after.profile {
        differ.push("profiles");
    }
    if before.seed != after.seed {
        differ.push("seeds");
    }
    html! {
        @if before.id == after.id { (banner::text(Tone::Info, "This is one run compared with itself.")) }
        @if !differ.is_empty() { (banner::text(Tone::Warn, &format!("The two runs have different {}.", differ.join(", ")))) }
        @if before.cancelled || after.cancelled { (banner::text(Tone::Warn, "A run that was stopped did not judge everything.")) }
    }
}

fn compared(desk: &Desk, after: &ValidationRow, before: &ValidationRow, pairs: &[Pair<'_>]) -> Markup {
    let of = |change: Change| pairs.iter().filter(move |pair| pair.change() == change);
    let count = |change: Change| time::number(of(change).count() as u64);
    html! {
        div.tiles {
            @for change in [Change::NewlyDeviating, Change::Mended, Change::StillDeviating, Change::Same] {
                div { div.figure { (count(change)) } div.what { (change.words()) } }
            }
        }
        @for change in Change::LISTED {
            @if of(change).next().is_some() {
                (flush(change.words(), None, &rows(desk, after, before, change, of(change))))
            }
        }
    }
}

fn rows<'a>(
    desk: &Desk,
    after: &ValidationRow,
    before: &ValidationRow,
    change: Change,
    pairs: impl Iterator<Item = &'a Pair<'a>>,
) -> Markup {
    let columns = [Column::new("Check"), Column::new("Before"), Column::new("After"), Column::wide("Level")];
    let verdict = |case: Option<&Case>| html! { @match case { Some(case) => { (kind(case.kind())) }, None => { span.soft { "—" } } } };
    let url = |pair: &Pair<'_>| {
        let (report, case) = match (pair.after, pair.before) {
            (Some(case), _) => (after, case),
            (None, Some(case)) => (before, case),
            (None, None) => return String::new(),
        };
        Link::to(desk.url(&format!("validator/{}", report.id))).with("check", &*case.id).to_string()
    };
    table(
        change.words(),
        &columns,
        &html! {
            @for pair in pairs {
                @if let Some(case) = pair.after.or(pair.before) {
                    tr {
                        td.break { a href=(url(pair)) data-row { (case.title) } @if !case.reason.is_empty() { div.soft.small { (case.reason) } } }
                        td { (verdict(pair.before)) }
                        td { (verdict(pair.after)) }
                        td.hide-narrow { (chip::tag(&case.level)) }
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_check() {
        use VerdictKind::{CouldNotJudge, Deviation, NotApplicable, Pass};
        for (before, after, expect) in [
            (Some(Pass), Some(Deviation), Change::NewlyDeviating),
            (Some(CouldNotJudge), Some(Deviation), Change::NewlyDeviating),
            (Some(Deviation), Some(Pass), Change::Mended),
            (Some(Deviation), Some(NotApplicable), Change::Mended),
            (Some(Deviation), Some(CouldNotJudge), Change::Otherwise),
            (Some(Deviation), Some(Deviation), Change::StillDeviating),
            (Some(Pass), Some(NotApplicable), Change::Otherwise),
            (Some(Pass), Some(Pass), Change::Same),
            (None, Some(Deviation), Change::InOneOnly),
        ] {
            assert_eq!(Change::between(before, after), expect, "{before:?} {after:?}");
        }
    }
}
