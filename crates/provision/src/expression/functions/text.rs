//! Functions of texts. Null gives null, except for `Left` and `Word`, which give `""`.

use super::super::Result;
use super::super::diacritics;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, Parameter, example, optional, repeated, required};
use crate::value::Value;

const SOURCE: Parameter = required("source", Kind::Text);

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "Append",
        parameters: &[SOURCE, required("suffix", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "Puts the suffix behind the source. A source that is null stays null; a suffix that is null adds nothing.",
        examples: &[example(
            "Append([userPrincipalName], \".sbx\")",
            &[("userPrincipalName", "kim@a.example")],
            &["kim@a.example.sbx"],
        )],
        run: append,
    },
    Function {
        name: "Join",
        parameters: &[required("separator", Kind::Text), repeated("source", Kind::Any)],
        result: Kind::Text,
        each: false,
        doc: "Joins the sources with the separator between them. Each value of a multi-valued source takes part; what is null or empty is left out.",
        examples: &[
            example("Join(\".\", \"jo\", \"li\")", &[], &["jo.li"]),
            example(
                "Join(\", \", \"\", [surname], [givenName])",
                &[("surname", "Doe"), ("givenName", "John")],
                &["Doe, John"],
            ),
            example("Join(\"\", 1000, [employeeId])", &[("employeeId", "72")], &["100072"]),
        ],
        run: join,
    },
    Function {
        name: "Left",
        parameters: &[required("string", Kind::Text), required("numChars", Kind::Number)],
        result: Kind::Text,
        each: true,
        doc: "The first characters. 0 gives \"\"; a negative number or one beyond the end gives the whole string; null gives \"\".",
        examples: &[
            example("Left(\"Johnson\", 3)", &[], &["Joh"]),
            example("Left(\"Johnson\", 0)", &[], &[""]),
            example("Left(\"Johnson\", -1)", &[], &["Johnson"]),
            example("Left(\"Johnson\", 99)", &[], &["Johnson"]),
            example("Left([givenName], 2)", &[], &[""]),
        ],
        run: left,
    },
    Function {
        name: "Mid",
        parameters: &[
            required("string", Kind::Text),
            required("start", Kind::Number),
            required("length", Kind::Number),
        ],
        result: Kind::Text,
        each: true,
        doc: "Characters from a position on, the first being 1. The length may run past the end.",
        examples: &[
            example("Mid(\"Johnson\", 2, 3)", &[], &["ohn"]),
            example("Mid(\"Johnson\", 5, 99)", &[], &["son"]),
            example(
                "Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))",
                &[("givenName", "John"), ("surname", "Doe")],
                &["JohDoe"],
            ),
        ],
        run: mid,
    },
    Function {
        name: "Trim",
        parameters: &[required("string", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "Without white space at both ends; each value of a list.",
        examples: &[example("Trim(\"  a b \")", &[], &["a b"])],
        run: |call| map(call, |text| text.trim().to_owned()),
    },
    Function {
        name: "StripSpaces",
        parameters: &[SOURCE],
        result: Kind::Text,
        each: true,
        doc: "Without any space character.",
        examples: &[example("StripSpaces(\"a b c\")", &[], &["abc"])],
        run: |call| map(call, |text| text.replace(' ', "")),
    },
    Function {
        name: "ToLower",
        parameters: &[SOURCE, optional("culture", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "In lower case, by the rules of a culture such as \"tr-TR\"; invariant without one.",
        examples: &[
            example("ToLower(\"AB\")", &[], &["ab"]),
            example("ToLower(\"IŞIL\", \"tr-TR\")", &[], &["ışıl"]),
            example(
                "ToLower(Join(\"@\", NormalizeDiacritics(StripSpaces(Join(\".\", [givenName], [surname]))), \"contoso.com\"))",
                &[("givenName", "John"), ("surname", "Smith")],
                &["john.smith@contoso.com"],
            ),
        ],
        run: |call| cased(call, lower),
    },
    Function {
        name: "ToUpper",
        parameters: &[SOURCE, optional("culture", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "In upper case, by the rules of a culture such as \"tr-TR\"; invariant without one. As in .NET each letter stays one letter (ß stays ß).",
        examples: &[
            example("ToUpper(\"ab\")", &[], &["AB"]),
            example("ToUpper(\"izmir\", \"tr-TR\")", &[], &["İZMİR"]),
        ],
        run: |call| cased(call, upper),
    },
    Function {
        name: "PCase",
        parameters: &[SOURCE, optional("wordSeparators", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "Each word with a capital letter, the rest in lower case. With separators only those characters end a word; without them what ends a word in a title does.",
        examples: &[
            example("PCase(\"PINTO-DE'SILVA\", \" '-\")", &[], &["Pinto-De'Silva"]),
            example("PCase(\"PABLO GONSALVES (SECOND)\")", &[], &["Pablo Gonsalves (Second)"]),
            example("PCase(\"MARY O'HARA\")", &[], &["Mary O'hara"]),
        ],
        run: pcase,
    },
    Function {
        name: "Split",
        parameters: &[SOURCE, required("delimiter", Kind::Text)],
        result: Kind::List,
        each: true,
        doc: "A list of the parts between the delimiters, without blanks around them and without empty parts.",
        examples: &[example("Split(\"A, B\", \",\")", &[], &["A", "B"])],
        run: split,
    },
    Function {
        name: "Word",
        parameters: &[
            required("string", Kind::Text),
            required("wordNumber", Kind::Number),
            required("delimiters", Kind::Text),
        ],
        result: Kind::Text,
        each: true,
        doc: "One word, the first being 1. Each character of the delimiters ends a word. \"\" if there is no such word.",
        examples: &[
            example("Word(\"The quick brown fox\", 3, \" \")", &[], &["brown"]),
            example("Word(\"This,string!has&many separators\", 3, \",!&#\")", &[], &["has"]),
            example("Word(\"one two\", 3, \" \")", &[], &[""]),
            example("Word(\"one two\", 0, \" \")", &[], &[""]),
        ],
        run: word,
    },
    Function {
        name: "InStr",
        parameters: &[
            required("value1", Kind::Text),
            required("value2", Kind::Text),
            optional("start", Kind::Number),
            optional("compareType", Kind::CompareType),
        ],
        result: Kind::Number,
        each: false,
        doc: "The position of the second text in the first, counted from 1; 0 if it is not there. The search begins at start; vbTextCompare ignores the letters' case, vbBinaryCompare (without one) does not.",
        examples: &[
            example("InStr(\"The quick brown fox\", \"quick\")", &[], &["5"]),
            example("InStr(\"repEated\", \"e\", 3, vbBinaryCompare)", &[], &["7"]),
            example("InStr(\"repEated\", \"e\", 3, vbTextCompare)", &[], &["4"]),
            example("InStr(\"abc\", \"x\")", &[], &["0"]),
        ],
        run: in_str,
    },
    Function {
        name: "Len",
        parameters: &[SOURCE],
        result: Kind::Number,
        each: false,
        doc: "How many characters.",
        examples: &[example("Len(\"abcd\")", &[], &["4"])],
        run: |call| map(call, |text| text.chars().count().to_string()),
    },
    Function {
        name: "NormalizeDiacritics",
        parameters: &[SOURCE],
        result: Kind::Text,
        each: true,
        doc: "Latin letters without their accents. German umlauts become the bare vowel (ä becomes a), ß becomes ss.",
        examples: &[
            example("NormalizeDiacritics(\"Zoë\")", &[], &["Zoe"]),
            example("NormalizeDiacritics(\"Ærøskøbing Straße\")", &[], &["AEroeskoebing Strasse"]),
        ],
        run: |call| map(call, diacritics::normalize),
    },
    Function {
        name: "Redact",
        parameters: &[required("value", Kind::Any)],
        result: Kind::Any,
        each: false,
        doc: "The value as it is; logs show [Redact] in its place.",
        examples: &[example(
            "Redact([userPrincipalName])",
            &[("userPrincipalName", "kim@a.example")],
            &["kim@a.example"],
        )],
        run: |call| {
            call.outcome().redacted = true;
            call.value(0)
        },
    },
];

/// One text into another; null stays null.
pub(super) fn map(call: &mut Call<'_, '_, '_>, change: impl FnOnce(&str) -> String) -> Result<Value> {
    Ok(call.text(0)?.map_or(Value::Null, |text| Value::Text(change(&text))))
}

fn append(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let suffix = call.text(1)?.unwrap_or_default();
    map(call, |text| format!("{text}{suffix}"))
}

fn join(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let separator = call.text(0)?.unwrap_or_default();
    let mut joined: Option<String> = None;
    for index in 1..call.len() {
        let value = call.value(index)?;
        for text in value.texts().iter().filter(|text| !text.is_empty()) {
            match &mut joined {
                Some(joined) => {
                    joined.push_str(&separator);
                    joined.push_str(text);
                    call.bounded(joined)?;
                }
                None => joined = Some(text.clone()),
            }
        }
    }
    Ok(joined.map_or(Value::Null, Value::Text))
}

fn left(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let text = call.text(0)?.unwrap_or_default();
    let count = call.integer(1)?.unwrap_or(0);
    Ok(Value::Text(match usize::try_from(count) {
        Ok(count) => text.chars().take(count).collect(),
        Err(_) => text,
    }))
}

fn mid(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let (Some(start), Some(length)) = (call.integer(1)?, call.integer(2)?) else { return Ok(Value::Null) };
    let skip = start.checked_sub(1).and_then(|s| usize::try_from(s).ok());
    let (Some(skip), Ok(length)) = (skip, usize::try_from(length)) else {
        return Err(call.error("start must be 1 or more, and the length not negative"));
    };
    Ok(Value::Text(text.chars().skip(skip).take(length).collect()))
}

fn split(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let delimiter = call.text(1)?.unwrap_or_default();
    let parts: Vec<&str> =
        if delimiter.is_empty() { vec![&text] } else { text.split(delimiter.as_str()).collect() };
    Ok(Value::list(parts.into_iter().map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()))
}

fn word(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let text = call.text(0)?.unwrap_or_default();
    let number = call.integer(1)?.unwrap_or(0);
    let delimiters = call.text(2)?.unwrap_or_default();
    let wanted = number.checked_sub(1).and_then(|n| usize::try_from(n).ok());
    let word = wanted.and_then(|n| text.split(|c| delimiters.contains(c)).filter(|w| !w.is_empty()).nth(n));
    Ok(Value::text(word.unwrap_or_default()))
}

fn in_str(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let (Some(text), Some(part)) = (call.text(0)?, call.text(1)?) else { return Ok(Value::Null) };
    let start = call.integer(2)?.unwrap_or(1);
    let ignore_case = call.text(3)?.is_some_and(|word| word == "vbTextCompare");
    let Some(skip) = start.checked_sub(1).and_then(|s| usize::try_from(s).ok()) else {
        return Err(call.error("start must be 1 or more"));
    };
    let letters = |text: &str| -> String { if ignore_case { lower(text, false) } else { text.to_owned() } };
    let (text, part) = (letters(&text), letters(&part));
    let Some((at, _)) = text.char_indices().chain([(text.len(), ' ')]).nth(skip) else {
        return Ok(Value::text("0"));
    };
    let rest = text.get(at..).unwrap_or_default();
    let position =
        rest.find(&part).map_or(0, |found| skip + rest.get(..found).map_or(0, |r| r.chars().count()) + 1);
    Ok(Value::text(position.to_string()))
}

fn cased(call: &mut Call<'_, '_, '_>, change: fn(&str, bool) -> String) -> Result<Value> {
    let culture = call.text(1)?.unwrap_or_default();
    let language = culture.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if !culture.is_empty() && !(2..=3).contains(&language.len()) {
        return Err(call.error(format!("\"{culture}\" is not a culture such as \"tr-TR\"")));
    }
    map(call, |text| change(text, matches!(language.as_str(), "tr" | "az")))
}

/// .NET changes case letter by letter: one stays one.
fn one(c: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(other), None) => other,
        _ => c,
    }
}

pub(super) fn lower(text: &str, turkic: bool) -> String {
    let letter = |c: char| match c {
        'I' if turkic => 'ı',
        'İ' if turkic => 'i',
        c => one(c, c.to_lowercase()),
    };
    text.chars().map(letter).collect()
}

fn upper(text: &str, turkic: bool) -> String {
    let letter = |c: char| match c {
        'i' if turkic => 'İ',
        'ı' if turkic => 'I',
        c => one(c, c.to_uppercase()),
    };
    text.chars().map(letter).collect()
}

fn pcase(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let separators = call.text(1)?.filter(|s| !s.is_empty());
    map(call, |text| match &separators {
        Some(separators) => capitalized(text, |c| separators.contains(c)),
        None => title(text),
    })
}

fn capitalized(text: &str, ends_word: impl Fn(char) -> bool) -> String {
    let mut starts = true;
    lower(text, false)
        .chars()
        .map(|c| {
            let shown = if starts { one(c, c.to_uppercase()) } else { c };
            starts = ends_word(c);
            shown
        })
        .collect()
}

/// As .NET's `TextInfo.ToTitleCase`: a word begins at a letter that follows none of its own, an apostrophe does not end it,
/// and digits come before a word, not into it (`1ST` becomes `1St`).
fn title(text: &str) -> String {
    let mut inside = false;
    lower(text, false)
        .chars()
        .map(|c| {
            if inside {
                inside = c == '\'' || !separates(c);
                return c;
            }
            inside = c.is_alphabetic();
            if inside { one(c, c.to_uppercase()) } else { c }
        })
        .collect()
}

fn separates(c: char) -> bool {
    !(c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c))
}
