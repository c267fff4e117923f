//! The query of a URL: each parameter once, decoded.

use percent_encoding::percent_decode;
use scim::message::SearchRequest;
use scim::projection::Projection;
use scim::{Error, Result};

use crate::guard::hex_byte;

/// In the order they were sent. Names differ in more than case.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// # Errors
    /// `invalidValue` when a parameter is given twice or is not percent-encoded UTF-8.
    pub(crate) fn parse(query: &str) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                return Err(Error::invalid_value(format!("the query parameter {name} is given twice")));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }

    /// In the order they were sent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// RFC 7644 §3.9
    pub(crate) fn projection(&self) -> Result<Projection> {
        let list = |name| self.get(name).as_slice().to_vec();
        Projection::new(&list("attributes"), &list("excludedAttributes"))
    }

    /// RFC 7644 §3.4.2
    pub(crate) fn search(&self) -> Result<SearchRequest> {
        SearchRequest::from_query(self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// `+` is a space: Entra sends `filter=userName+eq+"x"`.
fn decoded(text: &str) -> Result<String> {
    if text.split('%').skip(1).any(|escape| hex_byte(escape).is_none()) {
        return Err(Error::invalid_value(
            "the query has a % that two hexadecimal digits do not follow; send % as %25",
        ));
    }
    let spaced = text.replace('+', " ");
    let text = percent_decode(spaced.as_bytes()).decode_utf8();
    let text = text.map_err(|_| Error::invalid_value("the query is not percent-encoded UTF-8"))?;
    if text.contains('\0') {
        return Err(Error::invalid_value("the query contains NUL"));
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_once_and_decoded() {
        let value = |query: &str, name: &str| Parameters::parse(query).unwrap().get(name).map(str::to_owned);
        for query in [
            "filter=userName+eq+\"a%40b\"",
            "x&filter=userName%20eq%20%22a%40b%22&",
            "FILTER=userName+eq+%22a@b%22",
        ] {
            assert_eq!(value(query, "filter").as_deref(), Some("userName eq \"a@b\""), "{query}");
        }
        assert_eq!(value("aadOptscim062020&filter=a=b", "filter").as_deref(), Some("a=b"));
        assert_eq!(value("a=1%2B1", "a").as_deref(), Some("1+1"));
        assert_eq!(value("aadOptscim062020", "aadOptscim062020").as_deref(), Some(""));
        for query in [
            "a=1&a=1",
            "a=1&A=2",
            "filter=x&filter=x",
            "a&a",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%ff",
            "%ff=a",
            "a=%00",
            "a=%+1",
        ] {
            assert!(Parameters::parse(query).is_err(), "{query}");
        }
    }
}
