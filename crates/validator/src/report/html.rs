//! The report as one self-contained page: light and dark, no script, nothing loaded from elsewhere.
//!
//! Filtering is by radio buttons and CSS; each case opens by `details`.

use std::fmt::Write as _;

use crate::report::junit::escaped;
use crate::report::{CaseResult, Report};
use crate::verdict::{Deviation, Verdict, VerdictKind};
use crate::wire::Evidence;

const STYLE: &str = include_str!("html.css");

pub fn write(report: &Report) -> String {
    let mut page = String::new();
    let title = format!("SCIM validation of {}", report.target.url);
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escaped(&title)
    );
    head(&mut page, report);
    filters(&mut page, report);
    page.push_str("<main>\n");
    let mut theme = "";
    for result in &report.results {
        if result.theme != theme {
            if !theme.is_empty() {
                page.push_str("</section>\n");
            }
            theme = result.theme;
            let _ = writeln!(page, "<section>\n<h2>{}</h2>", escaped(theme));
        }
        case(&mut page, result);
    }
    if !theme.is_empty() {
        page.push_str("</section>\n");
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn head(page: &mut String, report: &Report) {
    let _ = writeln!(
        page,
        "<header>\n<h1>SCIM validation</h1>\n<p class=\"target\">{}</p>",
        escaped(&report.target.url)
    );
    page.push_str("<dl class=\"facts\">\n");
    let facts = [
        ("Begun", report.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("Duration", format!("{}.{} s", report.duration_ms / 1000, report.duration_ms % 1000 / 100)),
        ("Requests", report.requests.to_string()),
        ("Profile", report.profile.as_str().to_owned()),
        ("Seed", report.seed.to_string()),
        ("Created and deleted", format!("{} and {}", report.created, report.deleted)),
    ];
    for (name, value) in facts {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&value));
    }
    page.push_str("</dl>\n<table>\n<thead><tr><th scope=\"col\">Level</th><th scope=\"col\">Cases</th><th scope=\"col\">Deviations</th></tr></thead>\n<tbody>\n");
    for (level, cases, deviations) in report.by_level().into_iter().filter(|(_, cases, _)| *cases > 0) {
        let _ =
            writeln!(page, "<tr><th scope=\"row\">{level}</th><td>{cases}</td><td>{deviations}</td></tr>");
    }
    page.push_str("</tbody>\n</table>\n");
    if report.cancelled {
        page.push_str("<p class=\"note\">The run was cancelled; this is a part.</p>\n");
    }
    if !report.left_over.is_empty() {
        let why = if report.kept { "kept on request" } else { "could not be deleted" };
        let _ = writeln!(
            page,
            "<details class=\"note\"><summary>{} resources were left ({why})</summary><pre>{}</pre></details>",
            report.left_over.len(),
            escaped(&report.left_over.join("\n"))
        );
    }
    if !report.unsure.is_empty() {
        let _ = writeln!(
            page,
            "<details class=\"note\"><summary>{} creates were not answered; whether they were carried out could not be \
             looked up</summary><pre>{}</pre></details>",
            report.unsure.len(),
            escaped(&report.unsure.join("\n"))
        );
    }
    page.push_str("</header>\n");
}

/// Radio buttons before `main`, so that CSS can reach it from them.
fn filters(page: &mut String, report: &Report) {
    let clean = report.count(VerdictKind::Deviation) == 0;
    let mut button = |id: &str, label: &str, checked: bool| {
        let checked = if checked { " checked" } else { "" };
        let _ = writeln!(
            page,
            "<input type=\"radio\" name=\"show\" id=\"show-{id}\"{checked}><label for=\"show-{id}\">{label}</label>"
        );
    };
    button("all", &format!("All {}", report.results.len()), clean);
    for kind in VerdictKind::ALL {
        let words = kind.words();
        let first = words.get(..1).unwrap_or_default().to_uppercase();
        let label = format!("{first}{} {}", words.get(1..).unwrap_or_default(), report.count(kind));
        button(kind.as_str(), &label, !clean && kind == VerdictKind::Deviation);
    }
}

