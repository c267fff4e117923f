//! Accidental-deletions prevention: a mistake at the source must not empty a target.

use serde::{Deserialize, Serialize};

/// Disables by leaving scope and deletes count, of users and groups together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionGuard {
    pub enabled: bool,
    /// At most so many in a cycle.
    pub count: u64,
    /// At most so many of a hundred linked objects in a cycle; `None`: the number alone decides.
    pub percent: Option<u8>,
    /// So few may always go, whatever part of a small target they are.
    pub percent_from: u64,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { enabled: true, count: 500, percent: Some(20), percent_from: 10 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    Proceed,
    /// The deletions wait for somebody who allows them.
    Stage {
        reason: String,
    },
}

impl DeletionGuard {
    /// How many deletions a cycle may carry out, with `linked` objects in care.
    pub fn allowance(&self, linked: u64) -> u64 {
        if !self.enabled {
            return u64::MAX;
        }
        let part = self.percent.map_or(u64::MAX, |percent| {
            let part = u128::from(linked) * u128::from(percent) / 100;
            u64::try_from(part).unwrap_or(u64::MAX).max(self.percent_from)
        });
        self.count.min(part)
    }

    /// On a whole cycle's plan, before anything is sent: all deletions proceed or none.
    pub fn assess(&self, deletions: u64, linked: u64) -> Verdict {
        let allowance = self.allowance(linked);
        if deletions <= allowance {
            return Verdict::Proceed;
        }
        let part = if deletions > self.count {
            format!("the threshold is {}", self.count)
        } else {
            format!("the threshold is {allowance} ({}% of {linked})", self.percent.unwrap_or_default())
        };
        Verdict::Stage { reason: format!("{deletions} objects would be disabled or deleted; {part}") }
    }

    /// On one deletion of a running cycle, after `done` others.
    pub fn admits(&self, done: u64, linked: u64) -> bool {
        done < self.allowance(linked)
    }
}

/// A source that suddenly holds nothing is an error of the source, whatever the guard allows.
///
/// # Errors
/// If nothing was read although objects are in care.
pub fn check_source(read: u64, linked: u64) -> Result<(), String> {
    if read == 0 && linked > 0 {
        return Err(format!(
            "the source holds no object at all while {linked} are provisioned; nothing is deprovisioned on that evidence"
        ));
    }
    Ok(())
}
