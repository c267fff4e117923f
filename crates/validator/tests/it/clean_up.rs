//! Nothing that a run made is left, not even where a create was carried out and never answered; and nothing else goes.

use std::collections::BTreeSet;

use scim_client::Request;
use tokio::sync::mpsc;
use validator::{Cancel, Event, Options, VerdictKind};

use crate::broken::{Fault, serve_with};
use crate::support::{options, run};

/// Names of the users and groups at the target.
async fn names(options: &Options) -> BTreeSet<String> {
    let target = scim_client::Target::parse(&options.target, &options.transport.policy).unwrap();
    let settings =
        scim_client::Options { credentials: options.auth.clone(), ..scim_client::Options::default() };
    let client = scim_client::Client::new(target, options.transport.clone(), settings).unwrap();
    let mut names = BTreeSet::new();
    for (path, name) in [("/Users", "userName"), ("/Groups", "displayName")] {
        let mut start = 1;
        loop {
            let page = client.send(&Request::get(path).query("startIndex", start.to_string())).await.unwrap();
            let page: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
            let found = page["Resources"].as_array().cloned().unwrap_or_default();
            if found.is_empty() {
                break;
            }
            start += found.len();
            names.extend(found.iter().map(|r| r[name].as_str().unwrap().to_owned()));
        }
    }
    names
}

/// A run with another seed that leaves what it makes; what it lost sight of too.
async fn strangers(target: &str) -> BTreeSet<String> {
    let mut others = options(target);
    (others.keep, others.seed) = (true, 99);
    others.only = vec!["parallel-creates".to_owned(), "group-create".to_owned()];
    run(others.clone()).await.unwrap();
    let names = names(&others).await;
    assert!(names.len() > 5, "{names:?}");
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_that_were_never_answered_are_found_by_name() {
    let target = serve_with(None, Some(7)).await;
    let before = strangers(&target).await;
    let options = options(&target);
    let report = run(options.clone()).await.unwrap();
    let lost = report.results.iter().filter(|r| r.verdict.reason().contains("no answer to POST")).count();
    assert!(lost > 10, "{lost} creates were not answered: {}", report.summary());
    assert_eq!((report.left_over, report.unsure), (Vec::new(), Vec::new()));
    assert_eq!(report.created, report.deleted);
    assert_eq!(names(&options).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_looks_for_them_too() {
    let target = serve_with(None, Some(4)).await;
    let before = strangers(&target).await;
    let mut options = options(&target);
    let cancel = Cancel::default();
    options.cancel = cancel.clone();
    // One check after the other, so that there are many left when the first was not answered, however slow this machine is.
    options.concurrency = 1;
    let (events, mut receiver) = mpsc::channel(16);
    let running = tokio::spawn(validator::run(options.clone(), events));
    let mut unanswered = 0;
    while let Some(event) = receiver.recv().await {
        if let Event::CheckFinished { result } = event {
            unanswered += usize::from(result.verdict.reason().contains("no answer to POST"));
            if unanswered == 1 {
                cancel.cancel();
            }
        }
    }
    let report = running.await.unwrap().unwrap();
    assert!(report.cancelled && report.count(VerdictKind::CouldNotJudge) > 0);
    assert_eq!((report.left_over, report.unsure), (Vec::new(), Vec::new()));
    assert_eq!(names(&options).await, before);
}

/// The control: where a filter gives everybody, only what has a name of this run goes.
#[tokio::test(flavor = "multi_thread")]
async fn where_filters_are_ignored_nobody_else_is_deleted() {
    let target = serve_with(Some(Fault::FilterIgnored), Some(4)).await;
    let before = strangers(&target).await;
    let options = options(&target);
    let report = run(options.clone()).await.unwrap();
    let after = names(&options).await;
    assert!(after.is_superset(&before), "{:?}", before.difference(&after).collect::<Vec<_>>());
    assert_eq!(report.left_over, Vec::<String>::new());
}

/// The control: nothing is looked up where nothing was lost, nor where filters are not to be had.
#[tokio::test(flavor = "multi_thread")]
async fn without_filters_the_names_are_reported() {
    let target = serve_with(Some(Fault::FiltersRefused), Some(4)).await;
    let mut options = options(&target);
    options.only = vec!["user-create".to_owned(), "parallel-creates".to_owned(), "user-read".to_owned()];
    let report = run(options.clone()).await.unwrap();
    let there = names(&options).await;
    assert!(!there.is_empty());
    assert_eq!(report.unsure.iter().cloned().collect::<BTreeSet<_>>(), there);

    options.target = serve_with(None, None).await;
    let report = run(options.clone()).await.unwrap();
    assert_eq!((report.unsure.len(), names(&options).await.len()), (0, 0));
}
