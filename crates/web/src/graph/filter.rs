//! `$filter`: a part of OData's language, read once, and asked of JSON objects or turned into a SCIM filter.

use serde_json::Value;

use super::reply::Failure;

/// Parentheses inside parentheses.
const DEPTH: usize = 16;
/// Comparisons of one filter.
const TERMS: usize = 64;
const BYTES: usize = 8 * 1024;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Test { path: String, test: Test, value: Literal },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Bool(bool),
    Null,
    /// A number, a date or an id without quotes.
    Word(String),
}

impl Literal {
    /// As a text to compare with.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Word(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Null => None,
        }
    }
}

impl Filter {
    /// # Errors
    /// A property that is not among those known, or something other than `and` between comparisons.
    pub(crate) fn check(&self, known: &[&str], only_and: bool) -> Result<(), Failure> {
        match self {
            Self::Test { path, .. } if known.iter().any(|known| known.eq_ignore_ascii_case(path)) => Ok(()),
            Self::Test { path, .. } => Err(Failure::bad(format!(
                "$filter: \"{path}\" cannot be filtered by here; there are: {}",
                known.join(", ")
            ))),
            Self::And(left, right) => {
                left.check(known, only_and)?;
                right.check(known, only_and)
            }
            Self::Or(..) | Self::Not(_) if only_and => {
                Err(Failure::bad("$filter: only comparisons joined by \"and\" are possible here"))
            }
            Self::Or(left, right) => {
                left.check(known, only_and)?;
                right.check(known, only_and)
            }
            Self::Not(inner) => inner.check(known, only_and),
        }
    }

    /// The comparisons that must all hold.
    pub(crate) fn conjuncts(&self) -> Vec<(&str, Test, &Literal)> {
        match self {
            Self::And(left, right) => [left.conjuncts(), right.conjuncts()].concat(),
            Self::Test { path, test, value } => vec![(path.as_str(), *test, value)],
            Self::Or(..) | Self::Not(_) => Vec::new(),
        }
    }

    /// Whether the object, as it is answered, matches; letter case counts in values.
    pub(crate) fn holds(&self, object: &Value) -> bool {
        match self {
            Self::And(left, right) => left.holds(object) && right.holds(object),
            Self::Or(left, right) => left.holds(object) || right.holds(object),
            Self::Not(inner) => !inner.holds(object),
            Self::Test { path, test, value } => compare(find(object, path), *test, value),
        }
    }
}

fn find<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('/').fold(object, |at, name| match at {
        Value::Object(fields) => {
            fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or(&Value::Null, |(_, v)| v)
        }
        _ => &Value::Null,
    })
}

