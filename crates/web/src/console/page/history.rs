//! Audit rows for people: who did what, and what it changed.

use std::collections::HashMap;

use directory::{AuditRow, Role};
use maud::{Markup, html};
use serde_json::Value;

use super::attributes::words;
use super::exchanges::object_path;
use crate::console::answer::Failure;
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
        return by_field(changes);
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

/// What the ids in audit rows stand for: members and groups by their names, tenants by theirs.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

/// Of a list of ids so many are shown; the names of no others are read.
const SHOWN: usize = 3;

impl Names {
    /// Those that the rows show.
    pub(crate) async fn of(desk: &Desk, rows: &[AuditRow]) -> Result<Self, Failure> {
        let mut ids: Vec<String> = rows.iter().flat_map(|row| ids_shown(&row.detail)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut names = desk.app.directory.names(&desk.tenant.id, ids).await?;
        let tenants = desk.tenants.iter().map(|tenant| (tenant.id.to_string(), tenant.name.clone()));
        names.extend(tenants);
        Ok(Self(names))
    }

    /// The name, or the id itself where nobody has it any more.
    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

fn ids_shown(detail: &Value) -> Vec<String> {
    let members = detail.get("members");
    let lists =
        [members.and_then(|m| m.get("added")), members.and_then(|m| m.get("removed")), detail.get("groups")];
    let shown =
        lists.into_iter().flatten().filter_map(Value::as_array).flat_map(|ids| ids.iter().take(SHOWN));
    shown.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What else a row says, beside its differences: what it is called, and the value.
pub(crate) fn facts_of(detail: &Value, names: &Names) -> Vec<(String, String)> {
    let Value::Object(map) = detail else { return Vec::new() };
    if map.contains_key("role") && !map.contains_key("application") {
        return vec![("Role".to_owned(), role(detail, names))];
    }
    let told = ["changes", "before", "after"];
    let rest = map.iter().filter(|(name, of)| !told.contains(&name.as_str()) && !is_pair(of));
    rest.flat_map(|(name, value)| fact_of(name, value, names)).collect()
}

/// Members come as those added and those removed; the rest as it is, in words.
fn fact_of(name: &str, value: &Value, names: &Names) -> Vec<(String, String)> {
    let one = |label: &str, text: String| vec![(label.to_owned(), text)];
    match (name, value) {
        ("members", _) => ["added", "removed"]
            .into_iter()
            .filter_map(|side| Some((format!("Members {side}"), some_of(value.get(side)?, names)?)))
            .collect(),
        // The row says which application it is.
        ("application", _) => Vec::new(),
        ("objects", Value::Array(objects)) => {
            let called = |of: &Value| {
                of.get("name")
                    .filter(|name| name.is_string())
                    .or_else(|| of.get("id"))
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            one("Users and groups", objects.iter().filter_map(called).collect::<Vec<_>>().join(", "))
        }
        ("role", Value::String(id)) if id.is_empty() => one("Role", "Default Access".to_owned()),
        ("groups", _) => some_of(value, names).map(|text| ("Groups".to_owned(), text)).into_iter().collect(),
        ("roles", Value::Array(roles)) => {
            one("Roles", roles.iter().map(|grant| role(grant, names)).collect::<Vec<_>>().join("; "))
        }
        // The row says whose it is; the JSON below has the id.
        ("operator", _) | ("known_name", Value::Bool(true)) => Vec::new(),
        ("known_name", _) => one("Name", "no operator has the name that was given".to_owned()),
        ("ended", _) => one("Sessions ended", short(value)),
        ("old_secret_until", _) => one("Old secret until", short(value)),
        (_, Value::Bool(yes)) => one(&words(name), if *yes { "yes" } else { "no" }.to_owned()),
        (_, Value::Null) => Vec::new(),
        _ => one(&words(name), short(value)),
    }
}

/// A role, and where it holds.
fn role(grant: &Value, names: &Names) -> String {
    let text = |name: &str| grant.get(name).and_then(Value::as_str);
    let role = text("role").unwrap_or_default();
    let title = Role::parse(role).map_or(role, |known| known.title());
    match text("tenant") {
        Some(tenant) => format!("{title} in {}", names.name(tenant)),
        None => format!("{title} in all tenants"),
    }
}

/// How many there are, and what the first few of them are called; nothing where there is none.
fn some_of(ids: &Value, names: &Names) -> Option<String> {
    let ids = ids.as_array().filter(|ids| !ids.is_empty())?;
    let first: Vec<&str> =
        ids.iter().take(SHOWN).filter_map(Value::as_str).map(|id| names.name(id)).collect();
    let more = if ids.len() > SHOWN { ", …" } else { "" };
    Some(format!("{} ({}{more})", time::number(ids.len() as u64), first.join(", ")))
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
    let what = if what == "key" { "API key".to_owned() } else { words(what) };
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
pub(crate) fn timeline(desk: &Desk, rows: &[AuditRow], names: &Names) -> Markup {
    html! {
        ol.timeline.section {
            @for row in rows {
                li {
                    div.line {
                        strong { a href=(desk.url(&format!("logs/audit/{}", row.number))) { (action(&row.action)) } }
                        span.soft { "by" } (actor(&row.actor))
                        span.soft { (time::ago(row.at, desk.now)) }
                    }
                    (told(&row.detail, names))
                }
            }
        }
    }
}

/// Differences as a table, anything else as words.
pub(crate) fn told(detail: &Value, names: &Names) -> Markup {
    let differences = differences(detail);
    let facts = facts_of(detail, names);
    html! {
        @if !facts.is_empty() {
            ul.plain.small { @for (name, value) in &facts { li { span.soft { (name) ": " } span.break { (value) } } } }
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
            ("appRole.update", "App role changed"),
            ("x", "x"),
        ] {
            assert_eq!(action(text), expect);
        }
        let settings =
            differences(&json!({"restore_days": {"before": 30, "after": 7}, "members": {"added": []}}));
        assert_eq!(settings.len(), 1);
        assert_eq!(differences(&json!({"before": "A", "after": "B", "tenant": "1"})).len(), 1);
        let of_application = json!({"application": "a", "changes": {"name": {"before": "A", "after": "B"}}});
        assert_eq!(differences(&of_application).len(), 1);
        assert!(differences(&json!({})).is_empty());
        assert!(differences(&json!("odd")).is_empty());
    }

    #[test]
    fn facts_are_in_words_and_ids_are_names() {
        let names = [("1", "Ada Lovelace"), ("2", "Alan Turing"), ("t", "Fabrikam")];
        let names = Names(names.map(|(id, name)| (id.to_owned(), name.to_owned())).into());
        let table = [
            (
                json!({"members": {"added": ["1", "9", "2", "4"], "removed": []}, "name": "x"}),
                vec![("Members added", "4 (Ada Lovelace, 9, Alan Turing, …)"), ("Name", "x")],
            ),
            (json!({"before": {}, "groups": ["1"]}), vec![("Groups", "1 (Ada Lovelace)")]),
            (json!({"before": {}, "groups": []}), vec![]),
            (
                json!({"role": "TenantAdministrator", "tenant": "t"}),
                vec![("Role", "Tenant Administrator in Fabrikam")],
            ),
            (
                json!({"operator": "o", "roles": [{"role": "Reader", "tenant": "u"}, {"role": "GlobalAdministrator", "tenant": null}]}),
                vec![("Roles", "Reader in u; Global Administrator in all tenants")],
            ),
            (
                json!({"application": "a", "role": "", "count": 2, "objects": [{"id": "1", "name": "Ada"}, {"id": "9", "name": null}]}),
                vec![("Role", "Default Access"), ("Count", "2"), ("Users and groups", "Ada, 9")],
            ),
            (json!({"known_name": true}), vec![]),
            (json!({"known_name": false}), vec![("Name", "no operator has the name that was given")]),
            (json!({"ended": 2}), vec![("Sessions ended", "2")]),
            (json!({"key": "k", "old_secret_until": "x"}), vec![("Key", "k"), ("Old secret until", "x")]),
            (json!({"stopped": false, "expires": null}), vec![("Stopped", "no")]),
            (json!("odd"), vec![]),
        ];
        for (detail, expect) in table {
            let facts = facts_of(&detail, &names);
            let facts: Vec<(&str, &str)> = facts.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(facts, expect, "{detail}");
        }
        let many = json!({"members": {"added": ["1", "2", "3", "4"], "removed": ["5"]}, "groups": ["6", 7]});
        assert_eq!(ids_shown(&many), ["1", "2", "3", "5", "6"], "no more than are shown are read");
    }
}
