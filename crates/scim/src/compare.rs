//! How values compare: case folding, dates, numbers. One normal form is used by the evaluator and by the store's index, so
//! that a lookup and a comparison never disagree.

use serde_json::Value;

use crate::attribute::Attribute;

/// Unicode NFKC and default case folding: the form in which values that are not `caseExact` compare.
pub fn fold(text: &str) -> String {
    let _ = text;
    todo!()
}

/// The normal form of a string value of `attribute` for equality: as is when `caseExact`, else folded.
pub fn key(text: &str, attribute: &Attribute) -> String {
    if attribute.case_exact { text.to_owned() } else { fold(text) }
}

/// Milliseconds since 1970 of an xsd:dateTime (RFC 7643 §2.3.5), with any offset; `None` if it is none.
pub fn date(text: &str) -> Option<i64> {
    let _ = text;
    todo!()
}

/// "True"/"false"/… in any case.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
