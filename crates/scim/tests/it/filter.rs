//! Filters: parsing, printing, validation, evaluation (RFC 7644 §3.4.2.2).

use proptest::prelude::*;
use scim::filter::{self, Filter, Literal, Operator};
use scim::path::{AttributePath, PatchPath};
use scim::quirk::Quirk;
use scim::{Resource, ScimType, schema};
use serde_json::json;

fn nadia() -> Resource {
    let user = json!({
        "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
        "id": "2819c223", "externalId": "Nadia-1", "userName": "Nadia.Okafor@Fabrikam.example", "active": true,
        "title": "Straße",
        "name": { "familyName": "O'Malley", "givenName": "Nadia" },
        "emails": [
            { "value": "nadia@fabrikam.example", "type": "work", "primary": true },
            { "value": "nadia@home.example", "type": "home" }
        ],
        "groups": [{ "value": "g-31", "display": "Rail" }],
        "roles": [{ "value": "admin", "primary": true }],
        "meta": { "resourceType": "User", "created": "2026-01-12T08:11:02.000Z", "lastModified": "2026-03-01T00:00:00Z",
                  "version": "W/\"3\"" },
        (scim::urn::ENTERPRISE_USER): { "department": "Works", "manager": { "value": "u-boss" } }
    });
    user.as_object().cloned().expect("an object")
}

#[track_caller]
fn check(text: &str, expect: bool) {
    let (filter, _) = filter::read(text, schema::user()).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(filter.matches(&nadia(), schema::user()), expect, "{text}");
}

#[test]
fn what_matches() {
    for text in [
        r#"userName eq "nadia.okafor@fabrikam.example""#,
        r#"USERNAME EQ "NADIA.OKAFOR@FABRIKAM.EXAMPLE""#,
        r#"userName co "okafor""#,
        r#"userName sw "NADIA""#,
        r#"userName ew ".EXAMPLE""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "n""#,
        r#"externalId eq "Nadia-1""#,
        r#"externalId ne "nadia-1""#,
        r#"id eq "2819c223""#,
        r#"name.familyName co "O'Malley""#,
        r#"title eq "STRASSE""#,
        r#"title pr"#,
        r#"not (nickName pr)"#,
        r#"nickName eq null"#,
        r#"title ne null"#,
        r#"nickName ne "x""#,
        r#"emails co "home.example""#,
        r#"emails.type eq "work""#,
        r#"emails[type eq "work" and value co "@fabrikam.example"]"#,
        r#"emails[type eq "work"].value eq "nadia@fabrikam.example""#,
        r#"emails[not (type eq "work")]"#,
        r#"active eq true"#,
        r#"active eq "True""#,
        r#"active ne false"#,
        r#"roles[primary eq "True"].value eq "admin""#,
        r#"meta.created gt "2026-01-01T00:00:00Z""#,
        r#"meta.created eq "2026-01-12T09:11:02+01:00""#,
        r#"meta.lastModified le "2026-03-01T00:00:00Z""#,
        r#"meta.resourceType eq "User""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "works""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "u-boss""#,
        r#"id eq "2819c223" and manager eq "u-boss""#,
        r#"groups eq "g-31""#,
        r#"groups.value eq "g-31""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#,
        r#"userName eq "x" or active eq true"#,
        r#"userName eq "x" and active eq true or title pr"#,
        r#"title pr and (userName eq "x" or active eq true)"#,
        r#"  title   pr  "#,
        r#"externalId eq Nadia-1"#,
    ] {
        check(text, true);
    }
}

#[test]
fn what_does_not_match() {
    for text in [
        r#"externalId eq "nadia-1""#,
        r#"userName eq "nadia""#,
        r#"userName sw "a_""#,
        r#"userName co "%""#,
        r#"emails[type eq "home" and value co "@fabrikam.example"]"#,
        r#"emails.value ne "nadia@home.example""#,
        r#"active eq false"#,
        r#"title eq null"#,
        r#"nickName pr"#,
        r#"meta.created lt "2026-01-12T08:11:02Z""#,
        r#"title pr and userName eq "x" or nickName pr"#,
        r#"not (title pr)"#,
    ] {
        check(text, false);
    }
}

#[test]
fn what_is_refused() {
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq \"x",
        "userName xx \"x\"",
        "userName eq \"x\" and",
        "userName eq \"x\" junk",
        "(userName eq \"x\"",
        "userName eq \"x\")",
        "emails[type eq \"work\"",
        "emails[type[type eq \"x\"] eq \"x\"]",
        "emails[emails[type pr]]",
        "emails[]",
        "not userName eq \"x\"",
        "userName eq \"\\u0000\"",
        "userName eq \"\\ud800\"",
        "nosuch eq \"x\"",
        "userName eq \"x\" and nosuch eq \"x\"",
        "name.nosuch eq \"x\"",
        "emails[nosuch eq \"x\"]",
        "userName[type eq \"x\"]",
        "name eq \"x\"",
        "urn:unknown:2.0:User:userName eq \"x\"",
        "active gt true",
        "active co \"t\"",
        "active eq \"maybe\"",
        "userName eq true",
        "userName gt null",
        "meta.created gt \"yesterday\"",
    ] {
        let error = filter::read(text, schema::user()).expect_err(text);
        assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}: {error}");
    }
}

