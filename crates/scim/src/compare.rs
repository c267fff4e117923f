//! How values compare: case folding, dates, numbers. One normal form is used by the evaluator and by the store's index, so
//! that a lookup and a comparison never disagree.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::attribute::Attribute;

/// The form in which values that are not `caseExact` compare: Unicode NFKC and default (full) case folding.
///
/// RFC 7644 §7.8 asks for Unicode preparation before comparison.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded = caseless::default_case_fold_str(&text.nfkc().collect::<String>());
    // Folding can undo the normal form (`ᾳ`); normalizing again, and folding what that exposes, makes the result a fixed point.
    caseless::default_case_fold_str(&folded.nfkc().collect::<String>()).nfkc().collect()
}

/// Every character that case folding changes, with what it becomes: for a database that has to fold as [`fold`] does.
pub fn case_folding() -> impl Iterator<Item = (char, String)> {
    (char::MIN..=char::MAX).filter_map(|c| {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        let folded = caseless::default_case_fold_str(text);
        (folded != text).then_some((c, folded))
    })
}

/// The normal form of a string value of `attribute` for equality: as is when `caseExact`, else folded.
pub fn key(text: &str, attribute: &Attribute) -> String {
    if attribute.case_exact { text.to_owned() } else { fold(text) }
}

/// Milliseconds since 1970 of an xsd:dateTime (RFC 7643 §2.3.5), with any offset; without one it is read as UTC.
pub fn date(text: &str) -> Option<i64> {
    if !text.contains(['T', 't']) {
        return None;
    }
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
    })?;
    Some(instant.as_millisecond())
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
