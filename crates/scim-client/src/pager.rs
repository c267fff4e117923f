//! All pages of a query, from a target that may count wrongly, repeat itself or never end.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use scim::message::SearchRequest;

use crate::answer::{Answer, Page};
use crate::client::Client;
use crate::failure::{Failure, FailureKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    pub pages_max: u64,
    pub items_max: u64,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { pages_max: 100_000, items_max: 10_000_000 }
    }
}

/// One page after another; [`Pager::next`] ends with `None`.
#[derive(Debug)]
pub struct Pager {
    client: Client,
    endpoint: String,
    search: SearchRequest,
    course: Course,
}

impl Pager {
    pub(crate) fn new(client: Client, endpoint: &str, search: SearchRequest, limits: PageLimits) -> Self {
        let course = Course::new(&search, limits);
        Self { client, endpoint: endpoint.to_owned(), search, course }
    }

    /// # Errors
    /// [`Failure`] of the request, or [`FailureKind::Malformed`] when the pages make no progress or never end.
    pub async fn next(&mut self) -> Result<Option<Answer<Page>>, Failure> {
        if self.course.ended {
            return Ok(None);
        }
        self.course.aim(&mut self.search);
        let answer = self.client.query(&self.endpoint, &self.search).await?;
        match self.course.after(&answer.value) {
            Ok(true) => Ok(Some(answer)),
            Ok(false) => Ok(None),
            Err(why) => {
                Err(Failure::new(FailureKind::Malformed(why.to_owned())).with_exchange(answer.exchange))
            }
        }
    }
}

/// Where paging stands; pure. For whoever sends the queries by other means than [`Pager`].
#[derive(Debug)]
pub struct Course {
    limits: PageLimits,
    count: Option<u64>,
    start_index: u64,
    cursor: Option<String>,
    by_cursor: bool,
    pages: u64,
    items: u64,
    /// Hashes of the first ids of all pages and of all cursors: a page or cursor that comes again is a circle.
    seen: HashSet<u64>,
    ended: bool,
}

impl Course {
    pub fn new(search: &SearchRequest, limits: PageLimits) -> Self {
        Self {
            limits,
            count: search.count.and_then(|count| u64::try_from(count).ok()),
            start_index: search.start_index.and_then(|start| u64::try_from(start).ok()).unwrap_or(1).max(1),
            cursor: search.cursor.clone(),
            by_cursor: search.cursor.is_some(),
            pages: 0,
            items: 0,
            seen: HashSet::new(),
            ended: false,
        }
    }

    /// Whether there is nothing more to ask for.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Make `search` ask for the next page.
    pub fn aim(&self, search: &mut SearchRequest) {
        if self.by_cursor {
            search.cursor.clone_from(&self.cursor);
        } else {
            search.start_index = i64::try_from(self.start_index).ok();
        }
    }

    /// Whether the page is a new one (`false`: the end), and where to go on.
    ///
    /// # Errors
    /// What is wrong with the pages: they make no progress, or never end.
    pub fn after(&mut self, page: &Page) -> Result<bool, &'static str> {
        let found = page.items.len() as u64;
        let satisfied = page.total_results.is_some_and(|total| self.start_index > total);
        self.pages += 1;
        self.items = self.items.saturating_add(found);
        if self.pages > self.limits.pages_max || self.items > self.limits.items_max {
            self.ended = true;
            return Err("the pages of the list do not end");
        }
        if let Some(first) = page.items.first()
            && !self.seen.insert(hashed("id", &first.id))
        {
            self.ended = true;
            // A target that ignores startIndex, asked once more to be sure that it had given everything.
            return if satisfied { Ok(false) } else { Err("the list repeats a page it has already given") };
        }
        if self.by_cursor {
            self.follow(page)?;
        } else {
            self.start_index = self.start_index.saturating_add(found);
            self.ended = self.last(page.total_results, found);
        }
        Ok(found > 0 || !self.ended)
    }

    /// RFC 9865 §2.1: the last page has no `nextCursor`.
    fn follow(&mut self, page: &Page) -> Result<(), &'static str> {
        self.cursor.clone_from(&page.next_cursor);
        match &self.cursor {
            None => self.ended = true,
            Some(cursor) => {
                if !self.seen.insert(hashed("cursor", cursor)) {
                    self.ended = true;
                    return Err("the list gives a cursor it has already given");
                }
            }
        }
        Ok(())
    }

    /// `totalResults` alone is not believed: a full page may have another one behind it.
    fn last(&self, total: Option<u64>, found: u64) -> bool {
        let satisfied = total.is_some_and(|total| self.start_index > total);
        let full = self.count == Some(found);
        found == 0 || (satisfied && !full)
    }
}

fn hashed(what: &str, value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (what, value).hash(&mut hasher);
    hasher.finish()
}