fn sign(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Pass => "✓",
        VerdictKind::Deviation => "✗",
        VerdictKind::NotApplicable => "–",
        VerdictKind::CouldNotJudge => "?",
    }
}

fn case(page: &mut String, result: &CaseResult) {
    let kind = result.verdict.kind();
    let _ = write!(
        page,
        "<details class=\"case {}\" id=\"{}\">\n<summary><span class=\"verdict\"><span aria-hidden=\"true\">{}</span> {}</span> \
         <span class=\"name\">{}{}</span> <span class=\"level\">{}</span></summary>\n",
        kind.as_str(),
        escaped(&result.id),
        sign(kind),
        kind.words(),
        escaped(&result.title()),
        same_cause(&result.verdict),
        result.level,
    );
    let _ = writeln!(
        page,
        "<p class=\"id\"><code>{}</code> · {} · {} ms</p>",
        escaped(&result.id),
        escaped(result.clause),
        result.duration_ms
    );
    let _ = writeln!(page, "<p>{}</p>\n<p class=\"why\">{}</p>", escaped(result.what), escaped(result.why));
    if let Some(microsoft) = &result.microsoft {
        let preview = if microsoft.preview { ", preview" } else { "" };
        let _ = writeln!(
            page,
            "<p class=\"id\">Microsoft: {} | {}{preview}</p>",
            escaped(microsoft.name),
            escaped(microsoft.description)
        );
    }
    match &result.verdict {
        Verdict::Pass => {}
        Verdict::Deviation(deviation) => finding(page, deviation),
        other => {
            let _ = writeln!(page, "<p class=\"note\">{}</p>", escaped(&other.reason()));
        }
    }
    page.push_str("</details>\n");
}

/// Where one cause shows in many cases, those after the first say so before they are opened.
fn same_cause(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Deviation(found) => {
            found.same_as.as_ref().map_or_else(String::new, |other| format!(", as {}", escaped(other)))
        }
        _ => String::new(),
    }
}

fn finding(page: &mut String, deviation: &Deviation) {
    if let Some(other) = &deviation.same_as {
        let other = escaped(other);
        let _ = writeln!(page, "<p class=\"note\">The same cause as <a href=\"#{other}\">{other}</a></p>");
    }
    page.push_str("<dl class=\"finding\">\n");
    for (name, value) in [
        ("Expected", &deviation.expected),
        ("Got", &deviation.got),
        ("Clause", &deviation.clause),
        ("Consequence", &deviation.consequence),
    ] {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(value));
    }
    page.push_str("</dl>\n");
    if let Some(minimal) = &deviation.minimal {
        let text = serde_json::to_string_pretty(minimal).unwrap_or_default();
        let _ = writeln!(page, "<h3>Smallest request that shows it</h3>\n<pre>{}</pre>", escaped(&text));
    }
    if let Some(evidence) = deviation.culprit() {
        page.push_str("<h3>Exchange</h3>\n");
        exchange(page, evidence);
        let _ = writeln!(page, "<h3>Repeat</h3>\n<pre class=\"curl\">{}</pre>", escaped(&evidence.curl));
    }
    if deviation.exchanges.len() > 1 {
        let _ = writeln!(
            page,
            "<details><summary>All {} exchanges of this case</summary>",
            deviation.exchanges.len()
        );
        deviation.exchanges.iter().for_each(|e| exchange(page, e));
        page.push_str("</details>\n");
    }
}

fn exchange(page: &mut String, evidence: &Evidence) {
    let preparation = if evidence.preparation { " (preparation)" } else { "" };
    let e = &evidence.exchange;
    let _ = writeln!(
        page,
        "<div class=\"exchange\"><h4>Sent{preparation}</h4><pre>{}</pre><h4>Received</h4><pre>{}</pre></div>",
        escaped(&super::question(e)),
        escaped(&super::answer(e)),
    );
}