#[test]
fn limits_hold_at_one_more() {
    let nested = |n: usize| format!("{}title pr{}", "(".repeat(n), ")".repeat(n));
    assert!(filter::parse(&nested(scim::limits::FILTER_DEPTH)).is_ok());
    assert!(filter::parse(&nested(scim::limits::FILTER_DEPTH + 1)).is_err());
    let terms = |n: usize| vec!["title pr"; n].join(" and ");
    assert!(filter::parse(&terms(scim::limits::FILTER_TERMS)).is_ok());
    assert!(filter::parse(&terms(scim::limits::FILTER_TERMS + 1)).is_err());
    let long = |n: usize| format!("title eq \"{}\"", "x".repeat(n - 11));
    assert!(filter::parse(&long(scim::limits::FILTER_BYTES)).is_ok());
    assert!(filter::parse(&long(scim::limits::FILTER_BYTES + 1)).is_err());
    for bomb in ["(", "not (", "a[", "a.", "a eq 1 and "] {
        assert!(filter::parse(&bomb.repeat(100_000)).is_err());
    }
}

#[test]
fn deviations_are_named() {
    let quirks = |text| filter::read(text, schema::user()).expect(text).1;
    assert!(quirks(r#"roles[primary eq "True"]"#).contains(Quirk::BooleanStringFilter));
    assert!(quirks("externalId eq jyoung").contains(Quirk::UnquotedFilter));
    assert!(quirks(r#"manager eq "x""#).contains(Quirk::UnqualifiedExtension));
    assert!(
        quirks(r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x""#).contains(Quirk::FullUrnPath)
    );
    assert!(quirks(r#"userName eq "x""#).is_empty());
}

#[test]
fn urns_are_cut_behind_the_longest_known_one() {
    let path =
        AttributePath::parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value")
            .expect("a path");
    assert_eq!(path.schema.as_deref(), Some(scim::urn::ENTERPRISE_USER));
    assert_eq!((path.name.as_str(), path.sub.as_deref()), ("manager", Some("value")));
    let path = PatchPath::parse(r#"URN:ietf:params:scim:schemas:core:2.0:user:emails[type eq "work"].value"#)
        .expect("a path");
    assert_eq!(path.attribute.name, "emails");
    assert_eq!(path.attribute.sub.as_deref(), Some("value"));
    assert!(path.filter.is_some());
    for wrong in
        ["", ".", "a.", "a.b.c", "a[", "a[]", "a[b pr]c", "a[b pr].", "a[b pr].c.d", "1a", "a b", "a.b[c pr]"]
    {
        assert!(PatchPath::parse(wrong).is_err(), "{wrong}");
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,6}".prop_filter("not a keyword", |n| {
        !["not", "and", "or", "pr", "urn"].iter().any(|k| k.eq_ignore_ascii_case(n))
    })
}

fn attribute_path() -> impl Strategy<Value = AttributePath> {
    let schema = prop_oneof![
        Just(None),
        Just(Some(scim::urn::ENTERPRISE_USER.to_owned())),
        Just(Some(scim::urn::USER.to_owned())),
        "urn:[a-z]{1,4}:[a-z]{1,4}".prop_map(Some),
    ];
    (schema, name(), proptest::option::of(name())).prop_map(|(schema, name, sub)| AttributePath {
        schema,
        name,
        sub,
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_filter("no NUL", |s| !s.contains('\0')).prop_map(Literal::String),
        any::<i64>().prop_map(|n| Literal::Number(n.into())),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::Null),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    use Operator as O;
    proptest::sample::select(vec![O::Eq, O::Ne, O::Co, O::Sw, O::Ew, O::Gt, O::Ge, O::Lt, O::Le])
}

fn tree(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|f| Filter::Not(Box::new(f))),
        ]
    })
    .boxed()
}

fn comparison() -> BoxedStrategy<Filter> {
    prop_oneof![
        (attribute_path(), operator(), literal()).prop_map(|(p, o, l)| Filter::Compare(p, o, l)),
        attribute_path().prop_map(Filter::Present),
    ]
    .boxed()
}

fn any_filter() -> BoxedStrategy<Filter> {
    let inner = tree(comparison());
    let value_path = (attribute_path(), inner).prop_map(|(mut path, inner)| {
        path.sub = None;
        Filter::ValuePath(path, Box::new(inner))
    });
    tree(prop_oneof![3 => comparison(), 1 => value_path].boxed())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn parsing_what_was_printed_gives_the_same_filter(filter in any_filter()) {
        let text = filter.to_string();
        prop_assume!(text.len() <= scim::limits::FILTER_BYTES);
        match filter::parse(&text) {
            Ok(parsed) => prop_assert_eq!(parsed, filter),
            // The generator may exceed the number of terms or the depth; nothing else may be refused.
            Err(e) => prop_assert!(e.detail.contains("terms") || e.detail.contains("deeper"), "{}: {}", text, e),
        }
    }

    #[test]
    fn parsing_what_was_printed_gives_the_same_path(path in attribute_path(), filter in proptest::option::of(tree(comparison()))) {
        let path = PatchPath { attribute: path, filter };
        let text = path.to_string();
        prop_assume!(text.len() <= scim::limits::FILTER_BYTES);
        match PatchPath::parse(&text) {
            Ok(parsed) => prop_assert_eq!(parsed, path),
            Err(e) => prop_assert!(e.detail.contains("terms") || e.detail.contains("deeper"), "{}: {}", text, e),
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>(), tail in "[a-z \\[\\]()\"\\\\.:$]{0,40}") {
        let _ = filter::read(&format!("{text}{tail}"), schema::user());
        let _ = PatchPath::parse(&tail);
        let _ = AttributePath::parse(&text);
    }

    #[test]
    fn folding_is_a_fixed_point(text in any::<String>()) {
        let once = scim::compare::fold(&text);
        prop_assert_eq!(scim::compare::fold(&once), once);
    }
}
