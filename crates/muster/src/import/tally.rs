//! What an import has come to.

use std::collections::BTreeSet;

use directory::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Fault;
use super::reference::Referred;
use super::upsert::Done;
use crate::output::{printable, table};

/// Faults that are kept to be shown; the others are counted.
pub(crate) const FAULTS: usize = 1_000;
/// Of those, shown as text.
pub(crate) const FAULTS_SHOWN: usize = 50;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) create: u64,
    pub(crate) update: u64,
    pub(crate) unchanged: u64,
    pub(crate) invalid: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) users: Counts,
    pub(crate) groups: Counts,
    /// Lines of which nobody can say whether they are a user or a group.
    pub(crate) unreadable: u64,
    pub(crate) managers: u64,
    pub(crate) members: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) faults_total: u64,
    /// Attributes that were met and not used.
    pub(crate) ignored: BTreeSet<String>,
}

impl Tally {
    fn of(&mut self, kind: Kind) -> &mut Counts {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }

    pub(crate) fn done(&mut self, kind: Kind, done: Done) {
        let counts = self.of(kind);
        match done {
            Done::Created => counts.create += 1,
            Done::Updated => counts.update += 1,
            Done::Unchanged => counts.unchanged += 1,
        }
    }

    pub(crate) fn failed(&mut self, kind: Option<Kind>, faults: Vec<Fault>) {
        match kind {
            Some(kind) => self.of(kind).invalid += 1,
            None => self.unreadable += 1,
        }
        self.note(faults);
    }

    pub(crate) fn referred(&mut self, referred: Referred) {
        self.managers += referred.managers;
        self.members += referred.members;
        self.note(referred.faults);
    }

    fn note(&mut self, faults: Vec<Fault>) {
        self.faults_total += faults.len() as u64;
        let room = FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }

    /// Short, for a progress bar.
    pub(crate) fn brief(&self) -> String {
        let sum = |of: fn(&Counts) -> u64| of(&self.users) + of(&self.groups);
        format!(
            "{} new, {} changed, {} same, {} faults",
            sum(|c| c.create),
            sum(|c| c.update),
            sum(|c| c.unchanged),
            self.faults_total
        )
    }

    pub(crate) fn document(&self) -> Value {
        json!({
            "users": self.users,
            "groups": self.groups,
            "unreadable": self.unreadable,
            "references": { "managers": self.managers, "members": self.members },
            "ignored_attributes": self.ignored,
            "errors_total": self.faults_total,
            "errors": self.faults,
        })
    }

    pub(crate) fn text(&self) -> String {
        let row = |name: &str, counts: &Counts| {
            let Counts { create, update, unchanged, invalid } = counts;
            [
                name.to_owned(),
                create.to_string(),
                update.to_string(),
                unchanged.to_string(),
                invalid.to_string(),
            ]
        };
        let rows = [row("users", &self.users), row("groups", &self.groups)];
        let mut text = table(["", "Create", "Update", "Unchanged", "Invalid"], rows);
        if self.managers + self.members > 0 {
            text += &format!("\n\nreferences: {} managers, {} members", self.managers, self.members);
        }
        if !self.ignored.is_empty() {
            let names: Vec<&str> = self.ignored.iter().take(20).map(String::as_str).collect();
            text += &format!(
                "\n\nnot imported, the directory has no use for them: {}",
                printable(&names.join(", "))
            );
        }
        if self.faults_total > 0 {
            text += "\n";
            for Fault { line, attribute, error, hint, .. } in self.faults.iter().take(FAULTS_SHOWN) {
                let attribute = if attribute.is_empty() { String::new() } else { format!("{attribute}: ") };
                let told = format!("line {line}: {attribute}{error}");
                text += &format!("\n{}\n  {}", printable(&told), printable(hint));
            }
            let more = self.faults_total.saturating_sub(FAULTS_SHOWN as u64);
            if more > 0 {
                text += &format!("\nand {more} more; --json lists up to {FAULTS}");
            }
        }
        text
    }
}
