//! JSON from clients, query messages, dates, order, discovery.

use scim::message::{ListResponse, SearchRequest};
use scim::path::AttributePath;
use scim::sort::{SortKey, SortOrder, key};
use scim::{ScimType, compare, discovery, json, schema};
use serde_json::{Value, json as value};

#[test]
fn json_is_bounded() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    assert!(json::parse(nested(scim::limits::JSON_DEPTH).as_bytes()).is_ok());
    for wrong in [
        nested(scim::limits::JSON_DEPTH + 1).as_str(),
        &"[".repeat(100_000),
        &"{\"a\":".repeat(100_000),
        r#"{"a":1,"a":2}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":"\u0000"}"#,
        r#"{"\u0000":1}"#,
        r#"{"a":"\ud800"}"#,
        "1e999999",
        "NaN",
        "{} {}",
        "",
        "{",
    ] {
        let error = json::parse(wrong.as_bytes()).expect_err("refused");
        assert_eq!(error.scim_type, ScimType::InvalidSyntax);
    }
    assert!(json::parse(b"\xff\xfe").is_err());
    assert!(json::parse_object(b"[]").is_err());
    assert_eq!(
        json::parse(br#"{"b":1,"a":[true,null,-1,1.5,"x"]}"#).expect("json").to_string(),
        r#"{"b":1,"a":[true,null,-1,1.5,"x"]}"#
    );
}

#[test]
fn queries_are_read() {
    let query = |pairs: &[(&'static str, &'static str)]| SearchRequest::from_query(pairs.iter().copied());
    let read = query(&[
        ("filter", "a pr"),
        ("startIndex", "2"),
        ("count", "-1"),
        ("attributes", "a, b,,c"),
        ("sortOrder", "DESCENDING"),
        ("aadOptscim062020", ""),
    ])
    .expect("a query");
    assert_eq!(read.attributes, ["a", "b", "c"]);
    assert_eq!((read.start_index, read.count, read.sort_order), (Some(2), Some(-1), SortOrder::Descending));
    for wrong in [
        &[("count", "x")][..],
        &[("startIndex", "99999999999999999999")],
        &[("sortOrder", "up")],
        &[("filter", "a pr"), ("FILTER", "a pr")],
    ] {
        assert_eq!(query(wrong).expect_err("refused").scim_type, ScimType::InvalidValue);
    }
    let body = value!({ "schemas": [scim::urn::SEARCH_REQUEST], "attributes": ["userName"], "filter": "title pr", "count": 5, "cursor": "" });
    let read = SearchRequest::from_body(body).expect("a body");
    assert_eq!((read.count, read.cursor.as_deref()), (Some(5), Some("")));
    for wrong in [
        value!([]),
        value!({ "count": [] }),
        value!({ "filter": 1 }),
        value!({ "schemas": ["x"] }),
        value!({ "attributes": [1] }),
    ] {
        assert!(SearchRequest::from_body(wrong).is_err());
    }
}

#[test]
fn list_responses_are_written() {
    let empty = ListResponse { start_index: Some(1), ..ListResponse::default() }.into_body();
    assert_eq!(
        empty,
        value!({ "schemas": [scim::urn::LIST_RESPONSE], "totalResults": 0, "itemsPerPage": 0, "startIndex": 1, "Resources": [] })
    );
    let paged = ListResponse { total_results: 9, next_cursor: Some("n".into()), ..ListResponse::default() }
        .into_body();
    assert_eq!(paged.get("nextCursor"), Some(&value!("n")));
    assert_eq!(paged.get("startIndex"), None);
}

#[test]
fn dates_are_instants() {
    assert_eq!(compare::date("2026-01-12T08:11:02Z"), compare::date("2026-01-12T09:11:02+01:00"));
    assert_eq!(compare::date("1970-01-01T00:00:00.001Z"), Some(1));
    assert_eq!(compare::date("1970-01-01T00:00:01"), Some(1000));
    for wrong in ["", "2026-01-12", "yesterday", "2026-13-01T00:00:00Z"] {
        assert_eq!(compare::date(wrong), None, "{wrong}");
    }
}

#[test]
fn strings_fold() {
    for (a, b) in
        [("STRASSE", "straße"), ("Ⅷ", "viii"), ("ﬁ", "FI"), ("É", "e\u{301}"), ("Σ", "ς"), ("ABC", "abc")]
    {
        assert_eq!(compare::fold(a), compare::fold(b), "{a} {b}");
    }
    assert_ne!(compare::fold("i"), compare::fold("ı"));
}

#[test]
fn resources_are_ordered_by_their_primary_or_first_value() {
    let of = |resource: Value, by: &str| {
        key(
            resource.as_object().expect("an object"),
            &AttributePath::parse(by).expect("a path"),
            schema::user(),
        )
    };
    let two = value!({ "emails": [{ "value": "B" }, { "value": "A", "primary": true }], "userName": "Zed", "active": false });
    assert_eq!(of(two.clone(), "emails"), SortKey::Text("a".into()));
    assert_eq!(of(two.clone(), "emails.value"), SortKey::Text("a".into()));
    assert_eq!(of(two.clone(), "userName"), SortKey::Text("zed".into()));
    assert_eq!(of(two.clone(), "active"), SortKey::Boolean(false));
    assert_eq!(of(two, "title"), SortKey::Missing);
    assert!(SortKey::Text("z".into()) < SortKey::Missing);
}

#[test]
fn discovery_tells_what_is_there() {
    let base = "https://scim.example/scim/v2/t";
    let schemas = discovery::schemas(base);
    let ids: Vec<_> = schemas.iter().filter_map(|s| s.get("id").and_then(Value::as_str)).collect();
    use scim::urn;
    let all = [urn::USER, urn::ENTERPRISE_USER, urn::DIRECTORY_USER, urn::GROUP, urn::DIRECTORY_GROUP];
    assert_eq!(ids, all);
    assert!(!serde_json::to_string(&schemas).expect("json").contains("null"));
    let types = discovery::resource_types(base);
    let extension = serde_json::json!({ "schema": urn::DIRECTORY_GROUP, "required": false });
    assert_eq!(types[1]["schemaExtensions"], serde_json::json!([extension]));
    assert_eq!(types[0]["meta"]["location"], format!("{base}/ResourceTypes/User"));
    let config = discovery::service_provider_config(base);
    assert_eq!(config["filter"]["maxResults"], scim::limits::PAGE_MAX);
    assert_eq!(config["bulk"]["supported"], false);
}
