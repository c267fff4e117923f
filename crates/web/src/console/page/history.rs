//! Audit rows for people: who did what, and what it changed.

use directory::AuditRow;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::exchanges::object_path;
use crate::console::component::diff::{Difference, diff, short};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::time;
use crate::console::visit::Desk;

/// The differences an audit row tells of, whichever form its detail has: a list of changes, or the state on both sides.
pub(crate) fn differences(detail: &Value) -> Vec<Difference> {
    let changes = detail.get("changes").unwrap_or(detail);
    if let Value::Array(changes) = changes {
        return changes.iter().filter_map(of_change).collect();
    }
    let side = |name: &str| match detail.get(name) {
        Some(Value::Object(map)) => Some(map.clone()),
        _ => None,
    };
    let (before, after) = (side("before"), side("after"));
    if before.is_none() && after.is_none() {
        return by_field(detail);
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    scim::diff::changes(&before, &after)
        .into_iter()
        .filter(|change| change.path != "schemas")
        .map(|change| Difference { path: change.path, before: change.before, after: change.after })
        .collect()
}

/// Settings and names: `{"restore_days": {"before": 30, "after": 7}}`, `{"before": "Old", "after": "New"}`.
fn by_field(detail: &Value) -> Vec<Difference> {
    let Value::Object(map) = detail else { return Vec::new() };
    let pair = |path: &str, of: &Value| {
        let side = |name: &str| of.get(name).filter(|value| !value.is_null()).cloned();
        is_pair(of).then(|| Difference {
            path: path.to_owned(),
            before: side("before"),
            after: side("after"),
        })
    };
    if let Some(whole) = pair("value", detail) {
        return vec![whole];
    }
    map.iter().filter_map(|(name, of)| pair(name, of)).collect()
}

fn is_pair(value: &Value) -> bool {
    value.get("before").is_some() && value.get("after").is_some()
}

fn of_change(change: &Value) -> Option<Difference> {
    let side = |name: &str| change.get(name).filter(|value| !value.is_null()).cloned();
    Some(Difference {
        path: change.get("path")?.as_str()?.to_owned(),
        before: side("before"),
        after: side("after"),
    })
}

/// What else a row says, beside its differences.
pub(crate) fn facts_of(detail: &Value) -> Vec<(String, String)> {
    let Value::Object(map) = detail else { return Vec::new() };
    let told = ["changes", "before", "after"];
    let rest: Map<String, Value> = map
        .iter()
        .filter(|(name, of)| !told.contains(&name.as_str()) && !is_pair(of))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    rest.iter().flat_map(|(name, value)| fact_of(name, value)).collect()
}

/// Members come as those added and those removed; the rest as it is.
fn fact_of(name: &str, value: &Value) -> Vec<(String, String)> {
    let side = |word: &str| {
        let ids = value.get(word).and_then(Value::as_array)?;
        (!ids.is_empty()).then(|| (format!("{name} {word}"), some_of(ids)))
    };
    if value.get("added").is_some() || value.get("removed").is_some() {
        return ["added", "removed"].into_iter().filter_map(side).collect();
    }
    vec![(name.to_owned(), short(value))]
}

/// How many there are, and the first few of them.
fn some_of(ids: &[Value]) -> String {
    const SHOWN: usize = 3;
    let first: Vec<String> = ids.iter().take(SHOWN).map(short).collect();
    let more = if ids.len() > SHOWN { ", …" } else { "" };
    format!("{} ({}{more})", time::number(ids.len() as u64), first.join(", "))
}

/// The actor without its technical prefix, with an icon for what it is.
pub(crate) fn actor(text: &str) -> Markup {
    let (glyph, what, name) = match text.split_once(':') {
        Some(("key", rest)) => (Icon::Key, "API key", rest.split_once(' ').map_or(rest, |(_, name)| name)),
        Some(("operator", rest)) => {
            (Icon::Person, "Operator", rest.split_once(' ').map_or(rest, |(_, name)| name))
        }
        // Where the system does not say who runs the command.
        Some(("cli", "unknown")) => (Icon::Settings, "", "command line"),
        Some(("cli", user)) => (Icon::Settings, "Command line", user),
        _ => (Icon::Settings, "System", text),
    };
    html! { span.actor title=(text) { (icon(glyph)) " " span.sr { (what) " " } (name) } }
}

/// What was done, in words; an action that is not known is shown as it is.
pub(crate) fn action(text: &str) -> String {
    let whole = match text {
        "sign_in" => Some("Signed in"),
        "sign_in.failed" => Some("Sign-in failed"),
        "sign_out" => Some("Signed out"),
        "confirm.failed" => Some("Password confirmation failed"),
        "session.end_others" => Some("Other sessions ended"),
        "settings.update" => Some("Settings changed"),
        _ => None,
    };
    if let Some(whole) = whole {
        return whole.to_owned();
    }
    let Some((what, done)) = text.split_once('.') else { return text.to_owned() };
    let what = if what == "key" { "API key".to_owned() } else { super::attributes::words(what) };
    format!("{what} {}", past(&what, done))
}

/// A verb of the audit log as something that was done.
fn past<'a>(what: &str, done: &'a str) -> &'a str {
    match done {
        "create" => "created",
        "update" => "changed",
        "replace" => "replaced",
        "delete" => "deleted",
        "restore" => "restored",
        "purge" => "removed for good",
        "revoke" if what == "Operator" => "role taken away",
        "revoke" => "revoked",
        "rotate" => "rotated",
        "rename" => "renamed",
        "grant" => "role granted",
        "disable" => "disabled",
        "enable" => "enabled",
        "set_password" => "password set",
        "reactivate" => "activated again",
        other => other,
    }
}

