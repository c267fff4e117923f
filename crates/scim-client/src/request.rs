//! A request as the caller wants it, right or wrong on purpose.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use scim::message::SearchRequest;
use scim::sort::SortOrder;

use crate::secret::Secret;

/// Entra sends this on bodies.
pub const SCIM_JSON: &str = "application/scim+json; charset=utf-8";

/// What a request carries in `Authorization`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authorization {
    /// What the client was configured with.
    #[default]
    Configured,
    /// No such header.
    None,
    /// This value, which is evidence and may be shown: a made-up token, another scheme.
    Literal(String),
    /// This value, which is a credential.
    Secret(Secret),
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// Below the base URL, already encoded: `/Users/2819c223`.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Instead of `query`, already encoded.
    pub raw_query: Option<String>,
    /// A name that is given here replaces the default of that name; a name given twice is sent twice.
    pub headers: Vec<(String, String)>,
    /// Names of default headers that are left out.
    pub without: Vec<String>,
    pub body: Option<Bytes>,
    pub authorization: Authorization,
    /// Whether sending it twice does the same as once; by default as the method says (RFC 9110 §9.2.2).
    pub repeatable: bool,
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            repeatable: method.is_idempotent(),
            method,
            path: path.into(),
            query: Vec::new(),
            raw_query: None,
            headers: Vec::new(),
            without: Vec::new(),
            body: None,
            authorization: Authorization::Configured,
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    pub fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body)
    }

    pub fn patch(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PATCH, path).json(body)
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string())
    }

    /// Any body; `Content-Type` is SCIM's unless a header says otherwise.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn raw_query(mut self, query: impl Into<String>) -> Self {
        self.raw_query = Some(query.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.without.push(name.into());
        self
    }

    #[must_use]
    pub fn authorization(mut self, authorization: Authorization) -> Self {
        self.authorization = authorization;
        self
    }

    /// Says that this POST or PATCH may be sent again after an unknown outcome.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// The parameters of a query, in the order in which Entra sends them.
    #[must_use]
    pub fn search(mut self, search: &SearchRequest) -> Self {
        let list = |names: &[String]| Some(names.join(",")).filter(|names| !names.is_empty());
        let order = (search.sort_order == SortOrder::Descending).then(|| "descending".to_owned());
        let parameters = [
            ("excludedAttributes", list(&search.excluded_attributes)),
            ("filter", search.filter.clone()),
            ("attributes", list(&search.attributes)),
            ("sortBy", search.sort_by.clone()),
            ("sortOrder", order),
            ("startIndex", search.start_index.map(|n| n.to_string())),
            ("count", search.count.map(|n| n.to_string())),
            ("cursor", search.cursor.clone()),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                self.query.push((name.to_owned(), value));
            }
        }
        self
    }
}
