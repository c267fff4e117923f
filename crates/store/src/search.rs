//! Lists for people: search as you type, status, order, page.

use crate::database::behind;
use crate::error::Result;
use crate::narrow::Statement;
use crate::resource::{Kind, Stored};
use crate::store::TenantRead;
use crate::value::{signed, unsigned};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListSort {
    /// By unique key: `userName`, a group's `displayName`.
    #[default]
    Name,
    Created,
    Modified,
}

#[derive(Debug, Clone, Default)]
pub struct SearchQuery {
    /// Folded; the start of the unique key or of an indexed value (an e-mail), or any part of the shown name.
    pub text: String,
    pub active: Option<bool>,
    pub sort: ListSort,
    pub descending: bool,
    pub offset: u64,
    pub limit: usize,
}

impl TenantRead<'_> {
    /// One page, and how many there are in all.
    pub fn search(&self, kind: Kind, query: &SearchQuery) -> Result<(Vec<Stored>, u64)> {
        let total = if query.text.is_empty() && query.active.is_none() {
            self.count(kind)?
        } else {
            let mut statement = Statement::new("SELECT count(*) FROM resource r WHERE ".to_owned());
            self.conditions(&mut statement, kind, query);
            statement.list(self.db, |row| unsigned(row, 0))?.into_iter().sum()
        };
        let mut statement = Statement::new("SELECT r.id FROM resource r WHERE ".to_owned());
        self.conditions(&mut statement, kind, query);
        let column = match query.sort {
            ListSort::Name => "r.unique_key",
            ListSort::Created => "r.id",
            ListSort::Modified => "r.modified_at",
        };
        let direction = if query.descending { "DESC" } else { "ASC" };
        statement.text(&format!(" ORDER BY {column} {direction}, r.id {direction} LIMIT "));
        statement.value(signed(query.limit as u64)).text(" OFFSET ").value(signed(query.offset));
        let ids: Vec<String> = statement.list(self.db, |row| row.get(0))?;
        let mut page = Vec::with_capacity(ids.len());
        for id in ids {
            page.extend(self.resource(kind, &id)?);
        }
        Ok((page, total))
    }

    fn conditions(&self, statement: &mut Statement, kind: Kind, query: &SearchQuery) {
        statement.text("r.tenant = ").value(self.tenant).text(" AND r.kind = ").value(kind.number());
        if let Some(active) = query.active {
            statement.text(" AND r.active = ").value(i64::from(active));
        }
        if query.text.is_empty() {
            return;
        }
        let (from, to) = (query.text.as_str(), behind(&query.text));
        statement.text(" AND ((r.unique_key >= ").value(from).text(" AND r.unique_key < ").value(to.clone());
        statement.text(") OR ").contains(&["r.name"], from);
        statement.text(" OR r.id IN (SELECT v.id FROM index_value v WHERE v.tenant = ").value(self.tenant);
        statement.text(" AND v.kind = ").value(kind.number()).text(" AND v.key >= ").value(from);
        statement.text(" AND v.key < ").value(to).text("))");
    }
}
