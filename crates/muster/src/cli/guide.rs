//! Holds the guide's page of the command line and the definitions together.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};

const GUIDE: &str = include_str!("../../../../docs/guide/cli.md");
/// Its flags have a page of their own.
const ELSEWHERE: [&str; 1] = ["validate"];

fn flags(command: &Command) -> impl Iterator<Item = &str> {
    command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|name| !matches!(*name, "help" | "version"))
}

/// Every command with its path: `muster app plan`.
fn walk(command: &Command, path: &str, visit: &mut dyn FnMut(&str, &Command)) {
    visit(path, command);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        walk(sub, &format!("{path} {}", sub.get_name()), visit);
    }
}

/// The flags that the guide names.
fn told() -> BTreeSet<&'static str> {
    let words = GUIDE.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let names = words.filter_map(|word| word.strip_prefix("--"));
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).collect()
}

#[test]
fn every_command_and_every_flag_is_in_the_guide() {
    let told = told();
    let mut missing = Vec::new();
    walk(&super::Cli::command(), "muster", &mut |path, command| {
        if command.get_subcommands().next().is_none() && !GUIDE.contains(path) {
            missing.push(path.to_owned());
        }
        if !ELSEWHERE.contains(&command.get_name()) {
            missing.extend(
                flags(command).filter(|flag| !told.contains(flag)).map(|flag| format!("{path} --{flag}")),
            );
        }
    });
    assert!(missing.is_empty(), "docs/guide/cli.md does not name {missing:#?}");
}

#[test]
fn every_flag_in_the_guide_is_there() {
    let mut known = BTreeSet::new();
    walk(&super::Cli::command(), "muster", &mut |_, command| {
        known.extend(flags(command).map(str::to_owned));
    });
    let unknown: Vec<_> = told().into_iter().filter(|flag| !known.contains(*flag)).collect();
    assert!(unknown.is_empty(), "docs/guide/cli.md names flags that are not there: {unknown:?}");
}
