//! The Tenant URL and what is joined to it.

use proptest::prelude::*;
use scim_client::target::{Spaces, encode_query, segment};
use scim_client::{AddressPolicy, Target};

#[test]
fn resource_paths_go_before_the_literal_query() {
    let check = |base: &str, path: &str, query: Option<&str>, expect: &str| {
        let target = Target::parse(base, &AddressPolicy::default()).unwrap();
        assert_eq!(target.url(path, query), expect);
    };
    check("https://a.example", "/Users", None, "https://a.example/Users");
    check("https://a.example/", "/Users", None, "https://a.example/Users");
    check("https://a.example/scim/v2/", "Users/1", None, "https://a.example/scim/v2/Users/1");
    check("https://a.example/scim//", "/Users", Some("a=b"), "https://a.example/scim/Users?a=b");
    check("https://a.example:443/scim", "/Users", Some(""), "https://a.example/scim/Users");
    check("https://A.Example:8443", "/Users", None, "https://a.example:8443/Users");
    check(
        "https://a.example/scim?aadOptscim062020",
        "/Users",
        Some("filter=x"),
        "https://a.example/scim/Users?aadOptscim062020&filter=x",
    );
    check(
        "https://a.example/scim/?aadOptscim062020",
        "/Users",
        None,
        "https://a.example/scim/Users?aadOptscim062020",
    );
    check("https://a.example/?t=1&u=2", "", Some("c=3"), "https://a.example?t=1&u=2&c=3");
    check("https://[2606:4700::1111]:8443/v2", "/Users", None, "https://[2606:4700::1111]:8443/v2/Users");
}

#[test]
fn the_origin_is_what_a_secret_belongs_to() {
    let origin = |url: &str| Target::parse(url, &AddressPolicy::default()).unwrap().origin().to_owned();
    assert_eq!(origin("https://a.example/scim"), origin("https://A.example:443/other?x"));
    assert_ne!(origin("https://a.example"), origin("https://a.example:8443"));
    assert_ne!(origin("https://a.example"), origin("https://b.example"));
}

#[test]
fn ids_cannot_leave_their_segment() {
    for (id, expect) in [
        ("2819c223-7f76", "2819c223-7f76"),
        ("a/b", "a%2Fb"),
        ("../Groups", "..%2FGroups"),
        ("x?y#z", "x%3Fy%23z"),
        ("ü@x", "%C3%BC%40x"),
        ("a b", "a%20b"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
    ] {
        assert_eq!(segment(id).unwrap(), expect);
    }
    for id in ["", ".", "..", "a\nb", "a\0b", &"x".repeat(513)] {
        assert!(segment(id).is_err(), "{id:?}");
    }
    assert!(segment(&"x".repeat(512)).is_ok());
}

#[test]
fn queries_are_encoded_as_entra_does() {
    let query = [
        ("excludedAttributes".to_owned(), "members".to_owned()),
        ("filter".to_owned(), "userName eq \"mira k@fabrikam.example\"".to_owned()),
    ];
    assert_eq!(
        encode_query(&query, Spaces::Plus),
        "excludedAttributes=members&filter=userName+eq+%22mira+k%40fabrikam.example%22"
    );
    assert!(encode_query(&query, Spaces::Percent).contains("userName%20eq%20%22"));
    let plus = [("filter".to_owned(), "a eq \"1+1 & 2\"".to_owned())];
    assert_eq!(encode_query(&plus, Spaces::Plus), "filter=a+eq+%221%2B1+%26+2%22");
}

proptest! {
    /// Whatever an id is made of, the URL has the same path depth and no query of its making.
    #[test]
    fn no_id_changes_the_url(id in "\\PC{1,40}") {
        let target = Target::parse("https://a.example/scim", &AddressPolicy::default()).unwrap();
        if let Ok(segment) = segment(&id) {
            let url = url::Url::parse(&target.url(&format!("/Users/{segment}"), None)).unwrap();
            prop_assert_eq!(url.path_segments().unwrap().count(), 3);
            prop_assert!(url.query().is_none() && url.fragment().is_none());
            prop_assert_eq!(url.host_str(), Some("a.example"));
        }
    }
}
