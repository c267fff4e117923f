//! Several at the same object, and jobs that are taken over or deleted in the middle of a walk.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use directory::Kind;
use jiff::SignedDuration;
use provision::Ran;
use provision::endpoint::{Calling, Endpoint};
use provision::job::CycleOutcome;
use provision::mapping::MappingSource;
use scim::Resource;
use scim::message::SearchRequest;
use scim_client::{FailureKind, Object, Page, Phase, Select};
use serde_json::{Value as Json, json};
use store::Pass;

use super::{Stage, outcome};
use crate::target::Target;
use crate::target::fault::{Fault, Verb, What};

type Act = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A target during whose answer to a request something happens, once: after it was made up, before it is heard.
#[derive(Clone)]
struct Meddling {
    target: Target,
    act: Arc<std::sync::Mutex<Option<(Verb, Act)>>>,
}

impl std::fmt::Debug for Meddling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meddling")
    }
}

impl Endpoint for Meddling {
    fn create<'a>(&'a self, endpoint: &'a str, resource: &'a Resource) -> Calling<'a, Object> {
        Box::pin(async move {
            let answer = self.target.create(endpoint, resource).await;
            self.meddle(Verb::Create).await;
            answer
        })
    }

    fn get<'a>(&'a self, endpoint: &'a str, id: &'a str, select: &'a Select) -> Calling<'a, Object> {
        self.target.get(endpoint, id, select)
    }

    fn query<'a>(&'a self, endpoint: &'a str, search: &'a SearchRequest) -> Calling<'a, Page> {
        Box::pin(async move {
            let answer = self.target.query(endpoint, search).await;
            self.meddle(Verb::Query).await;
            answer
        })
    }

    fn replace<'a>(
        &'a self,
        endpoint: &'a str,
        id: &'a str,
        body: &'a Resource,
    ) -> Calling<'a, Option<Object>> {
        self.target.replace(endpoint, id, body)
    }

    fn patch<'a>(&'a self, endpoint: &'a str, id: &'a str, body: &'a Json) -> Calling<'a, Option<Object>> {
        self.target.patch(endpoint, id, body)
    }

    fn delete<'a>(&'a self, endpoint: &'a str, id: &'a str) -> Calling<'a, ()> {
        self.target.delete(endpoint, id)
    }
}

async fn meddled() -> (Stage, Meddling) {
    let slot = OnceLock::new();
    let stage = Stage::with(|target| {
        let meddling = Meddling { target, act: Arc::default() };
        slot.set(meddling.clone()).unwrap();
        Arc::new(meddling)
    });
    let stage = stage.await;
    (stage, slot.into_inner().unwrap())
}

impl Meddling {
    fn during<F: Future<Output = ()> + Send + 'static>(
        &self,
        verb: Verb,
        act: impl Fn() -> F + Send + Sync + 'static,
    ) {
        *self.act.lock().unwrap() = Some((verb, Box::new(move || Box::pin(act()))));
    }

    async fn meddle(&self, verb: Verb) {
        let act = self.act.lock().unwrap().take_if(|(during, _)| *during == verb);
        if let Some((_, act)) = act {
            act().await;
        }
    }

    /// Somebody else provisions the object on demand meanwhile; gives what came of it in the end.
    fn rival(&self, stage: &Stage, during: Verb, id: &str) -> Arc<std::sync::Mutex<Option<String>>> {
        let (provisioning, tenant) = (stage.house.provisioning.clone(), stage.house.tenant.clone());
        let (app, id, seen) = (stage.app.clone(), id.to_owned(), Arc::default());
        let slot: Arc<std::sync::Mutex<Option<String>>> = Arc::clone(&seen);
        self.during(during, move || {
            let (provisioning, app, id, slot) = (provisioning.clone(), app.clone(), id.clone(), slot.clone());
            let cx = directory::Context::new(tenant.clone(), crate::administration::caller());
            async move {
                let report = provisioning.on_demand(cx, &app, Kind::User, &id, Vec::new()).await.unwrap();
                *slot.lock().unwrap() = Some(outcome(&report));
            }
        });
        seen
    }
}

