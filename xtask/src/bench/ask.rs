//! A request and what its answer must say: a wrong answer is an error, not a data point.

use memchr::memmem;

pub(super) struct Ask {
    pub(super) request: Vec<u8>,
    pub(super) expect: Expect,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Expect {
    pub(super) statuses: &'static [u16],
    pub(super) facts: Vec<Fact>,
}

/// Held against the text of a body; servers put spaces where they like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// `totalResults` of a list.
    Total(u64),
    /// The text stands in the body.
    Has(String),
    /// The attribute has the literal, wherever it stands first.
    Is(&'static str, &'static str),
    /// The attribute's name occurs so many times.
    Times(&'static str, usize),
}

impl Expect {
    pub(super) fn new(statuses: &'static [u16], facts: Vec<Fact>) -> Self {
        Self { statuses, facts }
    }

    /// What is wrong with the answer.
    pub(super) fn judge(&self, status: u16, body: &[u8]) -> Result<(), String> {
        if !self.statuses.contains(&status) {
            return Err(format!("answered {status}, not {:?}: {}", self.statuses, excerpt(body)));
        }
        // RFC 7644 §3.5.2: a PATCH may be answered without the resource.
        if status == 204 {
            return Ok(());
        }
        for fact in &self.facts {
            if !fact.holds(body) {
                return Err(format!("{fact:?} does not hold in the answer {status}: {}", excerpt(body)));
            }
        }
        Ok(())
    }
}

impl Fact {
    fn holds(&self, body: &[u8]) -> bool {
        match self {
            Self::Total(total) => literal(body, "totalResults") == Some(total.to_string().as_bytes()),
            Self::Has(text) => memmem::find(body, text.as_bytes()).is_some(),
            Self::Is(name, value) => literal(body, name) == Some(value.as_bytes()),
            Self::Times(name, times) => {
                memmem::find_iter(body, format!("\"{name}\"").as_bytes()).count() == *times
            }
        }
    }
}

/// The number or word behind the first `"name":`.
fn literal<'a>(body: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let quoted = format!("\"{name}\"");
    let rest = body[memmem::find(body, quoted.as_bytes())? + quoted.len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b":")?.trim_ascii_start();
    let end = rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// What was answered, short enough for a line.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(300)]).replace(['\n', '\r'], " ");
    if text.is_empty() { "(no body)".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_held_against_the_text() {
        let body =
            br#"{"totalResults": 2, "Resources":[{"userName":"a","active" : false},{"userName":"b"}]}"#;
        let cases = [
            (Fact::Total(2), true),
            (Fact::Total(20), false),
            (Fact::Has("\"a\"".into()), true),
            (Fact::Has("\"c\"".into()), false),
            (Fact::Is("active", "false"), true),
            (Fact::Is("active", "true"), false),
            (Fact::Is("title", "true"), false),
            (Fact::Times("userName", 2), true),
            (Fact::Times("userName", 1), false),
        ];
        for (fact, expect) in cases {
            assert_eq!(fact.holds(body), expect, "{fact:?}");
        }
    }

    #[test]
    fn a_wrong_status_is_a_wrong_answer() {
        let expect = Expect::new(&[200, 204], vec![Fact::Total(1)]);
        assert!(expect.judge(200, br#"{"totalResults":1}"#).is_ok());
        assert!(expect.judge(204, b"").is_ok());
        assert!(expect.judge(200, b"{}").unwrap_err().contains("Total(1)"));
        let wrong = expect.judge(501, b"").unwrap_err();
        assert!(wrong.contains("501") && wrong.contains("(no body)"), "{wrong}");
    }
}
