//! What came in a query or a form: names with values, in order, repeated ones kept.

use axum::extract::{Form, FromRequest, Query, Request};
use http::{StatusCode, Uri};

/// Bytes of one form. A user edited as JSON is the largest.
pub(super) const FORM_BYTES: usize = 1024 * 1024;

/// Decoded names and values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// `None` if the query is not form-encoded UTF-8.
    pub(super) fn of_query(uri: &Uri) -> Option<Self> {
        Query::<Vec<(String, String)>>::try_from_uri(uri).ok().map(|Query(pairs)| Self(pairs))
    }

    pub(super) async fn of_form(request: Request) -> Result<Self, StatusCode> {
        let (head, body) = request.into_parts();
        let read = axum::body::to_bytes(body, FORM_BYTES).await;
        let bytes = read.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let request = Request::from_parts(head, axum::body::Body::from(bytes));
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        form.map(|Form(pairs)| Self(pairs))
            .map_err(|refused| axum::response::IntoResponse::into_response(refused).status())
    }

    /// The first value of that name as it was sent; "" if it is missing.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The first value of that name without space around it; "" if it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The same, `None` if there is nothing in it.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.given(name)?.parse().ok()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Every value of that name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_missing_names() {
        let uri = "/x?a=1&b=%20two+words%20&a=3&empty=".parse().unwrap();
        let fields = Fields::of_query(&uri).unwrap();
        assert_eq!(fields.all("a"), ["1", "3"]);
        assert_eq!(fields.text("b"), "two words");
        assert_eq!(fields.given("empty"), None);
        assert!(fields.has("empty"));
        assert_eq!(fields.number("a"), Some(1));
        assert_eq!(fields.text("none"), "");
    }
}
