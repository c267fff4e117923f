//! Parts as values: the list of checks, generated values, paths, schemas, shrinking, cancellation, safety.

use std::collections::HashSet;

use scim_client::Credentials;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use validator::generate::{Fill, Generator, PREFIX};
use validator::random::Dice;
use validator::schema::{Origin, SchemaSource, Schemas};
use validator::shrink::{self, Shrinker};
use validator::value::{at, has, holds, is_absent, same};
use validator::{Cancel, Event, Need, Profile, Refusal, VerdictKind, checks};

use crate::broken::serve;
use crate::support::{options, run};

#[test]
fn every_check_says_what_it_is() {
    let mut ids = HashSet::new();
    for check in checks::all() {
        assert!(ids.insert(check.id), "{} is there twice", check.id);
        for (what, text) in
            [("name", check.name), ("clause", check.clause), ("what", check.what), ("why", check.why)]
        {
            assert!(!text.trim().is_empty(), "{} has no {what}", check.id);
        }
        assert!(
            check.what.ends_with('.') && check.why.ends_with('.'),
            "{}: sentences end with a stop",
            check.id
        );
        assert!(!check.profiles.is_empty(), "{} belongs to no profile", check.id);
        let plain = check.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(plain, "{}", check.id);
    }
    assert!(ids.len() >= 150, "{} checks", ids.len());
}

/// A prerequisite exists, is not the check itself, and is not one that runs only after all others.
#[test]
fn prerequisites_can_be_met() {
    for check in checks::all() {
        for need in check.needs {
            let Need::Check(id) = need else { continue };
            let needed = checks::all().iter().find(|c| c.id == *id);
            let needed = needed.unwrap_or_else(|| panic!("{} needs {id}, which is no check", check.id));
            assert!(needed.id != check.id && (check.alone || !needed.alone), "{} needs {id}", check.id);
        }
        assert!(!reaches(check.id, check.id, 0), "{} needs itself", check.id);
    }
}

fn reaches(from: &str, wanted: &str, depth: usize) -> bool {
    let Some(check) = checks::all().iter().find(|c| c.id == from) else { return false };
    depth > 20
        || check
            .needs
            .iter()
            .any(|n| matches!(n, Need::Check(id) if *id == wanted || reaches(id, wanted, depth + 1)))
}

#[test]
fn microsofts_tests_are_all_there() {
    let described: Vec<&str> =
        checks::all().iter().filter_map(|c| c.microsoft.map(|m| m.description)).collect();
    for test in [
        "Create a new User",
        "Create a duplicate User",
        "Filter for an existing user",
        "Filter for a non-existing user",
        "Filter for an existing user with a different case",
        "Patch User - Replace Attributes Verbose Request",
        "Patch User - Replace Attributes",
        "Patch User - Add Attributes",
        "Update User userName",
        "Patch User - Disable User",
        "Patch User - Add Manager",
        "Patch User - Replace Manager",
        "Patch User - Remove Manager",
        "Delete a User",
        "Get group by id excluding members",
        "Filter for an existing group by displayName excluding members",
        "Filter for an existing group",
        "Filter for a non-existing group",
        "Filter for an existing group with a different case",
        "Create a new Group",
        "Create a duplicate Group",
        "Patch Group - Replace Attributes",
        "Update Group displayName",
        "Patch Group - Add Member",
        "Patch Group - Remove Member",
        "Delete a Group",
        "Patch User - Multiple Operations on different attributes",
        "Patch User - Multiple Operations on same attribute",
        "Delete a non-existent User",
        "Delete the same User twice",
        "Patch Group - Multiple Operations on same attribute",
        "Delete a non-existent Group",
        "Delete the same Group twice",
    ] {
        assert!(described.contains(&test), "{test}");
    }
}

#[test]
fn each_profile_has_its_own() {
    let of = |profile: Profile| {
        checks::all().iter().filter(|c| profile.includes(c)).map(|c| c.id).collect::<HashSet<_>>()
    };
    let (entra, okta, rfc, all) = (of(Profile::Entra), of(Profile::Okta), of(Profile::Rfc), of(Profile::All));
    assert_eq!(all.len(), checks::all().len());
    for (set, has, lacks) in [
        (&entra, "ms-create-user", "okta-create"),
        (&okta, "okta-create", "ms-create-user"),
        (&rfc, "sort-ascending", "user-create-string-booleans"),
    ] {
        assert!(set.contains(has) && !set.contains(lacks) && set.contains("user-create"), "{has} {lacks}");
    }
}

