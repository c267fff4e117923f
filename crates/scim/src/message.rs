//! Query messages: ListResponse (RFC 7644 §3.4.2), SearchRequest (§3.4.3), with RFC 9865 cursors.

use serde_json::Value;

use crate::error::Result;
use crate::sort::SortOrder;

/// A query as asked, from the URL or from a SearchRequest; nothing in it is validated yet but its types.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchRequest {
    pub attributes: Vec<String>,
    pub excluded_attributes: Vec<String>,
    pub filter: Option<String>,
    pub sort_by: Option<String>,
    pub sort_order: SortOrder,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
    /// RFC 9865: present and empty asks for the first page by cursor.
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// From the body of `POST …/.search`.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidValue`
    pub fn from_body(body: Value) -> Result<Self> {
        let _ = body;
        todo!()
    }

    /// From decoded query parameters; unknown ones are ignored (Entra appends `aadOptscim062020`), repeated ones refused.
    ///
    /// # Errors
    /// `invalidValue`
    pub fn from_query<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let _ = parameters.count();
        todo!()
    }
}

/// One page of a query.
#[derive(Debug, Clone, Default)]
pub struct ListResponse {
    pub total_results: u64,
    /// `None` when paged by cursor.
    pub start_index: Option<u64>,
    pub resources: Vec<crate::Resource>,
    pub next_cursor: Option<String>,
    pub previous_cursor: Option<String>,
}

impl ListResponse {
    pub fn into_body(self) -> Value {
        todo!()
    }
}
