//! Pages in the order of ids, which is the order of creation.

use store::{Kind, Narrow, Stored, TenantRead};

use super::{Page, Paging, Query, rank};
use crate::cursor::Position;
use crate::error::Result;
use crate::location::scim_type;
use crate::narrow::Plan;
use crate::prefilter::Prefilter;

/// Candidates read and evaluated in one step, so that memory stays bounded whatever the size of the tenant.
pub(super) const CHUNK: usize = 256;

impl Query {
    pub(super) fn in_order_of_id(&self, read: &TenantRead<'_>) -> Result<Page> {
        match &self.paging {
            Paging::Index(start) => self.by_index(read, start - 1),
            Paging::Cursor(position) => self.by_cursor(read, position.as_ref()),
        }
    }

    fn by_index(&self, read: &TenantRead<'_>, mut skip: u64) -> Result<Page> {
        let mut page = Page { rows: Vec::new(), total: 0, next: None };
        for (kind, plan) in &self.plans {
            let wanted = self.count - page.rows.len();
            let total = if plan.rest.is_none() {
                exact_page(read, *kind, &plan.narrow, skip, wanted, &mut page.rows)?
            } else {
                let mut seen = 0;
                self.each_match(read, *kind, plan, None, |row| {
                    seen += 1;
                    if seen > skip && page.rows.len() < self.count {
                        page.rows.push(row);
                    }
                    true
                })?;
                seen
            };
            skip = skip.saturating_sub(total);
            page.total += total;
        }
        Ok(page)
    }

    fn by_cursor(&self, read: &TenantRead<'_>, position: Option<&Position>) -> Result<Page> {
        let mut page = Page { rows: Vec::new(), total: 0, next: None };
        // Counting means evaluating every candidate when a rest is left; then it is done for the first page only.
        let counted = position.and_then(|p| p.total);
        let undecided = self.plans.iter().any(|(_, plan)| plan.rest.is_some());
        let enough = self.count + 1;
        for (kind, plan) in &self.plans {
            let (skipped, after) = match position {
                Some(p) if p.kind > rank(*kind) => (true, None),
                Some(p) if p.kind == rank(*kind) => (false, Some(p.id.as_str())),
                _ => (false, None),
            };
            if plan.rest.is_none() {
                if counted.is_none() {
                    page.total += count(read, *kind, &plan.narrow)?;
                }
                if !skipped {
                    let wanted = enough - page.rows.len();
                    page.rows.extend(read.scan(*kind, &plan.narrow, after, wanted)?);
                }
                continue;
            }
            if skipped && counted.is_some() {
                continue;
            }
            self.each_match(read, *kind, plan, if counted.is_some() { after } else { None }, |row| {
                page.total += 1;
                let behind = after.is_none_or(|after| row.id.as_str() > after);
                if !skipped && behind && page.rows.len() < enough {
                    page.rows.push(row);
                }
                counted.is_none() || page.rows.len() < enough
            })?;
        }
        page.total = counted.unwrap_or(page.total);
        page.close(self.count, if undecided { Some(page.total) } else { None });
        Ok(page)
    }

    /// Every resource of the kind that matches, in steps; `visit` says whether to go on.
    pub(super) fn each_match(
        &self,
        read: &TenantRead<'_>,
        kind: Kind,
        plan: &Plan,
        after: Option<&str>,
        mut visit: impl FnMut(Stored) -> bool,
    ) -> Result<()> {
        if plan.narrow == Narrow::Nothing {
            return Ok(());
        }
        let load = self.load_to_decide(kind, plan.rest.as_ref());
        let (links, resource_type) = (self.links(), scim_type(kind));
        let prefilter = plan.rest.as_ref().map(|rest| Prefilter::of(rest, resource_type));
        let prefilter = prefilter.unwrap_or(Prefilter::Anything);
        let mut after = after.map(str::to_owned);
        loop {
            let rows = read.scan(kind, &plan.narrow, after.as_deref(), CHUNK)?;
            let more = rows.len() == CHUNK;
            after = rows.last().map(|row| row.id.clone());
            for row in rows {
                let matches = match &plan.rest {
                    None => true,
                    Some(_) if prefilter.excludes(&row.document) => false,
                    Some(rest) => rest.matches(&links.full(read, &row, load)?, resource_type),
                };
                if matches && !visit(row) {
                    return Ok(());
                }
            }
            if !more {
                return Ok(());
            }
        }
    }
}

impl Page {
    /// Keep `count` rows; if one more was found, the next page starts behind the last that is kept.
    fn close(&mut self, count: usize, total: Option<u64>) {
        if self.rows.len() <= count {
            return;
        }
        self.rows.truncate(count);
        // RFC 9865 §2: without a cursor there are no more pages; a page of none (`count=0`) asks for the total only.
        self.next = self.rows.last().map(|row| Position {
            kind: rank(row.kind),
            id: row.id.clone(),
            key: None,
            total,
        });
    }
}

/// The page and the total of what the indexes decide alone; a page that is not full already says the total.
fn exact_page(
    read: &TenantRead<'_>,
    kind: Kind,
    narrow: &Narrow,
    skip: u64,
    wanted: usize,
    rows: &mut Vec<Stored>,
) -> Result<u64> {
    if *narrow == Narrow::Nothing {
        return Ok(0);
    }
    let found = if wanted > 0 { read.page(kind, narrow, skip, wanted)? } else { Vec::new() };
    let found_all = found.len() < wanted && (skip == 0 || !found.is_empty());
    let total = if found_all { skip + found.len() as u64 } else { count(read, kind, narrow)? };
    rows.extend(found);
    Ok(total)
}

pub(super) fn count(read: &TenantRead<'_>, kind: Kind, narrow: &Narrow) -> Result<u64> {
    Ok(match narrow {
        Narrow::All => read.count(kind)?,
        Narrow::Nothing => 0,
        narrow => read.count_where(kind, narrow)?,
    })
}