#[test]
fn the_same_seed_makes_the_same_values() {
    let schemas = Schemas::built_in();
    let make = |seed: u64, case: &str| {
        let mut dice = Dice::new(seed, case);
        let salt = dice.base36(7);
        Value::Object(Generator { dice: &mut dice, salt }.resource(&schemas.user, Fill::All))
    };
    assert_eq!(make(1, "a"), make(1, "a"));
    assert_ne!(make(1, "a"), make(2, "a"));
    assert_ne!(make(1, "a"), make(1, "b"));
}

#[test]
fn generated_users_suit_their_schema() {
    let schemas = Schemas::built_in();
    for seed in 0..50 {
        let mut dice = Dice::new(seed, "suit");
        let body = Generator { dice: &mut dice, salt: format!("s{seed}") }.resource(&schemas.user, Fill::All);
        let name = body["userName"].as_str().unwrap();
        assert!(name.starts_with(PREFIX) && name.contains('@') && name.contains('_'), "seed {seed}: {name}");
        for never in ["id", "meta", "groups", "password"] {
            assert!(!body.contains_key(never), "seed {seed}: {never}");
        }
        // The scim crate is strict about types; it takes what was made.
        let checked = scim::check::check(body.clone(), scim::schema::user(), scim::check::Purpose::Create);
        let stored = Value::Object(checked.unwrap().resource);
        for (name, value) in &body {
            has(&stored, name, value)
                .unwrap_or_else(|_| panic!("seed {seed}: {name} {value} became {}", stored[name]));
        }
    }
}

#[test]
fn values_at_paths() {
    let user = json!({
        "userName": "Ida",
        "name": { "familyName": "Roe" },
        "emails": [
            { "type": "home", "value": "h@example.com" },
            { "type": "work", "value": "w@example.com", "primary": true },
        ],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "7" } },
        "urn:example:2.0:User": { "badge": 5 },
    });
    let check = |path: &str, expect: Option<Value>| assert_eq!(at(&user, path).cloned(), expect, "{path}");
    check("userName", Some(json!("Ida")));
    check("USERNAME", Some(json!("Ida")));
    check("urn:ietf:params:scim:schemas:core:2.0:User:userName", Some(json!("Ida")));
    check("name.familyName", Some(json!("Roe")));
    check("name.givenName", None);
    check("emails.value", Some(json!("h@example.com")));
    check("emails[type eq \"work\"].value", Some(json!("w@example.com")));
    check("emails[primary eq true].value", Some(json!("w@example.com")));
    check("emails[primary eq \"True\"].value", Some(json!("w@example.com")));
    check("emails[type eq \"other\"].value", None);
    check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", Some(json!("7")));
    check("urn:example:2.0:User:badge", Some(json!(5)));
    check("urn:example:2.0:User:nothing", None);
    assert!(is_absent(&json!({ "a": [] }), "a") && is_absent(&json!({ "a": { "b": "" } }), "a"));
    assert!(!is_absent(&json!({ "a": false }), "a"));
}

#[test]
fn what_is_held() {
    let check =
        |got: Value, sent: Value, expect: bool| assert_eq!(holds(&got, &sent), expect, "{got} {sent}");
    check(json!({ "a": 1, "b": 2 }), json!({ "a": 1 }), true);
    check(json!({ "a": 1 }), json!({ "a": 1, "b": null }), true);
    check(json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), false);
    check(json!([{ "v": 1, "x": 0 }, { "v": 2 }]), json!([{ "v": 2 }, { "v": 1 }]), true);
    check(json!("2026-01-01T00:00:00Z"), json!("2026-01-01T01:00:00+01:00"), true);
    check(json!(1.0), json!(1), true);
    check(json!("1"), json!(1), false);
    check(json!("a"), json!("A"), false);
    check(json!(true), json!("True"), false);
    assert!(same(&json!([1, 2]), &json!([2, 1])) && !same(&json!([1, 2]), &json!([1])));
}