#[tokio::test]
async fn who_has_lost_the_job_writes_nothing_and_makes_nothing_twice() {
    for lost in [true, false] {
        let (stage, meddling) = meddled().await;
        let nadia = stage.user("nadia").await;
        stage.start().await;
        let (store, tenant) = (stage.house.store.clone(), stage.house.tenant.clone());
        let (app, now) = (stage.app.clone(), directory::Clock::now(stage.clock().as_ref()));
        let late = now + SignedDuration::from_hours(9);
        meddling.during(Verb::Create, move || {
            let (store, tenant, app) = (store.clone(), tenant.clone(), app.clone());
            async move {
                if !lost {
                    return;
                }
                let claim = move |write: &store::TenantWrite<'_>| {
                    let row = write.claim_job(&app, "another", late, late)?.unwrap();
                    write.release_job(&app, row.fence)
                };
                assert!(store.tenant(&tenant).write(claim).await.unwrap());
            }
        });
        let ran = stage.cycle().await;
        // The control: nobody takes it over.
        let expected = if lost { CycleOutcome::Interrupted } else { CycleOutcome::Completed };
        assert_eq!(ran, expected);
        assert_eq!(stage.link(&nadia).await.is_none(), lost);
        assert_eq!(stage.is_intended(&nadia).await, lost);
        assert_eq!(stage.news().await.len(), usize::from(!lost), "no entry by who has lost it");
        assert_eq!(stage.cycle().await, CycleOutcome::Completed);
        assert_eq!(stage.target.ids(Kind::User), [stage.target_id(&nadia).await]);
        assert_eq!(stage.target.count(Verb::Create), 1);
    }
}

#[tokio::test]
async fn an_application_that_is_deleted_in_the_middle_leaves_nothing_behind() {
    let (stage, meddling) = meddled().await;
    let nadia = stage.user("nadia").await;
    let (provisioning, tenant, app) =
        (stage.house.provisioning.clone(), stage.house.tenant.clone(), stage.app.clone());
    meddling.during(Verb::Create, move || {
        let (provisioning, app) = (provisioning.clone(), app.clone());
        let cx = directory::Context::new(tenant.clone(), crate::administration::caller());
        async move { provisioning.delete_application(cx, &app).await.unwrap() }
    });
    let error = stage.try_go(Kind::User, &nadia, &[]).await.unwrap_err();
    assert_eq!(error.status(), 409, "{error}");
    assert!(stage.link(&nadia).await.is_none() && !stage.is_intended(&nadia).await);
}

#[tokio::test]
async fn of_two_who_find_the_same_account_only_one_gets_it_and_writes_to_it() {
    let (stage, meddling) = meddled().await;
    stage
        .remap(Kind::User, |mapping| {
            let by = mapping.attributes.iter_mut().find(|m| m.target == "userName").unwrap();
            // The same for both of them.
            let alike = "Switch([displayName], \"one@fabrikam.example\", \"x\", \"x\")";
            by.source = MappingSource::Expression(alike.into());
        })
        .await;
    let account = stage.target.seed(Kind::User, json!({ "userName": "one@fabrikam.example" }));
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    // When Ann has found it and is about to take it, Bob does.
    let rival = meddling.rival(&stage, Verb::Query, &bob);
    let report = stage.try_go(Kind::User, &ann, &[]).await.unwrap();
    assert_eq!(rival.lock().unwrap().as_deref(), Some("success update"));
    assert_eq!(outcome(&report), "failure create DuplicateSourceEntries");
    assert!(stage.link(&ann).await.is_none());
    assert_eq!(stage.target_id(&bob).await, account);
    assert_eq!(stage.target.done().len(), 1, "{:?}", stage.target.done());
    assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["displayName"], "bob");
}

/// One that has seen no creation under way, and fails, must not forget the one that another has begun since.
#[tokio::test]
async fn a_run_that_fails_leaves_the_intent_of_another_alone() {
    let (stage, meddling) = meddled().await;
    let nadia = stage.user("nadia").await;
    let refused = What::Refuse(FailureKind::Rejected, Some(400));
    stage.target.fail(Fault::once(&[Verb::Query], refused));
    let lost = What::ApplyThen(FailureKind::Timeout(Phase::Head), None);
    stage.target.fail(Fault::once(&[Verb::Create], lost));
    let rival = meddling.rival(&stage, Verb::Query, &nadia);
    let report = stage.try_go(Kind::User, &nadia, &[]).await.unwrap();
    assert_eq!(rival.lock().unwrap().as_deref(), Some("failure create Timeout"));
    assert_eq!(outcome(&report), "failure create UnprocessableEntity");
    assert!(stage.is_intended(&nadia).await);
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
    assert_eq!(stage.target.count(Verb::Create), 1);
}