/// The history of one object.
pub(crate) fn timeline(desk: &Desk, rows: &[AuditRow]) -> Markup {
    html! {
        ol.timeline.section {
            @for row in rows {
                li {
                    div.line {
                        strong { a href=(desk.url(&format!("logs/audit/{}", row.number))) { (action(&row.action)) } }
                        span.soft { "by" } (actor(&row.actor))
                        span.soft { (time::ago(row.at, desk.now)) }
                    }
                    (told(&row.detail))
                }
            }
        }
    }
}

/// Differences as a table, anything else as words.
pub(crate) fn told(detail: &Value) -> Markup {
    let differences = differences(detail);
    let facts = facts_of(detail);
    html! {
        @if !facts.is_empty() {
            ul.plain.small { @for (name, value) in &facts { li { span.soft { (super::attributes::words(name)) ": " } span.break { (value) } } } }
        }
        @if !differences.is_empty() { (diff(&differences)) }
    }
}

/// A link to what a row is about, by its name then.
pub(crate) fn about(desk: &Desk, row: &AuditRow) -> Markup {
    let name = row.name.as_deref();
    html! {
        @match (row.kind, &row.resource_id) {
            (Some(kind), Some(id)) => a href=(desk.url(&object_path(kind, id))) { (name.unwrap_or(id)) },
            _ => (name.unwrap_or("")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_detail_are_read() {
        let listed = differences(
            &json!({"changes": [{"path": "title", "before": "A", "after": "B"}, {"path": "x", "before": null, "after": 1}]}),
        );
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].path, "title");
        assert!(listed[1].before.is_none());
        for (text, expect) in [
            ("user.create", "User created"),
            ("key.revoke", "API key revoked"),
            ("sign_in.failed", "Sign-in failed"),
            ("x", "x"),
        ] {
            assert_eq!(action(text), expect);
        }
        let members = json!({"members": {"added": ["1", "2", "3", "4"], "removed": []}, "name": "x"});
        let facts = [("members added", "4 (1, 2, 3, …)"), ("name", "x")];
        assert_eq!(facts_of(&members), facts.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let settings =
            differences(&json!({"restore_days": {"before": 30, "after": 7}, "members": {"added": []}}));
        assert_eq!(settings.len(), 1);
        assert_eq!(differences(&json!({"before": "A", "after": "B", "tenant": "1"})).len(), 1);
        assert!(differences(&json!({})).is_empty());
        assert!(differences(&json!("odd")).is_empty());
    }
}
