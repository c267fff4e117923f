//! URLs of the console with their query, built and encoded in one place.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path with a query of which parts can be exchanged: the state of a list is in its URL.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Link {
    pub(crate) fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: Vec::new() }
    }

    /// The same with this parameter; an empty value takes it away.
    #[must_use]
    pub(crate) fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut link = self.without(name);
        let value = value.into();
        if !value.is_empty() {
            link.query.push((name, value));
        }
        link
    }

    /// The path by itself.
    pub(crate) fn bare(&self) -> &str {
        &self.path
    }

    #[must_use]
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut link = self.clone();
        link.query.retain(|(key, _)| *key != name);
        link
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let joint = if index == 0 { '?' } else { '&' };
            write!(f, "{joint}{name}={}", utf8_percent_encode(value, ENCODED))?;
        }
        Ok(())
    }
}

/// One segment of a path or one value of a query, encoded.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_and_exchanged() {
        let link = Link::to("/t/1/users").with("q", "a&b=\"ü\"").with("page", "2");
        assert_eq!(link.to_string(), "/t/1/users?q=a%26b%3D%22%C3%BC%22&page=2");
        assert_eq!(link.with("q", "").to_string(), "/t/1/users?page=2");
        assert_eq!(link.without("page").with("q", "x").to_string(), "/t/1/users?q=x");
    }
}