/// Both have found nothing, and both would create.
#[tokio::test]
async fn of_two_who_find_nothing_only_one_creates() {
    let (stage, meddling) = meddled().await;
    let nadia = stage.user("nadia").await;
    let rival = meddling.rival(&stage, Verb::Query, &nadia);
    let report = stage.try_go(Kind::User, &nadia, &[]).await.unwrap();
    assert_eq!(rival.lock().unwrap().as_deref(), Some("success create"));
    assert_eq!(outcome(&report), "failure create InternalError", "{}", report.summary);
    assert_eq!(stage.target.count(Verb::Create), 1);
    stage.wait(100);
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other RedundantExport");
}

#[tokio::test]
async fn many_members_travel_in_batches_and_none_twice() {
    let stage = Stage::new().await;
    let mut users = Vec::new();
    for n in 0..230 {
        users.push(stage.stranger(&format!("u{n}"), json!({})).await);
    }
    let ids: Vec<&str> = users.iter().map(String::as_str).collect();
    let group = stage.group("All of them", &ids).await;
    // So that who leaves the group stays in scope.
    stage.configure(|config| config.scope = provision::scope::SyncScope::All).await;
    stage.start().await;
    // The second batch fails.
    let refused = What::Refuse(FailureKind::ServerError { retry_after: None }, Some(500));
    stage.target.fail(Fault::once(&[Verb::Change], refused).of(Kind::Group).after(1));
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    let there = stage.target_id(&group).await;
    assert_eq!(stage.target.members(&there).len(), 100);
    let held = stage.work(Pass::Reference, &group).await.unwrap();
    assert!(held.escrow.unwrap().contains("\"reference\":true"));
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.target.members(&there).len(), 230);
    let sent: Vec<usize> = stage
        .target
        .bodies(Verb::Change)
        .iter()
        .filter_map(|body| body["Operations"][0]["value"].as_array().map(Vec::len))
        .collect();
    assert_eq!(sent, [100, 100, 100, 30], "the first, the failed one, and what was left");
    assert!(stage.work(Pass::Reference, &group).await.is_none());
    stage.house.directory.remove_members(stage.house.cx(), &group, users[..120].to_vec()).await.unwrap();
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.target.members(&there).len(), 110);
}

#[tokio::test]
async fn nothing_is_recorded_of_an_object_when_the_target_lets_nobody_in() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    stage.start().await;
    let locked = What::Refuse(FailureKind::Unauthorized, Some(401));
    stage.target.fail(Fault::always(&[Verb::Create], locked));
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    let row = stage.work(Pass::Object, &nadia).await.unwrap();
    assert!(row.escrow.is_none(), "it stays due");
    assert!(!stage.is_intended(&nadia).await, "it was certainly not created");
    assert!(stage.news().await.is_empty());
    assert!(matches!(stage.run().await, Ran::Cycle(_)));
}

/// While the last objects of a cycle are worked on, the users are behind it.
#[tokio::test]
async fn an_assignment_in_the_last_moment_of_a_cycle_is_worked_on_at_once() {
    for push in [true, false] {
        let (stage, meddling) = meddled().await;
        stage.configure(|config| config.push = push).await;
        stage.start().await;
        assert_eq!(stage.cycle().await, CycleOutcome::Completed);
        stage.group("Staff", &[]).await;
        let nadia = stage.stranger("nadia", json!({})).await;
        let (provisioning, tenant) = (stage.house.provisioning.clone(), stage.house.tenant.clone());
        let (app, id) = (stage.app.clone(), nadia.clone());
        meddling.during(Verb::Create, move || {
            let (provisioning, app, id) = (provisioning.clone(), app.clone(), id.clone());
            let cx = directory::Context::new(tenant.clone(), crate::administration::caller());
            async move {
                provisioning.assign(cx, &app, vec![(Kind::User, id)], "").await.unwrap();
            }
        });
        assert_eq!(stage.cycle().await, CycleOutcome::Completed);
        assert!(stage.link(&nadia).await.is_none(), "the cycle was behind the users already");
        // Without push the next cycle by the schedule is soon enough.
        let (next, now) = (stage.job().await.next.unwrap(), directory::Clock::now(stage.clock().as_ref()));
        assert_eq!(next <= now, push, "{next} {now}");
        assert!(matches!(stage.run().await, Ran::Cycle(CycleOutcome::Completed)));
        assert!(stage.link(&nadia).await.is_some());
        let next = stage.job().await.next.unwrap();
        assert!(next > now, "nothing is left that would hurry: {next} {now}");
    }
}