fn compare(found: &Value, test: Test, value: &Literal) -> bool {
    let text = match found {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let (Some(found), Some(value)) = (text.as_deref(), value.text()) else {
        let both_null = text.is_none() && *value == Literal::Null;
        return match test {
            Test::Eq => both_null,
            Test::Ne => !both_null,
            _ => false,
        };
    };
    match test {
        Test::Eq => order(found, value).is_eq(),
        Test::Ne => order(found, value).is_ne(),
        Test::Gt => order(found, value).is_gt(),
        Test::Ge => order(found, value).is_ge(),
        Test::Lt => order(found, value).is_lt(),
        Test::Le => order(found, value).is_le(),
        Test::Contains => found.contains(value),
        Test::StartsWith => found.starts_with(value),
        Test::EndsWith => found.ends_with(value),
    }
}

fn order(found: &str, value: &str) -> std::cmp::Ordering {
    let times = found.parse::<jiff::Timestamp>().ok().zip(value.parse::<jiff::Timestamp>().ok());
    if let Some((found, value)) = times {
        return found.cmp(&value);
    }
    let numbers = found.parse::<i64>().ok().zip(value.parse::<i64>().ok());
    numbers.map_or_else(|| found.cmp(value), |(found, value)| found.cmp(&value))
}

/// # Errors
/// What cannot be read, and where.
pub(crate) fn parse(text: &str) -> Result<Filter, Failure> {
    if text.len() > BYTES {
        return Err(Failure::bad(format!("$filter is longer than {BYTES} bytes")));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, terms: 0 };
    let filter = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(filter),
        Some(token) => Err(token.unexpected("the end")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Open,
    Close,
    Comma,
    Text(String),
    Word(String),
}

#[derive(Debug, Clone)]
struct Token {
    part: Part,
    at: usize,
}

impl Token {
    fn unexpected(&self, expected: &str) -> Failure {
        Failure::bad(format!("$filter: {expected} is expected at character {}", self.at + 1))
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Failure> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().enumerate().peekable();
    while let Some((at, c)) = chars.next() {
        let part = match c {
            c if c.is_whitespace() => continue,
            '(' => Part::Open,
            ')' => Part::Close,
            ',' => Part::Comma,
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        // A quote is written twice.
                        Some((_, '\'')) if chars.next_if(|(_, next)| *next == '\'').is_some() => {
                            value.push('\'')
                        }
                        Some((_, '\'')) => break,
                        Some((_, c)) => value.push(c),
                        None => {
                            return Err(Failure::bad(format!(
                                "$filter: the text that begins at character {} has no end",
                                at + 1
                            )));
                        }
                    }
                }
                Part::Text(value)
            }
            c => {
                let mut word = String::from(c);
                while let Some((_, c)) =
                    chars.next_if(|(_, c)| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '\''))
                {
                    word.push(c);
                }
                Part::Word(word)
            }
        };
        tokens.push(Token { part, at });
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    terms: usize,
}

