//! Pages in the order of an attribute (RFC 7644 §3.4.2.3). The keys of all matches are looked at; only those that can be on
//! the page are kept.

use std::cmp::Ordering;

use scim::path::AttributePath;
use scim::sort::{SortKey, SortOrder};
use store::{Kind, TenantRead};

use super::page::count;
use super::{Page, Paging, Query, rank};
use crate::cursor::{Key, Position};
use crate::error::Result;
use crate::location::scim_type;

/// Characters of a text that order it. Beyond them the id decides, so that cursors stay short.
const KEY_CHARS: usize = 128;

/// From here on it is worth counting before keys are kept.
const FAR: usize = 4_096;

struct Ranked {
    key: SortKey,
    kind: Kind,
    id: String,
}

impl Query {
    pub(super) fn sorted(
        &self,
        read: &TenantRead<'_>,
        path: &AttributePath,
        order: SortOrder,
    ) -> Result<Page> {
        let (skip, behind) = match &self.paging {
            Paging::Index(start) => (usize::try_from(start - 1).unwrap_or(usize::MAX), None),
            Paging::Cursor(position) => (0, position.as_ref().map(Ranked::from)),
        };
        // Behind the last resource there is nothing to keep.
        let keep = if skip >= FAR && skip as u64 >= self.candidates(read)? {
            0
        } else {
            skip.saturating_add(self.count).saturating_add(1)
        };
        let mut total = 0;
        let mut best: Vec<Ranked> = Vec::new();
        for (kind, plan) in &self.plans {
            let (links, load) = (self.links(), self.load_to_decide(*kind, None));
            let mut failed = None;
            self.each_match(read, *kind, plan, None, |row| {
                total += 1;
                let resource = match links.full(read, &row, load) {
                    Ok(resource) => resource,
                    Err(error) => {
                        failed = Some(error);
                        return false;
                    }
                };
                let key = short(scim::sort::key(&resource, path, scim_type(*kind)));
                let ranked = Ranked { key, kind: *kind, id: row.id };
                if behind.as_ref().is_none_or(|b| ranked.compare(b, order).is_gt()) {
                    best.push(ranked);
                }
                if best.len() >= keep.saturating_mul(2).max(4096) {
                    best.sort_by(|a, b| a.compare(b, order));
                    best.truncate(keep);
                }
                true
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        best.sort_by(|a, b| a.compare(b, order));
        let more = best.len() > skip.saturating_add(self.count);
        let chosen: Vec<Ranked> = best.into_iter().skip(skip).take(self.count).collect();
        let next = match (&self.paging, chosen.last()) {
            (Paging::Cursor(_), Some(last)) if more => Some(Position::from(last)),
            _ => None,
        };
        let mut rows = Vec::with_capacity(chosen.len());
        for ranked in chosen {
            rows.extend(read.resource(ranked.kind, &ranked.id)?);
        }
        Ok(Page { rows, total, next })
    }
}

impl Query {
    /// No fewer than there are matches.
    fn candidates(&self, read: &TenantRead<'_>) -> Result<u64> {
        self.plans.iter().map(|(kind, plan)| count(read, *kind, &plan.narrow)).sum()
    }
}

impl Ranked {
    /// By key in the order asked; equal keys by kind and id, so that the order is total and stable.
    fn compare(&self, other: &Self, order: SortOrder) -> Ordering {
        let by_key = match order {
            SortOrder::Ascending => self.key.cmp(&other.key),
            SortOrder::Descending => other.key.cmp(&self.key),
        };
        by_key.then_with(|| rank(self.kind).cmp(&rank(other.kind))).then_with(|| self.id.cmp(&other.id))
    }
}

fn short(key: SortKey) -> SortKey {
    match key {
        SortKey::Text(text) => SortKey::Text(text.chars().take(KEY_CHARS).collect()),
        other => other,
    }
}

impl From<&Ranked> for Position {
    fn from(ranked: &Ranked) -> Self {
        let key = match ranked.key.clone() {
            SortKey::Boolean(b) => Key::Boolean(b),
            SortKey::Number(n) => Key::Number(n),
            SortKey::Date(d) => Key::Date(d),
            SortKey::Text(t) => Key::Text(t),
            SortKey::Missing => Key::Missing,
        };
        Self { kind: rank(ranked.kind), id: ranked.id.clone(), key: Some(key), total: None }
    }
}

impl From<&Position> for Ranked {
    fn from(position: &Position) -> Self {
        let key = match position.key.clone() {
            Some(Key::Boolean(b)) => SortKey::Boolean(b),
            Some(Key::Number(n)) => SortKey::Number(n),
            Some(Key::Date(d)) => SortKey::Date(d),
            Some(Key::Text(t)) => SortKey::Text(t),
            Some(Key::Missing) | None => SortKey::Missing,
        };
        let kind = if position.kind == 0 { Kind::User } else { Kind::Group };
        Self { key, kind, id: position.id.clone() }
    }
}
