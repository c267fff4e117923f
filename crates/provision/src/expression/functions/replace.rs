//! `Replace`: by text, by template, by regular expression.

use super::super::Result;
use super::super::evaluate::Call;
use super::super::pattern::{self, Pattern};
use super::super::registry::{Function, Kind, example, optional, required};
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[Function {
    name: "Replace",
    parameters: &[
        required("source", Kind::Text),
        optional("oldValue", Kind::Text),
        optional("regexPattern", Kind::Pattern),
        optional("regexGroupName", Kind::Text),
        optional("replacementValue", Kind::Text),
        optional("replacementAttributeName", Kind::Text),
        optional("template", Kind::Text),
    ],
    result: Kind::Text,
    each: true,
    doc: "Replaces parts of a text; case-sensitive. \
        oldValue and replacementValue: each oldValue in the source becomes the replacement. \
        oldValue and template: each oldValue in the template becomes the source. \
        regexPattern and replacementValue: each match becomes the replacement, in which ${group} stands for a group. \
        regexPattern, regexGroupName and replacementValue: only the text of the group is replaced. \
        regexPattern, regexGroupName and replacementAttributeName: the source if it has a value, else the group of a match in the other attribute.",
    examples: &[
        example(
            "Replace([BusinessTitle], \"Product Developer\", , , \"Software Engineer\", , )",
            &[("BusinessTitle", "Product Developer")],
            &["Software Engineer"],
        ),
        example(
            "Replace([mail], \"@contoso.com\", , ,\"\", ,)",
            &[("mail", "john.doe@contoso.com")],
            &["john.doe"],
        ),
        example(
            "Replace([UserID], \"<username>\", , , , , \"<username>@contoso.com\")",
            &[("UserID", "jsmith")],
            &["jsmith@contoso.com"],
        ),
        example(
            "Replace([telephoneNumber], , \"\\\\+(?<isdCode>\\\\d* )(?<phoneNumber>\\\\d{10})\", , \"${phoneNumber}\", , )",
            &[("telephoneNumber", "+91 9998887777")],
            &["9998887777"],
        ),
        example(
            "Replace([mobile], , \"[()\\\\s-]+\", , \"\", , )",
            &[("mobile", "+1 (999) 888-7777")],
            &["+19998887777"],
        ),
        example(
            "Replace([AddressLineData], , \"(?<streetNumber>^\\\\d*)\", \"streetNumber\", \"888\", , )",
            &[("AddressLineData", "545 Tremont Street")],
            &["888 Tremont Street"],
        ),
        example(
            "Replace([userPrincipalName], , \"(?<Suffix>@(.)*)\", \"Suffix\", \"\", , )",
            &[("userPrincipalName", "jsmith@contoso.com")],
            &["jsmith"],
        ),
        example(
            "Replace([telephoneNumber], , \"\\\\+(?<isdCode>\\\\d* )(?<phoneNumber>\\\\d{10})\", \"phoneNumber\", , [mobile], )",
            &[("mobile", "+91 8887779999")],
            &["8887779999"],
        ),
        example(
            "Replace([mailNickname], , \"[a-zA-Z_]*\", , \"\", , )",
            &[("mailNickname", "john_doe72")],
            &["72"],
        ),
    ],
    run: replace,
}];

const OLD: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const REPLACEMENT: usize = 4;
const ATTRIBUTE: usize = 5;
const TEMPLATE: usize = 6;

fn replace(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let source = call.text(0)?.filter(|text| !text.is_empty());
    let pattern = call.text(PATTERN)?.filter(|text| !text.is_empty());
    if let (Some(pattern), true) = (&pattern, call.given(ATTRIBUTE)) {
        return from_other(call, source, pattern);
    }
    let Some(source) = source else { return Ok(Value::Null) };
    if let Some(pattern) = pattern {
        return by_pattern(call, &source, &pattern);
    }
    let Some(old) = call.text(OLD)?.filter(|text| !text.is_empty()) else {
        return Err(call.error("oldValue or regexPattern is needed, and it must not be empty"));
    };
    let (whole, new) = match call.text(TEMPLATE)? {
        Some(template) => (template, source),
        None => (source, call.text(REPLACEMENT)?.unwrap_or_default()),
    };
    let mut out = String::new();
    for (index, part) in whole.split(old.as_str()).enumerate() {
        if index > 0 {
            out.push_str(&new);
        }
        out.push_str(part);
        call.bounded(&out)?;
    }
    Ok(Value::Text(out))
}

fn by_pattern(call: &mut Call<'_, '_, '_>, source: &str, text: &str) -> Result<Value> {
    let pattern = call.pattern(text, source)?;
    let replacement = call.text(REPLACEMENT)?.unwrap_or_default();
    let group = call.text(GROUP)?.filter(|name| !name.is_empty());
    if let Some(group) = &group {
        known_group(call, &pattern, group)?;
    }
    let mut out = String::new();
    let mut end = 0;
    for captures in pattern.captures_iter(source) {
        let place = match &group {
            Some(group) => captures.name(group),
            None => captures.get(0),
        };
        let Some(place) = place else { continue };
        out.push_str(source.get(end..place.start()).unwrap_or_default());
        match group {
            Some(_) => out.push_str(&replacement),
            None => pattern::expand(&replacement, &pattern, &captures, &mut out),
        }
        end = place.end();
        call.bounded(&out)?;
    }
    out.push_str(source.get(end..).unwrap_or_default());
    Ok(Value::Text(out))
}

/// The source if it has a value, else the group of the first match in the other attribute; null if there is none.
fn from_other(call: &mut Call<'_, '_, '_>, source: Option<String>, text: &str) -> Result<Value> {
    if let Some(source) = source {
        return Ok(Value::Text(source));
    }
    let Some(group) = call.text(GROUP)?.filter(|name| !name.is_empty()) else {
        return Err(call.error("replacementAttributeName needs a regexGroupName"));
    };
    let Some(other) = call.text(ATTRIBUTE)? else { return Ok(Value::Null) };
    let pattern = call.pattern(text, &other)?;
    known_group(call, &pattern, &group)?;
    let found =
        pattern.captures(&other).and_then(|captures| Some(captures.name(&group)?.as_str().to_owned()));
    Ok(found.map_or(Value::Null, Value::Text))
}

fn known_group(call: &Call<'_, '_, '_>, pattern: &Pattern, group: &str) -> Result<()> {
    if pattern.capture_names().flatten().any(|name| name == group) {
        return Ok(());
    }
    Err(call.error(format!("the pattern has no group (?<{group}>…)")))
}
