//! `$filter` and `$orderby` of users and groups as the directory's queries have them.

use directory::Kind;
use provision::alias::{self, ObjectKind};
use scim::message::SearchRequest;
use scim::sort::SortOrder;
use serde_json::json;

use super::filter::{Filter, Literal, Test};
use super::options::Options;
use super::property::{self, Shape};
use super::reply::Failure;

/// The first page has an empty cursor; the directory signs those that follow.
pub(crate) fn search(kind: Kind, options: &Options) -> Result<SearchRequest, Failure> {
    let filter = options.filter.as_ref().map(|filter| scim_filter(kind, filter)).transpose()?;
    let (sort_by, descending) = match &options.order_by {
        None => (None, false),
        Some((name, descending)) => {
            let path = property::find(kind, name).map(|(_, path)| path).filter(|path| !path.contains('['));
            let path =
                path.ok_or_else(|| Failure::bad(format!("$orderby: \"{name}\" cannot be sorted by here")))?;
            (Some(path.to_owned()), *descending)
        }
    };
    Ok(SearchRequest {
        filter,
        sort_by,
        sort_order: if descending { SortOrder::Descending } else { SortOrder::Ascending },
        count: i64::try_from(options.page()).ok(),
        cursor: Some(options.skip_token.clone().unwrap_or_default()),
        // Neither is part of a user or group in Graph.
        excluded_attributes: vec!["groups".to_owned(), "members".to_owned()],
        ..SearchRequest::default()
    })
}

fn scim_filter(kind: Kind, filter: &Filter) -> Result<String, Failure> {
    Ok(match filter {
        Filter::And(left, right) => {
            format!("({} and {})", scim_filter(kind, left)?, scim_filter(kind, right)?)
        }
        Filter::Or(left, right) => format!("({} or {})", scim_filter(kind, left)?, scim_filter(kind, right)?),
        Filter::Not(inner) => format!("not ({})", scim_filter(kind, inner)?),
        Filter::Test { path, test, value } => comparison(kind, path, *test, value)?,
    })
}

fn comparison(kind: Kind, name: &str, test: Test, value: &Literal) -> Result<String, Failure> {
    let Some((property, path)) = property::find(kind, name) else {
        return Err(Failure::bad(format!("$filter: a {} has no property \"{name}\"", kind.as_str())));
    };
    let joined = alias::find(ObjectKind::from(kind), property.alias).is_some_and(alias::Alias::is_joined);
    if joined || property.shape == Shape::One {
        return Err(Failure::bad(format!(
            "$filter: \"{name}\" has several values and cannot be filtered by"
        )));
    }
    if *value == Literal::Null {
        return match test {
            Test::Eq => Ok(format!("not ({})", placed(path, "pr"))),
            Test::Ne => Ok(placed(path, "pr")),
            _ => Err(Failure::bad("$filter: null can be compared with eq and ne only")),
        };
    }
    if property.shape == Shape::Boolean {
        return boolean(path, name, test, value);
    }
    let text = match value {
        Literal::Text(text) | Literal::Word(text) => text,
        Literal::Bool(_) | Literal::Null => {
            return Err(Failure::bad(format!("$filter: \"{name}\" is compared with a text in quotes")));
        }
    };
    let operator = match test {
        Test::Eq => "eq",
        Test::Ne => "ne",
        Test::Gt => "gt",
        Test::Ge => "ge",
        Test::Lt => "lt",
        Test::Le => "le",
        Test::Contains => "co",
        Test::StartsWith => "sw",
        Test::EndsWith => "ew",
    };
    Ok(placed(path, &format!("{operator} {}", json!(text))))
}

/// A user that says nothing about `active` is active, so the question is asked the other way round.
fn boolean(path: &str, name: &str, test: Test, value: &Literal) -> Result<String, Failure> {
    let Literal::Bool(wanted) = value else {
        return Err(Failure::bad(format!("$filter: \"{name}\" is compared with true or false")));
    };
    let wanted = match test {
        Test::Eq => *wanted,
        Test::Ne => !*wanted,
        _ => return Err(Failure::bad(format!("$filter: \"{name}\" can be compared with eq and ne only"))),
    };
    let (unset, asked) =
        if name.eq_ignore_ascii_case("accountEnabled") { (true, false) } else { (false, true) };
    let question = placed(path, &format!("eq {asked}"));
    Ok(if wanted == unset { format!("not ({question})") } else { question })
}

/// `emails[type eq "work"].value` with `eq "x"` is `emails[type eq "work" and value eq "x"]`.
fn placed(path: &str, comparison: &str) -> String {
    match path.split_once("].") {
        Some((outer, inner)) => format!("{outer} and {inner} {comparison}]"),
        None => format!("{path} {comparison}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::filter::parse;

    #[test]
    fn comparisons_become_those_of_the_directory() {
        let table = [
            ("userPrincipalName eq 'a''b'", "userName eq \"a'b\""),
            ("mail eq 'x\"y'", "emails[type eq \"work\" and value eq \"x\\\"y\"]"),
            (
                "startswith(displayName,'A') and accountEnabled eq true",
                "(displayName sw \"A\" and not (active eq false))",
            ),
            ("accountEnabled eq false", "active eq false"),
            ("accountEnabled ne false", "not (active eq false)"),
            ("not (jobTitle eq null)", "not (not (title pr))"),
            ("mobilePhone ne null", "phoneNumbers[type eq \"mobile\" and value pr]"),
            ("id in ('1','2')", "(id eq \"1\" or id eq \"2\")"),
            (
                "onPremisesExtensionAttributes/extensionAttribute1 eq 'x'",
                "urn:muster:schemas:extension:directory:2.0:User:extensionAttribute1 eq \"x\"",
            ),
        ];
        for (text, expect) in table {
            assert_eq!(scim_filter(Kind::User, &parse(text).unwrap()).unwrap(), expect, "{text}");
        }
        for text in [
            "nickname eq 'x'",
            "otherMails eq 'x'",
            "businessPhones eq '1'",
            "accountEnabled gt true",
            "accountEnabled eq 'true'",
            "mail gt null",
            "displayName eq true",
        ] {
            assert!(scim_filter(Kind::User, &parse(text).unwrap()).is_err(), "{text}");
        }
    }
}
