//! The exchanges of RFC 7644 (`fixtures/rfc`, those with a `status`), over HTTP: what is given is made, what is asked is
//! asked, and the answer is the example's, but for ids, times and versions, which are ours to choose.

use std::path::Path;

use axum::body::Body;
use http::Method;
use serde_json::Value;

use super::{Got, House};

fn exchanges() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rfc");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let content: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if content.get("status").is_some() {
            found.push((path.file_stem().unwrap().to_string_lossy().into_owned(), content));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The example's ids and versions, each with ours.
struct Names(Vec<(String, String)>);

impl Names {
    fn ours(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    }

    fn theirs(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(ours, theirs))
    }
}

#[tokio::test]
async fn the_rfcs_exchanges_go_as_the_rfc_says() {
    let all = exchanges();
    for (name, content) in &all {
        let house = House::new().await;
        let names = make_given(&house, &content["given"]).await;
        let path = names.ours(content["path"].as_str().unwrap());
        let method: Method = content["method"].as_str().unwrap().parse().unwrap();
        let mut request = house.request(method, &path).header("accept", "application/scim+json");
        for (header, value) in content["headers"].as_object().into_iter().flatten() {
            request = request.header(header, names.ours(value.as_str().unwrap()));
        }
        let body = match content.get("body") {
            Some(body) => {
                request = request.header("content-type", "application/scim+json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let got = house.send(request.body(body).unwrap()).await;
        assert_eq!(
            u64::from(got.status.as_u16()),
            content["status"].as_u64().unwrap(),
            "{name}: {}",
            got.text
        );
        match content.get("answer") {
            Some(expected) => assert_answer(name, content, &got, expected, &names),
            None => assert_eq!(got.text, "", "{name}"),
        }
    }
    for section in ["3.4.1", "3.4.2", "3.4.3", "3.9", "3.12", "3.14"] {
        let prefix = format!("rfc7644-{section}-");
        assert!(all.iter().any(|(name, _)| name.starts_with(&prefix)), "no exchange of §{section}");
    }
}

async fn make_given(house: &House, given: &Value) -> Names {
    let mut names = Names(Vec::new());
    for resource in given.as_array().unwrap() {
        let is_group = resource["schemas"][0] == scim::urn::GROUP;
        let made = house.post(if is_group { "/Groups" } else { "/Users" }, resource).await;
        assert_eq!(made.status, 201, "{}", made.text);
        names.0.push((resource["id"].as_str().unwrap().to_owned(), made.id()));
        if let Some(version) = resource["meta"]["version"].as_str() {
            names.0.push((version.to_owned(), made.header("etag").unwrap().to_owned()));
        }
    }
    names
}

fn assert_answer(name: &str, content: &Value, got: &Got, expected: &Value, names: &Names) {
    assert_eq!(got.header("content-type"), Some("application/scim+json"), "{name}");
    let mut answer = got.json();
    let mut expected = expected.clone();
    for path in content["more"].as_array().unwrap() {
        assert!(take(&mut answer, path.as_str().unwrap()), "{name}: the answer has no {path}: {}", got.text);
    }
    if let Some(meta) = answer.get("meta").cloned() {
        // RFC 7644 §3.14, §3.3: the headers say what meta says.
        assert_eq!(got.header("etag"), meta["version"].as_str(), "{name}");
        let location = meta["location"].as_str().unwrap();
        assert!(location.ends_with(&format!("/Users/{}", got.id())), "{name}: {location}");
        assert!(got.header("location").is_none_or(|header| header == location), "{name}");
        assert!(got.status != 201 || got.header("location").is_some(), "{name}");
        for ours_to_choose in ["meta.location", "meta.version", "meta.created", "meta.lastModified"] {
            assert!(take(&mut answer, ours_to_choose) && take(&mut expected, ours_to_choose), "{name}");
        }
    }
    if got.status == 201 {
        assert!(take(&mut answer, "id") && take(&mut expected, "id"), "{name}");
    }
    if expected.get("detail").is_some() {
        // The words are ours, for the administrator who reads them; they say what it is about.
        let (ours, theirs) = (answer["detail"].clone(), expected["detail"].clone());
        let subject = |word: &&str| word.len() == 36 || *word == "'id'";
        let about = theirs.as_str().unwrap().split(' ').find(subject).unwrap().trim_matches('\'');
        assert!(ours.as_str().unwrap().contains(about), "{name}: {ours}");
        assert!(take(&mut answer, "detail") && take(&mut expected, "detail"), "{name}");
    }
    let answer: Value = serde_json::from_str(&names.theirs(&answer.to_string())).unwrap();
    assert_eq!(answer, expected, "{name}");
}

/// Take away what a path names, in every element of a list on the way; whether it was there everywhere.
fn take(value: &mut Value, path: &str) -> bool {
    match (value, path.split_once('.')) {
        (Value::Array(items), _) => items.iter_mut().all(|item| take(item, path)),
        (Value::Object(object), None) => object.shift_remove(path).is_some(),
        (Value::Object(object), Some((name, rest))) => {
            object.get_mut(name).is_some_and(|inner| take(inner, rest))
        }
        _ => false,
    }
}