#[test]
fn schemas_are_read_leniently_and_faults_noted() {
    let user = |attributes: Value| json!({ "Resources": [{ "id": scim::urn::USER, "name": "User", "attributes": attributes }] });
    let check = |attributes: Value, problem: &str| {
        let schemas = Schemas::read(&user(attributes), None, Origin::Discovered).unwrap();
        assert!(schemas.problems.iter().any(|p| p.contains(problem)), "{problem}: {:?}", schemas.problems);
    };
    check(json!([{ "name": "a", "mutability": "READ_WRITE" }]), "mutability");
    check(json!([{ "name": "a", "type": "String" }]), "\"string\"");
    check(json!([{ "name": "a", "multiValued": "true" }]), "multiValued");
    check(json!([{ "name": "a", "type": "complex" }]), "subAttributes");
    check(json!([{ "type": "string" }]), "no name");
    assert!(Schemas::read(&json!([]), None, Origin::Given).is_none());
    let whole = scim::discovery::schemas("https://x");
    let read = Schemas::read(&whole.into(), None, Origin::Discovered).unwrap();
    let group = read.group.as_ref().map(|group| group.extensions.len());
    assert!(
        read.problems.is_empty() && group == Some(1) && read.user.extensions.len() == 2,
        "{:?}",
        read.problems
    );
}

#[test]
fn shrinking_finds_the_one_that_matters() {
    for guilty in 0..20 {
        let mut shrinker = Shrinker::new((0..20).collect());
        let mut tries = 0;
        while let Some(candidate) = shrinker.candidate() {
            tries += 1;
            let fails = candidate.contains(&guilty);
            shrinker.judge(fails, candidate);
        }
        assert_eq!(shrinker.finish(), vec![guilty]);
        assert!(tries <= shrink::BUDGET, "{tries}");
    }
}

#[test]
fn shrinking_keeps_what_is_needed_together() {
    let mut shrinker = Shrinker::new((0..8).collect());
    while let Some(candidate) = shrinker.candidate() {
        let fails = candidate.contains(&2) && candidate.contains(&6);
        shrinker.judge(fails, candidate);
    }
    assert_eq!(shrinker.finish(), vec![2, 6]);
}

#[test]
fn a_body_is_made_of_its_parts() {
    let whole = json!({
        "schemas": ["core", "urn:x:User"], "userName": "u", "title": "t", "urn:x:User": { "a": 1, "b": 2 },
    });
    let whole = whole.as_object().unwrap();
    let parts = shrink::parts(whole, &["userName"]);
    assert_eq!(parts.len(), 3);
    assert_eq!(Value::Object(shrink::body(whole, &["userName"], &parts)), json!(whole));
    let small = shrink::body(whole, &["userName"], &parts[..1]);
    assert_eq!(Value::Object(small), json!({ "userName": "u", "title": "t", "schemas": ["core"] }));
}

#[tokio::test]
async fn only_and_skip_choose_with_prerequisites() {
    let target = serve(None).await;
    let check = async |only: &[&str], skip: &[&str], expect: &[&str]| {
        let mut options = options(&target);
        options.only = only.iter().map(ToString::to_string).collect();
        options.skip = skip.iter().map(ToString::to_string).collect();
        let report = run(options).await.unwrap();
        let ids: Vec<&str> = report.results.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, expect);
        assert_eq!(report.exit_code(), 0);
    };
    check(&["user-read-unknown"], &[], &["user-read-unknown"]).await;
    check(&["user-read"], &[], &["user-create", "user-read"]).await;
    check(&["user-read"], &["user-create"], &["user-read"]).await;
    check(&["etag-version"], &[], &["user-create", "user-read", "etag-header", "etag-version"]).await;
    check(
        &["attribute-round-trip:User.title"],
        &[],
        &["user-create", "user-read", "attribute-round-trip:User.title"],
    )
    .await;
    let mut nothing = options(&target);
    nothing.only = vec!["no-such-check".to_owned()];
    assert_eq!(run(nothing).await.unwrap_err(), Refusal::NothingToRun);
}

