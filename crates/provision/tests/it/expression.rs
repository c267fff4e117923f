//! Expressions: the documented examples, errors with positions, limits, null handling.

use std::collections::BTreeMap;

use jiff::Timestamp;
use provision::Value;
use provision::expression::{
    AnyAttribute, Attributes, Entropy, Environment, Program, Seeded, Source, SourceAttribute, functions,
    parse,
};

pub(crate) struct Object(pub(crate) BTreeMap<String, Value>);

impl Object {
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in pairs {
            let slot = values.entry((*name).to_owned()).or_default();
            *slot = match std::mem::take(slot) {
                Value::Null => Value::text(*value),
                Value::Text(first) => Value::List(vec![first, (*value).to_owned()]),
                Value::List(mut texts) => {
                    texts.push((*value).to_owned());
                    Value::List(texts)
                }
            };
        }
        Self(values)
    }
}

impl Source for Object {
    fn value(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

pub(crate) fn now() -> Timestamp {
    "2021-07-02T15:33:38Z".parse().unwrap()
}

fn run(expression: &str, source: &[(&str, &str)]) -> Result<Value, String> {
    let program = Program::new(expression, &AnyAttribute).map_err(|errors| errors[0].to_string())?;
    let object = Object::of(source);
    let mut entropy = Seeded(7);
    let mut environment = Environment::new(&object, now(), &mut entropy);
    environment.default_domain = Some("contoso.example");
    program.evaluate(&mut environment).map(|outcome| outcome.value).map_err(|error| error.to_string())
}

fn check(expression: &str, source: &[(&str, &str)], expect: &[&str]) {
    let value = run(expression, source).unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert_eq!(value.texts(), expect, "{expression} with {source:?}");
}

fn gives_null(expression: &str, source: &[(&str, &str)]) {
    assert_eq!(run(expression, source), Ok(Value::Null), "{expression} with {source:?}");
}

/// `error` begins the message, position included.
fn refuses(expression: &str, error: &str) {
    let found = run(expression, &[]).expect_err(expression);
    assert!(found.starts_with(error), "{expression}\n  expected {error}\n  found    {found}");
}

#[test]
fn every_function_does_what_its_examples_say() {
    let mut count = 0;
    for function in functions() {
        assert!(!function.examples.is_empty(), "{} has no example", function.name);
        for example in function.examples {
            count += 1;
            if example.varies {
                run(example.expression, example.source).unwrap();
            } else {
                check(example.expression, example.source, example.result);
            }
            let tree = parse(example.expression).unwrap();
            assert_eq!(parse(&tree.to_string()).unwrap(), tree, "{}", example.expression);
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn all_documented_functions_are_there() {
    let documented = "Append Join Left Mid Trim StripSpaces ToLower ToUpper PCase Replace Split Word InStr Len \
        NormalizeDiacritics RandomString Guid Redact Coalesce IIF Switch IsNull IsNullOrEmpty IsPresent IsString Not \
        CBool CStr IgnoreFlowIfNullOrEmpty Error Count Item RemoveDuplicates BitAnd ConvertToBase64 \
        ConvertFromBase64 ConvertToUTF8Hex StringFromSid DNComponent DefaultDomain CDate Now DateAdd DateDiff \
        DateFromNum NumFromDate FormatDateTime SingleAppRoleAssignment AppRoleAssignmentsComplex \
        AssertiveAppRoleAssignmentsComplex AppRoleAssignments SelectUniqueValue";
    for name in documented.split_whitespace() {
        assert!(functions().any(|f| f.name == name), "{name}");
    }
}

#[test]
fn parsing_says_where_and_what() {
    refuses("", "line 1, column 1: expected a function, [attribute], \"text\" or number, found the end");
    refuses("Append([a]", "line 1, column 11: expected \")\" to end the call of Append at line 1, column 1");
    refuses(
        "Append([a], \"b\") x",
        "line 1, column 18: expected the end of the expression, found the name x",
    );
    refuses("Append([a],\n  “b”)", "line 2, column 3: texts stand in straight quotes");
    refuses("\"abc", "line 1, column 1: this text has no closing quote");
    refuses("[abc", "line 1, column 1: this \"[\" has no \"]\"");
    refuses("[ ]", "line 1, column 1: an attribute's name");
    refuses("]", "line 1, column 1: this \"]\" has no");
    refuses(
        "Append([a] [b])",
        "line 1, column 12: expected a comma or \")\" in the call of Append, found the attribute [b]",
    );
    refuses("Append([a] & [b], \"\")", "line 1, column 12: \"&\" begins a hexadecimal number");
    refuses("&HXY", "line 1, column 1: &HXY is not a hexadecimal number");
    refuses("Left(\"a\", 1x)", "line 1, column 11: 1x is not a whole number");
    refuses("Left(\"a\", 99999999999999999999)", "line 1, column 11: 9999");
    refuses("(1)", "line 1, column 1: expected a function");
    refuses("IIF(1 < 2 < 3, 1, 2)", "line 1, column 11: one comparison");
    refuses("{x}", "line 1, column 1: \"{\" has no meaning here");
}

#[test]
fn limits_hold_at_one_more() {
    let nested = |depth: usize| format!("{}\"x\"{}", "Trim(".repeat(depth), ")".repeat(depth));
    check(&nested(32), &[], &["x"]);
    refuses(&nested(33), "line 1, column 161: calls are nested deeper than 32");
    let wide = |count: usize| format!("Join(\"\"{})", ",1".repeat(count));
    assert!(run(&wide(998), &[]).is_ok());
    refuses(&wide(999), "line 1, column 2");
    let long = |length: usize| format!("\"{}\"", "é".repeat(length - 2));
    assert!(run(&long(10_000), &[]).is_ok());
    refuses(&long(10_001), "line 1, column 1: the expression is 10001 characters long");
}

#[test]
fn checking_finds_what_cannot_work() {
    refuses("Appendd([a], \"b\")", "line 1, column 1: there is no function Appendd; did you mean Append?");
    refuses("append([a], \"b\")", "line 1, column 1: there is no function append; did you mean Append?");
    refuses("Frobnicate([a])", "line 1, column 1: there is no function Frobnicate; see");
    refuses("Append([a])", "line 1, column 1: 1 argument is given to Append(source, suffix)");
    refuses("Append([a], \"b\", \"c\")", "line 1, column 1: 3 arguments are given to Append");
    refuses("Switch([a], \"d\", \"k\")", "line 1, column 1: 3 arguments are given to Switch");
    refuses(
        "Switch([a], \"d\", \"k\", \"v\", \"x\")",
        "line 1, column 1: 5 arguments are given to Switch(source, [defaultValue], key…, value…); keys",
    );
    refuses("Left(, 1)", "line 1, column 1: Left: string must not be left out");
    refuses("Left([a], \"one\")", "line 1, column 11: numChars of Left is a whole number");
    refuses("[a] = \"b\"", "line 1, column 1: a comparison stands only");
    refuses("Append([a] = \"b\", \"\")", "line 1, column 8: a comparison stands only");
    refuses("Foo", "line 1, column 1: Foo is neither a call");
    refuses("InStr([a], \"b\", 1, vbWrong)", "line 1, column 20: compareType is");
    refuses("DateAdd(\"q\", 1, Now())", "line 1, column 9: interval of DateAdd is one of");
    refuses("DateAdd(\"d\", 1, \"tomorrow\")", "line 1, column 17: dateTime of DateAdd is a date");
    refuses(
        "Replace([a], , \"(\", , \"\", , )",
        "line 1, column 16: the pattern is not a regular expression",
    );
    refuses(
        "Replace([a], , \"(?=x)\", , \"\", , )",
        "line 1, column 16: the pattern is not a regular expression: look-around",
    );
    refuses("Replace([a], , \"x\", \"g\", \"\", , )", "line 1, column 1: the pattern has no group (?<g>");
    refuses("Replace([a], , , , \"x\", , )", "line 1, column 1: Replace needs oldValue");
    refuses("Replace([a], \"x\", , , , , )", "line 1, column 1: Replace needs replacementValue");
    refuses(
        "Replace([a], , \"x\", , , [b], )",
        "line 1, column 1: replacementAttributeName of Replace needs",
    );
    refuses(
        "Append(SelectUniqueValue(\"a\", \"b\"), \"c\")",
        "line 1, column 8: SelectUniqueValue must be the outermost",
    );
    refuses("Item([a], 0)", "line 1, column 11: the first value has the index 1");
    refuses("Append(\"a\", Split(\"b\", \",\"))", "line 1, column 13: suffix of Append is one value");
    refuses("FormatDateTime([a], , \"'x\", \"yyyy\")", "line 1, column 23: a quote");
}

#[test]
fn attributes_must_exist_and_references_are_not_switched() {
    struct Known;
    impl Attributes for Known {
        fn attribute(&self, name: &str) -> Option<SourceAttribute> {
            match name {
                "manager" => Some(SourceAttribute { reference: true, ..SourceAttribute::default() }),
                "mail" => Some(SourceAttribute::default()),
                _ => None,
            }
        }
    }
    let errors = |text: &str| Program::new(text, &Known).map(|_| ()).map_err(|e| e.len());
    assert_eq!(errors("Append([mail], \"x\")"), Ok(()));
    assert_eq!(errors("Join([x], [mail], [y])"), Err(2));
    assert_eq!(errors("Switch([manager], \"\", \"a\", \"b\")"), Err(1));
    let warned = |text: &str| Program::new(text, &AnyAttribute).unwrap().warnings().len();
    assert_eq!(warned("IIF(IsNullOrEmpty([c]), \"a\", \"b\")"), 1);
    assert_eq!(warned("Switch(IsPresent([c]), \"a\", \"True\", \"b\")"), 1);
    assert_eq!(warned("IIF(IsPresent([c]), \"a\", \"b\")"), 0);
}

#[test]
fn null_gives_null_but_for_left_and_word() {
    for call in [
        "Append([n], \"x\")",
        "Mid([n], 1, 2)",
        "Trim([n])",
        "StripSpaces([n])",
        "ToLower([n])",
        "ToUpper([n])",
        "PCase([n])",
        "Replace([n], \"a\", , , \"b\", , )",
        "Replace([n], , \"a\", , \"b\", , )",
        "Split([n], \",\")",
        "InStr([n], \"a\")",
        "Len([n])",
        "NormalizeDiacritics([n])",
        "Redact([n])",
        "Coalesce([n], [m])",
        "CStr([n])",
        "Item([n], 1)",
        "RemoveDuplicates([n])",
        "BitAnd([n], 1)",
        "ConvertToBase64([n])",
        "ConvertFromBase64([n])",
        "ConvertToUTF8Hex([n])",
        "StringFromSid([n])",
        "DNComponent([n], 1)",
        "CDate([n])",
        "DateAdd(\"d\", 1, [n])",
        "DateDiff(\"d\", [n], Now())",
        "DateFromNum([n])",
        "NumFromDate([n])",
        "FormatDateTime([n], , \"yyyy\", \"yy\")",
        "SingleAppRoleAssignment([n])",
        "AppRoleAssignmentsComplex([n])",
        "Join(\",\", [n], \"\")",
        "[n]",
        "SelectUniqueValue([n], [m])",
        "Switch([n], , \"a\", \"b\")",
    ] {
        gives_null(call, &[]);
        gives_null(call, &[("n", "")]);
    }
    check("Left([n], 3)", &[], &[""]);
    check("Word([n], 1, \" \")", &[], &[""]);
}

#[test]
fn a_missing_source_fails_a_condition() {
    for operator in ["=", "<>", ">", ">=", "<", "<="] {
        check(&format!("IIF([n] {operator} \"a\", \"yes\", \"no\")"), &[], &["no"]);
        check(&format!("IIF(\"a\" {operator} [n], \"yes\", \"no\")"), &[], &["no"]);
    }
    check("IIF(IsNullOrEmpty([n]), \"yes\", \"no\")", &[], &["no"]);
    check("IIF(IsPresent([n]), \"yes\", \"no\")", &[("n", "x")], &["yes"]);
    check("IIF(Coalesce([n], [m]) = \"x\", \"yes\", \"no\")", &[("m", "x")], &["yes"]);
}

#[test]
fn comparisons_are_of_numbers_dates_and_texts() {
    let yes = |condition: &str, source: &[(&str, &str)]| {
        check(&format!("IIF({condition}, \"yes\", \"no\")"), source, &["yes"]);
    };
    let no = |condition: &str, source: &[(&str, &str)]| {
        check(&format!("IIF({condition}, \"yes\", \"no\")"), source, &["no"]);
    };
    yes("[n] > 9", &[("n", "10")]);
    yes("[n] < \"b\"", &[("n", "a")]);
    yes("[n] >= 10", &[("n", "10")]);
    no("[n] > \"2.5\"", &[("n", "2.25")]);
    yes("Now() > [d]", &[("d", "2021-07-02")]);
    no("Now() > [d]", &[("d", "2021-07-03")]);
    no("[n] = \"A\"", &[("n", "a")]);
    yes("[n] <> \"A\"", &[("n", "a")]);
    yes("[n] = \"\\\"\"", &[("n", "\"")]);
}

#[test]
fn lists_go_through_value_by_value() {
    let two: &[(&str, &str)] = &[("p", " A "), ("p", "b")];
    check("Trim([p])", two, &["A", "b"]);
    check("ToUpper([p])", two, &[" A ", "B"]);
    check("Append([p], \"!\")", two, &[" A !", "b!"]);
    check("Replace([p], \"b\", , , \"c\", , )", two, &[" A ", "c"]);
    check("Join(\"/\", Trim([p]), \"z\")", two, &["A/b/z"]);
    check("Item(Trim([p]), 2)", two, &["b"]);
    check("Split([p], \" \")", &[("p", "a b"), ("p", "c d")], &["a", "b", "c", "d"]);
    refuses(
        "DateAdd(\"d\", 1, Item(Split(\"a,b\", \",\"), 1))",
        "line 1, column 1: DateAdd: dateTime is \"a\"",
    );
    let error = run("InStr([p], \"b\")", two).unwrap_err();
    assert!(error.contains("value1 has 2 values"), "{error}");
    let error = run("IIF([p] = \"b\", 1, 2)", two).unwrap_err();
    assert!(error.contains("single values"), "{error}");
}

#[test]
fn attribute_names_may_be_scim_paths() {
    check("ToLower([emails[type eq \"a]b\"].value])", &[("emails[type eq \"a]b\"].value", "X")], &["x"]);
    check("[urn:a:2.0:User:b]", &[("urn:a:2.0:User:b", "X")], &["X"]);
}

#[test]
fn texts_keep_their_escapes() {
    check(r#""a\"b\\c""#, &[], &["a\"b\\c"]);
    check(r#""\d""#, &[], &["\\d"]);
    check(r##"Replace("a1b22", , "\d+", , "#", , )"##, &[], &["a#b#"]);
    check(r#"Replace("a1", , "(\\d)", , "$$$1${1}$&${none}$9", , )"#, &[], &["a$111${none}$9"]);
}

#[test]
fn dates_are_read_and_written_in_nets_formats() {
    let format = |input: &str, from: &str, to: &str| {
        run(&format!("FormatDateTime([d], , \"{from}\", \"{to}\")"), &[("d", input)])
    };
    let check = |input: &str, from: &str, to: &str, expect: &str| {
        assert_eq!(format(input, from, to), Ok(Value::text(expect)), "{input} {from} {to}");
    };
    check("2021-08-05", "yyyy-MM-dd", "d", "08/05/2021");
    check("2021-08-05", "yyyy-MM-dd", "%d", "5");
    check("2021-08-05", "yyyy-MM-dd", "dddd d MMMM yy", "Thursday 5 August 21");
    check("05 Aug 21", "dd MMM yy", "yyyy-MM-dd", "2021-08-05");
    check("05 aug 70", "dd MMM yy", "yyyy-MM-dd", "1970-08-05");
    check("8/5/2021 12:07:09 AM", "M/d/yyyy h:mm:ss tt", "HH:mm:ss", "00:07:09");
    check("8/5/2021 12:07:09 PM", "M/d/yyyy h:mm:ss tt", "h:m:s t", "12:7:9 P");
    check("2021-08-05T23:30:00-02:00", "yyyy-MM-ddTHH:mm:sszzz", "o", "2021-08-06T01:30:00.0000000Z");
    check(
        "2021-08-05T23:30:00.25",
        "yyyy-MM-ddTHH:mm:ss.FFF",
        "ss.FFFFFF|ss.ffff|zzz",
        "00.25|00.2500|+00:00",
    );
    check("2021-08-05T23:30:00", "yyyy-MM-ddTHH:mm:ss.FFF", "s", "2021-08-05T23:30:00");
    check("2021", "yyyy", "yyyy-MM-dd", "2021-01-01");
    check("10:11", "HH:mm", "yyyy-MM-dd HH:mm", "2021-07-02 10:11");
    check("5. of Aug", "d'. of 'MMM", "M/d", "8/5");
    check("2024-02-29", "yyyy-MM-dd", "R", "Thu, 29 Feb 2024 00:00:00 GMT");
    for (input, from) in [
        ("2021-02-29", "yyyy-MM-dd"),
        ("2021-8-5", "yyyy-MM-dd"),
        ("2021-08-05x", "yyyy-MM-dd"),
        ("13:00 AM", "hh:mm tt"),
        ("25:00", "HH:mm"),
        ("x", "yyyy"),
        ("2021-08-05+15:00", "yyyy-MM-ddzzz"),
    ] {
        assert!(format(input, from, "yyyy").is_err(), "{input} {from}");
    }
}

#[test]
fn dates_come_in_many_forms() {
    for (text, expect) in [
        ("2021-08-05", "8/5/2021 12:00:00 AM"),
        ("2021-08-05T10:11:12Z", "8/5/2021 10:11:12 AM"),
        ("2021-08-05T10:11:12.345678Z", "8/5/2021 10:11:12 AM"),
        ("2021-08-05 10:11:12", "8/5/2021 10:11:12 AM"),
        ("2021-08-05 23:59:59-08:00", "8/6/2021 7:59:59 AM"),
        ("8/5/2021", "8/5/2021 12:00:00 AM"),
        ("8/5/2021 3:04:05 PM", "8/5/2021 3:04:05 PM"),
        ("8/5/2021 3:04 PM", "8/5/2021 3:04:00 PM"),
        ("8/5/2021 15:04", "8/5/2021 3:04:00 PM"),
        ("2021/08/05", "8/5/2021 12:00:00 AM"),
        ("Thu, 05 Aug 2021 10:11:12 GMT", "8/5/2021 10:11:12 AM"),
        ("5 Aug 2021", "8/5/2021 12:00:00 AM"),
        ("August 5, 2021", "8/5/2021 12:00:00 AM"),
    ] {
        check("CDate([d])", &[("d", text)], &[expect]);
    }
    for text in ["soon", "2021-13-01", "2021", "1/2", "20210805", "2021-08-05T25:00:00Z"] {
        assert!(run("CDate([d])", &[("d", text)]).is_err(), "{text}");
    }
}

#[test]
fn date_arithmetic_is_visual_basics() {
    check("DateAdd(\"m\", 1, \"2021-01-31\")", &[], &["2/28/2021 12:00:00 AM"]);
    check("DateAdd(\"yyyy\", 1, \"2020-02-29\")", &[], &["2/28/2021 12:00:00 AM"]);
    check("DateAdd(\"h\", 25, \"2021-01-31\")", &[], &["2/1/2021 1:00:00 AM"]);
    check("DateAdd(\"n\", -1, \"2021-01-01\")", &[], &["12/31/2020 11:59:00 PM"]);
    check("DateAdd(\"s\", 1, \"2021-01-01\")", &[], &["1/1/2021 12:00:01 AM"]);
    check("DateDiff(\"yyyy\", \"2020-12-31\", \"2021-01-01\")", &[], &["1"]);
    check("DateDiff(\"m\", \"2021-01-31\", \"2021-02-01\")", &[], &["1"]);
    check("DateDiff(\"ww\", \"2021-08-21\", \"2021-08-22\")", &[], &["1"]);
    check("DateDiff(\"ww\", \"2021-08-22\", \"2021-08-28\")", &[], &["0"]);
    check("DateDiff(\"d\", \"2021-08-21 23:00\", \"2021-08-22 01:00\")", &[], &["0"]);
    for wrong in [
        "DateAdd(\"yyyy\", 9000, Now())",
        "DateAdd(\"yyyy\", -9000, Now())",
        "DateAdd(\"d\", 9223372036854775807, Now())",
        "DateFromNum(9223372036854775807)",
    ] {
        assert!(run(wrong, &[]).is_err(), "{wrong}");
    }
}

#[test]
fn diacritics_go_as_documented() {
    for (from, to) in [
        ("äàâãåáąăā", "aaaaaaaaa"),
        ("ÄÀÂÃÅÁĄĂĀ", "AAAAAAAAA"),
        ("çčćÇČĆ", "cccCCC"),
        ("ďĎ", "dD"),
        ("ëèéêęěėē", "eeeeeeee"),
        ("ğḡ", "gg"),
        ("ïîìíıīİ", "iiiiiiI"),
        ("ľłĽŁ", "llLL"),
        ("ñńň", "nnn"),
        ("öòőõôóōȫǭȭȱ", "ooooooooooo"),
        ("ř", "r"),
        ("šśșş", "ssss"),
        ("ťț", "tt"),
        ("üùûúůűūǖ", "uuuuuuuu"),
        ("ÿýȳ", "yyy"),
        ("źžż", "zzz"),
        ("æǣÆǢ", "aeaeAEAE"),
        ("øØ", "oeOE"),
        ("ø̄œ̄", "oeoe"),
        ("ß", "ss"),
        ("œđþð", "œđþð"),
        ("a\u{308}", "a"),
        ("ḻṉṯẕ", "lntz"),
        ("漢字", "漢字"),
        ("abc", "abc"),
    ] {
        check("NormalizeDiacritics([s])", &[("s", from)], &[to]);
    }
}

#[test]
fn letters_change_case_as_in_net() {
    check("ToUpper(\"straße ǆ\")", &[], &["STRAßE Ǆ"]);
    check("ToLower(\"ÄÖ\")", &[], &["äö"]);
    check("ToUpper(\"i\", \"tr-TR\")", &[], &["İ"]);
    check("ToUpper(\"i\", \"de-DE\")", &[], &["I"]);
    assert!(run("ToUpper(\"i\", \"nonsense\")", &[]).is_err());
    check("PCase(\"o'neil 1st mcdonald-smith\")", &[], &["O'neil 1St Mcdonald-Smith"]);
    check("PCase(\"hello_world foo.bar\")", &[], &["Hello_World Foo.Bar"]);
    check("PCase(\"hello-world foo\", \" \")", &[], &["Hello-world Foo"]);
}

#[test]
fn random_functions_repeat_with_their_seed() {
    for expression in ["Guid()", "RandomString(20,3,3,3,3)", "RandomNumber(1, 1000000)"] {
        let program = Program::new(expression, &AnyAttribute).unwrap();
        let object = Object::of(&[]);
        let with = |seed: u64| {
            let mut entropy = Seeded(seed);
            program.evaluate(&mut Environment::new(&object, now(), &mut entropy)).unwrap().value
        };
        assert_eq!(with(1), with(1), "{expression}");
        assert_ne!(with(1), with(2), "{expression}");
    }
}

#[test]
fn random_strings_hold_what_is_asked() {
    for seed in 0..200 {
        let program = Program::new("RandomString(12,2,3,2,1,\"?,aA0\")", &AnyAttribute).unwrap();
        let object = Object::of(&[]);
        let mut entropy = Seeded(seed);
        let value = program.evaluate(&mut Environment::new(&object, now(), &mut entropy)).unwrap().value;
        let text = &value.texts()[0];
        let count = |of: fn(&char) -> bool| text.chars().filter(of).count();
        assert_eq!(text.chars().count(), 12);
        assert!(count(char::is_ascii_digit) >= 2, "{text}");
        assert!(count(|c| c.is_ascii_punctuation()) >= 3, "{text}");
        assert!(count(char::is_ascii_uppercase) >= 2, "{text}");
        assert!(count(char::is_ascii_lowercase) >= 1, "{text}");
        assert!(!text.contains(['?', ',', 'a', 'A', '0']), "{text}");
    }
    for wrong in [
        "RandomString(257,0,0,0,0)",
        "RandomString(3,1,1,1,1)",
        "RandomString(-1,0,0,0,0)",
        "RandomString(5,1,0,0,0,\"0123456789\")",
        "RandomNumber(2, 1)",
    ] {
        assert!(run(wrong, &[]).is_err(), "{wrong}");
    }
}

#[test]
fn guids_are_of_version_4() {
    let mut entropy = Seeded(3);
    for _ in 0..50 {
        let object = Object::of(&[]);
        let program = Program::new("Guid()", &AnyAttribute).unwrap();
        let value = program.evaluate(&mut Environment::new(&object, now(), &mut entropy)).unwrap().value;
        let text = value.texts()[0].clone();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert!("89ab".contains(&text[19..20]), "{text}");
    }
    assert_ne!(entropy.next(), entropy.next());
}

#[test]
fn the_first_value_that_is_not_taken_is_selected() {
    let program = Program::new("SelectUniqueValue(\"a\", [n], \"b\", \"a\", \"c\")", &AnyAttribute).unwrap();
    let object = Object::of(&[]);
    let with = |taken: &dyn Fn(&str) -> bool| {
        let mut entropy = Seeded(0);
        let mut environment = Environment::new(&object, now(), &mut entropy);
        environment.taken = taken;
        program.evaluate(&mut environment)
    };
    let outcome = with(&|text| text == "a").unwrap();
    assert_eq!(outcome.value, Value::text("b"));
    assert_eq!(outcome.candidates, ["a", "b", "c"]);
    assert!(with(&|_| true).unwrap_err().message.contains("taken"));
}

#[test]
fn marks_of_redact_and_ignore_reach_the_outcome() {
    let outcome = |text: &str, source: &[(&str, &str)]| {
        let object = Object::of(source);
        let mut entropy = Seeded(0);
        let program = Program::new(text, &AnyAttribute).unwrap();
        program.evaluate(&mut Environment::new(&object, now(), &mut entropy)).unwrap()
    };
    assert!(outcome("Append(Redact([a]), \"x\")", &[("a", "b")]).redacted);
    assert!(!outcome("Append([a], \"x\")", &[("a", "b")]).redacted);
    assert!(outcome("IgnoreFlowIfNullOrEmpty([a])", &[]).ignored);
    assert!(!outcome("IgnoreFlowIfNullOrEmpty([a])", &[("a", "b")]).ignored);
    assert!(!outcome("[a]", &[]).ignored);
}

#[test]
fn the_unchosen_is_not_evaluated() {
    check("IIF(\"a\" = \"a\", 1, Error(\"x\"))", &[], &["1"]);
    check("Switch(\"a\", Error(\"d\"), \"a\", 1, \"b\", Error(\"x\"))", &[], &["1"]);
    check("Coalesce([a], Error(\"x\"))", &[("a", "1")], &["1"]);
    refuses("Coalesce([a], Error(\"no a here\"))", "line 1, column 15: Error: no a here");
}

#[test]
fn values_cannot_grow_without_bound() {
    let big = "x".repeat(60_000);
    let source: &[(&str, &str)] = &[("a", &big)];
    for expression in [
        "Append([a], [a])",
        "Join(\"\", [a], [a])",
        "Replace([a], \"x\", , , \"yy\", , )",
        "Replace([a], , \"x\", , \"$&$&\", , )",
        "Replace([a], \"x\", , , , , [a])",
        "ConvertToUTF8Hex([a])",
    ] {
        let error = run(expression, source).unwrap_err();
        assert!(error.contains("larger than") || error.contains("too many steps"), "{expression}: {error}");
    }
    let program = Program::new("Trim(Trim(Trim([a])))", &AnyAttribute).unwrap();
    let object = Object::of(source);
    let mut entropy = Seeded(0);
    let mut environment = Environment::new(&object, now(), &mut entropy);
    environment.fuel = 1_000;
    assert!(program.evaluate(&mut environment).unwrap_err().message.contains("too many steps"));
}

#[test]
fn patterns_are_bounded() {
    refuses("Replace([a], , \"(x{1000}){1000}\", , \"\", , )", "line 1, column 16: the pattern is too large");
    refuses(
        &format!("Replace([a], , \"{}\", , \"\", , )", "x".repeat(1001)),
        "line 1, column 16: the pattern is longer",
    );
    let error = run("Replace([a], , [p], , \"\", , )", &[("a", "x"), ("p", "(")]).unwrap_err();
    assert!(error.contains("not a regular expression"), "{error}");
}

#[test]
fn the_reference_page_names_every_function() {
    let page = provision::expression::reference();
    for function in functions() {
        assert!(page.contains(&format!("`{}`", function.signature())), "{}", function.name);
    }
    assert!(page.contains("- `Left(\"Johnson\", 3)` gives `\"Joh\"`"), "{page}");
}