impl Parser {
    fn next(&mut self, expected: &str) -> Result<Token, Failure> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| Failure::bad(format!("$filter: {expected} is expected at its end")))
    }

    fn word_is(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token { part: Part::Word(w), .. }) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, part: &Part, name: &str) -> Result<(), Failure> {
        let token = self.next(name)?;
        if token.part == *part { Ok(()) } else { Err(token.unexpected(name)) }
    }

    fn any(&mut self, depth: usize) -> Result<Filter, Failure> {
        let mut left = self.all(depth)?;
        while self.word_is("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all(depth)?));
        }
        Ok(left)
    }

    fn all(&mut self, depth: usize) -> Result<Filter, Failure> {
        let mut left = self.one(depth)?;
        while self.word_is("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, Failure> {
        if depth > DEPTH {
            return Err(Failure::bad(format!("$filter is nested deeper than {DEPTH} levels")));
        }
        self.terms += 1;
        if self.terms > TERMS {
            return Err(Failure::bad(format!("$filter has more than {TERMS} comparisons")));
        }
        if self.word_is("not") {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        let token = self.next("a comparison")?;
        match &token.part {
            Part::Open => {
                let inner = self.any(depth + 1)?;
                self.expect(&Part::Close, "\")\"")?;
                Ok(inner)
            }
            Part::Word(word) => self.comparison(word.clone()),
            _ => Err(token.unexpected("a property")),
        }
    }

    fn comparison(&mut self, word: String) -> Result<Filter, Failure> {
        let function = match word.to_ascii_lowercase().as_str() {
            "contains" => Some(Test::Contains),
            "startswith" => Some(Test::StartsWith),
            "endswith" => Some(Test::EndsWith),
            _ => None,
        };
        let opens = self.tokens.get(self.at).is_some_and(|token| token.part == Part::Open);
        if opens {
            let Some(test) = function else {
                return Err(Failure::bad(format!(
                    "$filter: there is no function \"{word}\"; there are: contains, startswith, endswith"
                )));
            };
            self.at += 1;
            let path = self.path()?;
            self.expect(&Part::Comma, "\",\"")?;
            let value = self.literal()?;
            self.expect(&Part::Close, "\")\"")?;
            // OData lets a function be compared with true.
            if self.word_is("eq") && !self.word_is("true") {
                return Err(Failure::bad("$filter: a function can be compared with true only"));
            }
            return Ok(Filter::Test { path, test, value });
        }
        let token = self.next("an operator")?;
        let Part::Word(operator) = &token.part else { return Err(token.unexpected("an operator")) };
        let test = match operator.to_ascii_lowercase().as_str() {
            "eq" => Test::Eq,
            "ne" => Test::Ne,
            "gt" => Test::Gt,
            "ge" => Test::Ge,
            "lt" => Test::Lt,
            "le" => Test::Le,
            "in" => return self.among(word),
            _ => return Err(token.unexpected("eq, ne, gt, ge, lt, le or in")),
        };
        Ok(Filter::Test { path: word, test, value: self.literal()? })
    }

    /// `path in ('a', 'b')`
    fn among(&mut self, path: String) -> Result<Filter, Failure> {
        self.expect(&Part::Open, "\"(\"")?;
        let mut one = Filter::Test { path: path.clone(), test: Test::Eq, value: self.literal()? };
        loop {
            let token = self.next("\",\" or \")\"")?;
            match token.part {
                Part::Close => return Ok(one),
                Part::Comma => {
                    self.terms += 1;
                    if self.terms > TERMS {
                        return Err(Failure::bad(format!("$filter has more than {TERMS} comparisons")));
                    }
                    let value = self.literal()?;
                    let next = Filter::Test { path: path.clone(), test: Test::Eq, value };
                    one = Filter::Or(Box::new(one), Box::new(next));
                }
                _ => return Err(token.unexpected("\",\" or \")\"")),
            }
        }
    }

    fn path(&mut self) -> Result<String, Failure> {
        let token = self.next("a property")?;
        match token.part {
            Part::Word(word) => Ok(word),
            _ => Err(token.unexpected("a property")),
        }
    }

    fn literal(&mut self) -> Result<Literal, Failure> {
        let token = self.next("a value")?;
        match token.part {
            Part::Text(text) => Ok(Literal::Text(text)),
            Part::Word(word) => Ok(match word.as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => Literal::Null,
                _ => Literal::Word(word),
            }),
            _ => Err(token.unexpected("a value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_read_and_hold() {
        let object = json!({
            "name": "Ada O'Neil", "n": 30, "at": "2026-03-01T12:00:00Z", "on": true, "none": null,
            "info": { "status": "success" },
        });
        let table = [
            ("name eq 'Ada O''Neil'", true),
            ("name eq 'ada o''neil'", false),
            ("NAME ne 'x'", true),
            ("n gt 9", true),
            ("n lt 9", false),
            ("at gt 2026-03-01T11:59:59.5Z and at le 2026-03-01T12:00:00.000Z", true),
            ("on eq true", true),
            ("on ne true", false),
            ("none eq null", true),
            ("name eq null", false),
            ("info/status eq 'success'", true),
            ("info/status eq 'failure' or n eq 30", true),
            ("not (n eq 30)", false),
            ("contains(name, 'da')", true),
            ("startswith(name,'Ada') and endswith(name,'Neil') eq true", true),
            ("n in (1, 30)", true),
            ("n in (1)", false),
        ];
        for (text, expect) in table {
            assert_eq!(parse(text).unwrap().holds(&object), expect, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let deep = "(".repeat(50) + "n eq 1" + &")".repeat(50);
        let long = vec!["n eq 1"; 100].join(" and ");
        let table = [
            "",
            "name",
            "name eq",
            "name eq 'x",
            "eq 'x'",
            "name like 'x'",
            "(n eq 1",
            "n eq 1)",
            "n eq 1 and",
            "length(name) eq 3",
            "contains(name)",
            "contains(name, 'a') eq false",
            "n in 1",
            "n in (1",
            "'a' eq n",
            "not",
            &deep,
            &long,
            "any(x:x eq 1)",
        ];
        for text in table {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
