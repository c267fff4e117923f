//! What the indexes can answer of a query, as SQL. It may be a superset of what is asked, never less.

use crate::database::{Database, anywhere, behind, list};
use crate::error::Result;
use crate::resource::Kind;
use crate::value::{Owned, Row, ToValue};

/// Which resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrow {
    All,
    Nothing,
    Id(String),
    UniqueKey(String),
    UniqueKeyPrefix(String),
    Value {
        path: &'static str,
        key: String,
    },
    ValuePrefix {
        path: &'static str,
        prefix: String,
    },
    /// Groups that have this member.
    Member(String),
    /// Members of this group.
    GroupOf(String),
    Active(bool),
    And(Vec<Narrow>),
    Or(Vec<Narrow>),
}

impl Narrow {
    /// Whether a single id is named; membership is then tested on that one instead of listed.
    fn names_one(&self) -> bool {
        match self {
            Self::Id(_) => true,
            Self::And(parts) => parts.iter().any(Self::names_one),
            _ => false,
        }
    }
}

/// A statement that is put together: text and values, so that no value is ever part of the text.
#[derive(Debug)]
pub(crate) struct Statement {
    sql: String,
    values: Vec<Owned>,
}

impl Statement {
    pub(crate) fn new(sql: String) -> Self {
        Self { sql, values: Vec::new() }
    }

    pub(crate) fn text(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(crate) fn value(&mut self, value: impl Into<Owned>) -> &mut Self {
        self.values.push(value.into());
        self.sql.push('?');
        self.sql.push_str(&self.values.len().to_string());
        self
    }

    /// `(… OR …)`: one of the columns has the text in it, whatever the case, in every script. Reads every row that is left.
    pub(crate) fn contains(&mut self, columns: &[&str], text: &str) -> &mut Self {
        let pattern = anywhere(&scim::compare::fold(text));
        for (at, column) in columns.iter().enumerate() {
            self.text(if at == 0 { "(folded(" } else { " OR folded(" }).text(column).text(") LIKE ");
            self.value(pattern.as_str()).text(" ESCAPE '\\'");
        }
        self.text(")")
    }

    pub(crate) fn list<T>(&self, db: &Database, read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let values: Vec<&dyn ToValue> = self.values.iter().map(|v| v as &dyn ToValue).collect();
        list(db, &self.sql, &values, read)
    }

    /// `r.tenant = … AND r.kind = … AND (…)`
    pub(crate) fn resources(&mut self, tenant: i64, kind: Kind, narrow: &Narrow) {
        self.text("r.tenant = ").value(tenant).text(" AND r.kind = ").value(kind.number());
        if *narrow != Narrow::All {
            self.text(" AND ");
            self.narrow(tenant, kind, narrow, narrow.names_one());
        }
    }

    fn narrow(&mut self, tenant: i64, kind: Kind, narrow: &Narrow, one: bool) {
        match narrow {
            Narrow::All => drop(self.text("1 = 1")),
            Narrow::Nothing => drop(self.text("1 = 0")),
            Narrow::Id(id) => drop(self.text("r.id = ").value(id.as_str())),
            Narrow::UniqueKey(key) => drop(self.text("r.unique_key = ").value(key.as_str())),
            Narrow::UniqueKeyPrefix(prefix) => {
                self.text("(r.unique_key >= ").value(prefix.as_str());
                self.text(" AND r.unique_key < ").value(behind(prefix)).text(")");
            }
            Narrow::Value { path, key } => {
                self.index(tenant, kind, path).text("v.key = ").value(key.as_str()).text(")");
            }
            Narrow::ValuePrefix { path, prefix } => {
                self.index(tenant, kind, path).text("v.key >= ").value(prefix.as_str());
                self.text(" AND v.key < ").value(behind(prefix)).text(")");
            }
            Narrow::Member(member) => self.membership(tenant, one, "group_id", "member_id", member),
            Narrow::GroupOf(group) => {
                // The rows of a deleted group are kept for its restore; until then they count for nothing.
                self.text("(").membership(tenant, one, "member_id", "group_id", group);
                self.text(" AND EXISTS (SELECT 1 FROM resource g WHERE g.tenant = ").value(tenant);
                self.text(" AND g.kind = ").value(Kind::Group.number()).text(" AND g.id = ");
                self.value(group.as_str()).text("))");
            }
            Narrow::Active(active) => drop(self.text("r.active = ").value(i64::from(*active))),
            Narrow::And(parts) => self.joined(tenant, kind, parts, " AND ", "1 = 1", one),
            Narrow::Or(parts) => self.joined(tenant, kind, parts, " OR ", "1 = 0", false),
        }
    }

    fn joined(&mut self, tenant: i64, kind: Kind, parts: &[Narrow], word: &str, none: &str, one: bool) {
        if parts.is_empty() {
            self.text(none);
            return;
        }
        self.text("(");
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.text(word);
            }
            self.narrow(tenant, kind, part, one);
        }
        self.text(")");
    }

    fn index(&mut self, tenant: i64, kind: Kind, path: &str) -> &mut Self {
        self.text("r.id IN (SELECT v.id FROM index_value v WHERE v.tenant = ").value(tenant);
        self.text(" AND v.kind = ").value(kind.number()).text(" AND v.path = ").value(path).text(" AND ")
    }

    /// `mine` is the column that is the resource's id.
    fn membership(&mut self, tenant: i64, one: bool, mine: &str, other: &str, id: &str) {
        if one {
            self.text("EXISTS (SELECT 1 FROM membership m WHERE m.tenant = ").value(tenant);
            self.text(&format!(" AND m.{mine} = r.id AND m.{other} = ")).value(id).text(")");
        } else {
            self.text(&format!("r.id IN (SELECT m.{mine} FROM membership m WHERE m.tenant = ")).value(tenant);
            self.text(&format!(" AND m.{other} = ")).value(id).text(")");
        }
    }
}
