//! `muster validate --list`: every check with its level and clause.

use serde_json::{Value, json};
use validator::{Check, Profile, checks};

use crate::cli::Choice;
use crate::output::{Output, table};

pub(super) fn print(choice: &Choice, output: Output) {
    let profile = Profile::parse(&choice.profile).unwrap_or_default();
    let listed: Vec<&Check> =
        checks::all().iter().filter(|check| profile.includes(check) && is_chosen(choice, check)).collect();
    let document: Vec<Value> = listed.iter().map(|check| json!(check)).collect();
    output.answer(&Value::Array(document), || {
        let rows = listed.iter().map(|check| {
            [check.theme, check.id, check.level.as_str(), check.clause, check.name].map(str::to_owned)
        });
        let repeated = listed.iter().filter(|check| check.each.is_some()).count();
        let repeated = match repeated {
            0 => String::new(),
            n => format!("; {n} of them run once for each attribute that the target has"),
        };
        let table = table(["Theme", "Check", "Level", "Clause", "What must be true"], rows);
        format!("{table}\n\n{} checks{repeated}", listed.len())
    });
}

fn is_chosen(choice: &Choice, check: &Check) -> bool {
    let named = |names: &[String]| {
        names.iter().any(|name| match name.strip_suffix('*') {
            Some(head) => check.id.starts_with(head) || check.theme.starts_with(head),
            None => [check.id, check.theme].contains(&name.split(':').next().unwrap_or(name)),
        })
    };
    // `check:Subject` skips one case of a check, not the check.
    let skips: Vec<String> = choice.skip.iter().filter(|name| !name.contains(':')).cloned().collect();
    (choice.only.is_empty() || named(&choice.only)) && !named(&skips)
}
