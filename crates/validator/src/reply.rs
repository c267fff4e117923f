//! An answer, and what checks ask of it.

use serde_json::Value;

use crate::value::{cut, member, shown};
use crate::verdict::{Outcome, deviates, ensure};
use crate::wire::Answer;

/// The cause of [`Reply::finds`] where something was to be found.
pub const FOUND_NOTHING: &str = "nothing is found";

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// `null` when the body is empty or not JSON.
    pub body: Value,
    pub text: String,
    /// Its place among the case's exchanges.
    pub exchange: usize,
}

impl Reply {
    pub(crate) fn new(answer: Answer, exchange: usize) -> Self {
        let body = serde_json::from_str(&answer.text)
            .or_else(|_| serde_json::from_str(&without_lone_surrogates(&answer.text)))
            .unwrap_or(Value::Null);
        Self { status: answer.status, headers: answer.headers, body, text: answer.text, exchange }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `400 invalidFilter: unexpected end`
    pub fn summary(&self) -> String {
        let text = |name| member(&self.body, name).and_then(Value::as_str);
        let mut summary = self.status.to_string();
        if !self.is_success() {
            if let Some(scim_type) = text("scimType") {
                summary.push(' ');
                summary.push_str(scim_type);
            }
            match text("detail") {
                Some(detail) => summary.push_str(&format!(": {}", cut(detail, 200))),
                None if !self.text.is_empty() => summary.push_str(&format!(": {}", cut(&self.text, 120))),
                None => {}
            }
        }
        summary
    }

    /// One of these statuses.
    pub fn is(&self, statuses: &[u16]) -> Outcome {
        ensure(statuses.contains(&self.status), format!("status {}", words(statuses)), || self.summary())
            .map_err(|stop| stop.at(self.exchange))
    }

    /// A refusal with one of these statuses, never a crash.
    pub fn refuses(&self, statuses: &[u16], what: &str) -> Outcome {
        let expected = format!("{what} to be refused with {}", words(statuses));
        ensure(statuses.contains(&self.status), expected, || self.summary())
            .map_err(|stop| stop.at(self.exchange))
    }

    /// Any refusal that is the client's fault (4xx).
    pub fn refuses_any(&self, what: &str) -> Outcome {
        let ok = (400..500).contains(&self.status);
        ensure(ok, format!("{what} to be refused with a 4xx status"), || self.summary())
            .map_err(|stop| stop.at(self.exchange))
    }

    /// Anything but a crash.
    pub fn no_crash(&self, what: &str) -> Outcome {
        ensure(self.status < 500 || self.status == 501, format!("no server error for {what}"), || {
            self.summary()
        })
        .map_err(|stop| stop.at(self.exchange))
    }

    pub fn scim_type(&self) -> Option<&str> {
        member(&self.body, "scimType").and_then(Value::as_str)
    }

    /// RFC 7644 §3.12, table 9
    pub fn has_scim_type(&self, expected: &[&str]) -> Outcome {
        let ok = self.scim_type().is_some_and(|t| expected.contains(&t));
        ensure(ok, format!("scimType {}", expected.join(" or ")), || {
            self.scim_type().map_or_else(|| "no scimType".to_owned(), |t| format!("scimType {t}"))
        })
        .map_err(|stop| stop.at(self.exchange))
    }

    pub fn id(&self) -> Outcome<String> {
        match member(&self.body, "id") {
            Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
            other => Err(deviates(
                "a resource with an id that is a non-empty string",
                match other {
                    Some(id) => format!("id {}", shown(id)),
                    None if self.text.is_empty() => "an empty body".to_owned(),
                    None => format!("no id in {}", cut(&self.text, 200)),
                },
            )
            .at(self.exchange)),
        }
    }

    /// The resources of a ListResponse (RFC 7644 §3.4.2).
    pub fn list(&self) -> Outcome<&[Value]> {
        let named = member(&self.body, "schemas")
            .and_then(Value::as_array)
            .is_some_and(|s| s.iter().any(|s| s.as_str() == Some(scim::urn::LIST_RESPONSE)));
        let fail = |expected: &str, got: String| Err(deviates(expected, got).at(self.exchange));
        if !named {
            return fail("a ListResponse whose schemas name it", cut(&self.text, 200));
        }
        let Some(total) = member(&self.body, "totalResults").and_then(Value::as_u64) else {
            return fail(
                "totalResults to be a number",
                shown(member(&self.body, "totalResults").unwrap_or(&Value::Null)),
            );
        };
        match member(&self.body, "Resources") {
            Some(Value::Array(resources)) => Ok(resources),
            None if total == 0 || self.items_per_page() == Some(0) => Ok(&[]),
            None => fail("Resources when totalResults is not 0", "no Resources".to_owned()),
            Some(other) => fail("Resources to be an array", shown(other)),
        }
    }

    pub fn resources(&self) -> &[Value] {
        match member(&self.body, "Resources") {
            Some(Value::Array(resources)) => resources,
            _ => &[],
        }
    }

    pub fn ids(&self) -> Vec<String> {
        self.resources()
            .iter()
            .filter_map(|r| member(r, "id").and_then(Value::as_str).map(str::to_owned))
            .collect()
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        member(&self.body, name).and_then(Value::as_i64)
    }

    /// `startIndex 5`, in words for what was got.
    pub fn says(&self, name: &str) -> String {
        match self.number(name) {
            Some(number) => format!("{name} {number}"),
            None => format!("no {name}"),
        }
    }

    pub fn total(&self) -> Option<i64> {
        self.number("totalResults")
    }

    pub fn items_per_page(&self) -> Option<i64> {
        self.number("itemsPerPage")
    }

    /// Exactly these resources, in any order, and a true total.
    pub fn finds(&self, expected: &[&str]) -> Outcome {
        let (mut got, mut wanted) =
            (self.ids(), expected.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>());
        got.sort();
        wanted.sort();
        let words = |ids: &[String]| match ids {
            [] => "no resource".to_owned(),
            [one] => format!("the resource {one}"),
            many => format!("{} resources ({})", many.len(), cut(&many.join(", "), 200)),
        };
        ensure(got == wanted, words(&wanted), || words(&got))
            .map_err(|stop| if got.is_empty() { stop.because(FOUND_NOTHING) } else { stop })
            .map_err(|stop| stop.at(self.exchange))?;
        let total = self.total();
        ensure(total == i64::try_from(wanted.len()).ok(), format!("totalResults {}", wanted.len()), || {
            format!("totalResults {}", total.map_or_else(|| "missing".to_owned(), |t| t.to_string()))
        })
        .map_err(|stop| stop.at(self.exchange))
    }
}

fn words(statuses: &[u16]) -> String {
    let all: Vec<String> = statuses.iter().map(u16::to_string).collect();
    all.join(" or ")
}

/// A target that stores half a surrogate pair gives it back (RFC 7159 §8.2), and no strict parser reads the answer: what
/// was created would not be known, and not be deleted.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(escape, 16).ok()
    };
    let mut cleaned = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                cleaned.push('\u{fffd}');
                at += 6;
                continue;
            }
            // An escaped backslash is none that escapes.
            _ if text.get(at..).is_some_and(|rest| rest.starts_with("\\\\")) => 2,
            _ => next.len_utf8(),
        };
        cleaned.push_str(text.get(at..at + length).unwrap_or_default());
        at += length;
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates() {
        let table = [
            (r#""A\ud800B""#, r#""A�B""#),
            (r#""\uDC00""#, r#""�""#),
            (r#""\ud83d\ude00 é \u00e9""#, r#""\ud83d\ude00 é \u00e9""#),
            (r#""\ud83d\ud83d\ude00""#, r#""�\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\ud8""#, r#""\ud8""#),
        ];
        for (text, cleaned) in table {
            assert_eq!(without_lone_surrogates(text), cleaned, "{text}");
        }
        let answer =
            Answer { status: 201, headers: Vec::new(), text: r#"{"id":"1","title":"\ud800"}"#.into() };
        assert_eq!(Reply::new(answer, 0).body["id"], "1");
    }
}