#[tokio::test]
async fn a_target_with_many_users_is_refused_unless_allowed() {
    let target = serve(None).await;
    let mut kept = options(&target);
    kept.keep = true;
    kept.only = vec!["parallel-creates".to_owned()];
    let report = run(kept).await.unwrap();
    assert!(report.kept && report.left_over.len() >= 8, "{:?}", report.left_over);

    let mut careful = options(&target);
    careful.max_existing_users = 5;
    careful.only = vec!["user-read-unknown".to_owned()];
    let refusal = run(careful.clone()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::TooManyUsers { limit: 5, .. }), "{refusal}");
    careful.yes = true;
    assert_eq!(run(careful).await.unwrap().exit_code(), 0);
}

#[tokio::test]
async fn wrong_credentials_and_nobody_there_are_refusals() {
    let target = serve(None).await;
    let mut wrong = options(&target);
    wrong.auth = Credentials::Bearer("not-the-token".into());
    assert_eq!(run(wrong).await.unwrap_err(), Refusal::Unauthorized { status: 401 });
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = run(options(&format!("http://{free}/scim"))).await.unwrap_err();
    assert!(matches!(nobody, Refusal::Unreachable { .. }), "{nobody}");
    let nonsense = run(options("ftp://x")).await.unwrap_err();
    assert!(matches!(nonsense, Refusal::Target { .. }), "{nonsense}");
}

#[tokio::test]
async fn a_cancelled_run_cleans_up_and_says_so() {
    let target = serve(None).await;
    let mut options = options(&target);
    let cancel = Cancel::default();
    options.cancel = cancel.clone();
    let (events, mut receiver) = mpsc::channel(16);
    let running = tokio::spawn(validator::run(options.clone(), events));
    let (mut finished, mut cleaned) = (0, false);
    while let Some(event) = receiver.recv().await {
        match event {
            Event::CheckFinished { .. } => {
                finished += 1;
                if finished == 20 {
                    cancel.cancel();
                }
            }
            Event::CleanedUp { left_over, .. } => {
                cleaned = true;
                assert_eq!(left_over, 0);
            }
            _ => {}
        }
    }
    let report = running.await.unwrap().unwrap();
    assert!(cleaned && report.cancelled && report.exit_code() != 0);
    assert!(report.count(VerdictKind::CouldNotJudge) > 0);
    assert_eq!(report.created, report.deleted);
    // The server has no user left: another run may count them.
    options.cancel = Cancel::default();
    options.only = vec!["user-read-unknown".to_owned()];
    assert_eq!(run(options).await.unwrap().target.existing_users, Some(0));
}

#[tokio::test]
async fn events_tell_the_whole_run() {
    let target = serve(None).await;
    let mut options = options(&target);
    options.only = vec!["user-read".to_owned()];
    let (events, mut receiver) = mpsc::channel(100);
    let report = validator::run(options, events).await.unwrap();
    let mut told = Vec::new();
    while let Some(event) = receiver.recv().await {
        told.push(serde_json::to_value(&event).unwrap()["event"].as_str().unwrap().to_owned());
    }
    let (start, end) = (told.first().unwrap().as_str(), told.last().unwrap().as_str());
    assert_eq!((start, end), ("started", "finished"));
    assert_eq!(told.iter().filter(|e| *e == "check-finished").count(), report.results.len());
    assert!(told.contains(&"cleaned-up".to_owned()) && told.contains(&"progress".to_owned()));
}

#[tokio::test]
async fn a_given_schema_is_used() {
    let target = serve(None).await;
    let mut options = options(&target);
    options.schema = SchemaSource::Given(json!([{
        "id": scim::urn::USER, "name": "User",
        "attributes": [{ "name": "userName", "type": "string", "required": true }, { "name": "title", "type": "string" }],
    }]));
    options.only = vec!["attribute-round-trip".to_owned(), "group-create".to_owned()];
    let report = run(options).await.unwrap();
    let verdicts: Vec<(&str, VerdictKind)> =
        report.results.iter().map(|r| (r.id.as_str(), r.verdict.kind())).collect();
    assert!(verdicts.contains(&("attribute-round-trip:User.title", VerdictKind::Pass)), "{verdicts:?}");
    assert!(verdicts.contains(&("group-create", VerdictKind::NotApplicable)), "{verdicts:?}");
}
