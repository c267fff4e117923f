//! Whole cycles, over a real store and a service provider in memory.

use directory::Kind;
use jiff::SignedDuration;
use provision::Ran;
use provision::control::ResetScope;
use provision::cycle_schedule::ScheduleState;
use provision::job::{CycleOutcome, JobStatus};
use provision::quarantine::QuarantineReason as Reason;
use scim_client::FailureKind;
use serde_json::json;
use store::{LogQuery, Pass};
use tokio::sync::watch;

use crate::target::fault::{Fault, Verb, What};
use crate::walk::Stage;

impl Stage {
    pub(crate) async fn start(&self) {
        self.house.provisioning.start(self.house.cx(), &self.app).await.unwrap();
    }

    pub(crate) async fn restart(&self, scope: &str) {
        let scope = ResetScope::parse(scope).unwrap();
        self.house.provisioning.restart(self.house.cx(), &self.app, scope).await.unwrap();
    }

    /// Claim the job and run it, if nobody else does.
    pub(crate) async fn run(&self) -> Ran {
        let (_never, stop) = watch::channel(false);
        self.house.provisioning.run_job(&self.house.tenant, &self.app, "test", stop).await.unwrap()
    }

    /// The next cycle, an interval later.
    pub(crate) async fn cycle(&self) -> CycleOutcome {
        self.wait(41 * 60);
        match self.run().await {
            Ran::Cycle(outcome) => outcome,
            Ran::NotClaimed => panic!("nobody else runs it"),
        }
    }

    /// Log entries since the last call: `create success alice`.
    pub(crate) async fn news(&self) -> Vec<String> {
        let query = LogQuery { application: Some(self.app.clone()), limit: 1_000, ..LogQuery::default() };
        let mut rows = self.house.provisioning.logs(&self.house.tenant, query).await.unwrap();
        rows.reverse();
        let mut news: Vec<String> = rows
            .into_iter()
            .filter(|row| row.entry.at > self.last_seen())
            .map(|row| {
                let code = row.entry.code.map(|code| format!(" {code}")).unwrap_or_default();
                format!("{} {} {}{code}", row.entry.action, row.entry.status, row.entry.source_name)
            })
            .collect();
        self.seen();
        news.sort();
        news
    }

    pub(crate) async fn waiting(&self) -> usize {
        let mut waiting = 0;
        for pass in Pass::ALL {
            waiting += self.house.work(&self.app, pass).await.len();
        }
        waiting
    }
}

#[tokio::test]
async fn an_initial_cycle_brings_what_is_assigned_and_the_next_does_nothing() {
    let stage = Stage::new().await;
    let (alice, bob) = (stage.user("alice").await, stage.user("bob").await);
    let carol = stage.stranger("carol", json!({})).await;
    stage.stranger("dave", json!({})).await;
    let staff = stage.group("Staff", &[&alice, &carol]).await;
    stage.start().await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(
        stage.news().await,
        [
            "create success Staff",
            "create success alice",
            "create success bob",
            "create success carol",
            "update success Staff"
        ]
    );
    assert_eq!(stage.target.ids(Kind::User).len(), 3, "dave is nobody's business");
    let group = stage.target_id(&staff).await;
    let members = [stage.target_id(&alice).await, stage.target_id(&carol).await];
    assert_eq!(stage.target.members(&group), members.into());
    assert_eq!((stage.waiting().await, stage.job().await.status()), (0, JobStatus::Active));

    stage.target.take_asked();
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert!(stage.news().await.is_empty());
    assert_eq!(stage.target.take_asked().len(), 2, "only whether the target is there");

    stage.change(Kind::User, &bob, json!({ "displayName": "Robert" })).await;
    stage.change(Kind::User, &alice, json!({ "active": false })).await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.news().await, ["disable success alice", "update success Robert"]);
    assert_eq!(stage.waiting().await, 0);
}

#[tokio::test]
async fn members_of_an_assigned_group_come_and_go() {
    let stage = Stage::new().await;
    let (alice, bob) = (stage.stranger("alice", json!({})).await, stage.stranger("bob", json!({})).await);
    let staff = stage.group("Staff", &[&alice]).await;
    stage.start().await;
    stage.cycle().await;
    assert_eq!(stage.target.ids(Kind::User).len(), 1);
    stage.change(Kind::Group, &staff, json!({ "members": [{ "value": bob }] })).await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.target.members(&stage.target_id(&staff).await), [stage.target_id(&bob).await].into());
    let alice_there = stage.target.get_now(Kind::User, &stage.target_id(&alice).await).unwrap();
    assert_eq!(alice_there["active"], false, "who left the group left the scope");
    // The group is not assigned any more.
    stage.unassign(&staff).await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert!(stage.target.ids(Kind::Group).is_empty());
    let bob_there = stage.target.get_now(Kind::User, &stage.target_id(&bob).await).unwrap();
    assert_eq!(bob_there["active"], false);
    assert_eq!(stage.waiting().await, 0);
}

#[tokio::test]
async fn too_many_deletions_wait_for_somebody_who_allows_them() {
    let stage = Stage::new().await;
    let mut users = Vec::new();
    for n in 0..12 {
        users.push(stage.user(&format!("user-{n}")).await);
    }
    stage
        .configure(|config| {
            config.guard.count = 3;
            config.guard.percent = None;
        })
        .await;
    stage.start().await;
    stage.cycle().await;
    stage.news().await;
    for user in &users[..4] {
        stage.unassign(user).await;
    }
    stage.change(Kind::User, &users[5], json!({ "displayName": "Renamed" })).await;
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    let disabled = |stage: &Stage| {
        let ids = stage.target.ids(Kind::User);
        ids.iter().filter(|id| stage.target.get_now(Kind::User, id).unwrap()["active"] == false).count()
    };
    assert_eq!(disabled(&stage), 0);
    let news = stage.news().await;
    assert_eq!(news.iter().filter(|line| line.starts_with("stagedDelete")).count(), 4, "{news:?}");
    assert!(news.contains(&"update success Renamed".to_owned()), "what deletes nothing goes on");
    let job = stage.job().await;
    assert_eq!((job.status(), job.state.staged), (JobStatus::Quarantine, 4));
    assert_eq!(job.state.quarantine.unwrap().reason, Reason::TooManyDeletes);
    // Another attempt holds them back again, without a second entry for each.
    stage.wait(7 * 3600);
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    assert!(stage.news().await.is_empty());
    // One of them comes back; three may go.
    stage.assign(Kind::User, &users[0]).await;
    stage.restart("").await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(disabled(&stage), 3);
    assert_eq!(stage.waiting().await, 0);
    // Four more, and somebody allows them.
    for user in &users[6..10] {
        stage.unassign(user).await;
    }
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    assert_eq!(disabled(&stage), 3);
    stage.restart("ForceDeletes").await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(disabled(&stage), 7);
    assert!(!stage.job().await.state.allow_deletes, "allowed once");
}

#[tokio::test]
async fn refused_credentials_put_the_job_aside_until_it_is_given_up() {
    let stage = Stage::new().await;
    stage.user("alice").await;
    stage.start().await;
    stage.target.fail(Fault::always(&[], What::Refuse(FailureKind::Unauthorized, Some(401))));
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    let began = stage.house.clock.as_ref();
    let first = directory::Clock::now(began);
    let mut gaps = Vec::new();
    loop {
        let job = stage.job().await;
        if job.schedule == ScheduleState::Disabled {
            break;
        }
        let quarantine = job.state.quarantine.clone().unwrap();
        assert_eq!(quarantine.reason, Reason::EncounteredQuarantineException);
        assert_eq!(job.next, Some(quarantine.next_attempt));
        let now = directory::Clock::now(began);
        gaps.push(quarantine.next_attempt.duration_since(now).as_hours());
        stage.clock().set(quarantine.next_attempt);
        stage.run().await;
    }
    assert_eq!(&gaps[..4], [6, 12, 24, 24]);
    let lasted = directory::Clock::now(began).duration_since(first);
    assert_eq!(lasted, SignedDuration::from_hours(28 * 24));
    assert_eq!(stage.job().await.next, None, "given up");
    // Whoever corrects the credentials and restarts has a job again.
    stage.target.heal();
    stage.restart("").await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.target.ids(Kind::User).len(), 1);
    assert_eq!(stage.job().await.state.quarantine, None);
}

#[tokio::test]
async fn a_target_that_cannot_be_reached_is_tried_again_before_it_is_put_aside() {
    let stage = Stage::new().await;
    stage.user("alice").await;
    stage.start().await;
    stage.target.fail(Fault::always(&[], What::Refuse(FailureKind::Refused, None)));
    assert_eq!(stage.cycle().await, CycleOutcome::Failed);
    assert_eq!(stage.cycle().await, CycleOutcome::Failed);
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    stage.target.heal();
    stage.wait(6 * 3600);
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.job().await.state.unreachable, 0);
}

#[tokio::test]
async fn a_failure_of_one_object_stops_no_other() {
    let stage = Stage::new().await;
    for name in ["alice", "bob", "carol"] {
        stage.user(name).await;
    }
    stage.start().await;
    stage.target.fail(Fault::once(&[Verb::Create], What::Refuse(FailureKind::Rejected, Some(400))));
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!((stage.target.ids(Kind::User).len(), stage.waiting().await), (2, 1));
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!((stage.target.ids(Kind::User).len(), stage.waiting().await), (3, 0));
}

/// To be asked to slow down is no failure of the object: it is no reason for quarantine, and the object is not held longer
/// each time.
#[tokio::test]
async fn a_target_that_throttles_is_not_put_aside() {
    let stage = Stage::new().await;
    for number in 0..30 {
        stage.user(&format!("user{number}")).await;
    }
    stage.start().await;
    let throttled = FailureKind::RateLimited { retry_after: None };
    stage.target.fail(Fault::always(&[Verb::Create], What::Refuse(throttled, Some(429))));
    for cycle in 0..6 {
        assert_eq!(stage.cycle().await, CycleOutcome::Completed, "cycle {cycle}");
        assert_eq!(stage.waiting().await, 30, "cycle {cycle}");
        let now = directory::Clock::now(stage.clock().as_ref());
        let pause = stage.job().await.next.unwrap().duration_since(now);
        assert!(
            pause <= SignedDuration::from_secs(30),
            "cycle {cycle}: nobody waits for the next interval: {pause}"
        );
    }
    stage.target.heal();
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!((stage.target.ids(Kind::User).len(), stage.waiting().await), (30, 0));
}

/// The control: what the target refuses for good does both.
#[tokio::test]
async fn a_target_that_refuses_is_put_aside() {
    let stage = Stage::new().await;
    for number in 0..30 {
        stage.user(&format!("user{number}")).await;
    }
    stage.start().await;
    stage.target.fail(Fault::always(&[Verb::Create], What::Refuse(FailureKind::Rejected, Some(400))));
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
}

#[tokio::test]
async fn an_empty_source_deprovisions_nobody() {
    let stage = Stage::new().await;
    let alice = stage.user("alice").await;
    stage.start().await;
    stage.cycle().await;
    stage.delete(Kind::User, &alice).await;
    stage.restart("Watermark").await;
    assert_eq!(stage.cycle().await, CycleOutcome::Quarantined);
    assert_eq!(stage.job().await.state.quarantine.unwrap().reason, Reason::IngestionInterrupted);
    let there = stage.target.get_now(Kind::User, &stage.target_id(&alice).await).unwrap();
    assert_ne!(there["active"], false);
}

#[tokio::test]
async fn nobody_runs_a_job_twice_and_a_paused_one_not_at_all() {
    let stage = Stage::new().await;
    stage.user("alice").await;
    // Not started.
    assert_eq!(stage.run().await, Ran::Cycle(CycleOutcome::Interrupted));
    stage.start().await;
    let (app, now) = (stage.app.clone(), directory::Clock::now(stage.clock().as_ref()));
    let until = now + SignedDuration::from_secs(15);
    let claim = move |write: &store::TenantWrite<'_>| write.claim_job(&app, "another", now, until);
    stage.house.store.tenant(&stage.house.tenant).write(claim).await.unwrap().unwrap();
    assert_eq!(stage.run().await, Ran::NotClaimed);
    // The other one has died.
    stage.wait(16);
    assert_eq!(stage.run().await, Ran::Cycle(CycleOutcome::Completed));
    stage.house.provisioning.pause(stage.house.cx(), &stage.app).await.unwrap();
    stage.user("bob").await;
    assert_eq!(stage.cycle().await, CycleOutcome::Interrupted);
    assert_eq!(stage.target.ids(Kind::User).len(), 1);
    stage.start().await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!(stage.target.ids(Kind::User).len(), 2);
}

#[tokio::test]
async fn a_plan_says_what_a_cycle_does_and_is_applied_only_if_it_still_holds() {
    let stage = Stage::new().await;
    let alice = stage.user("alice").await;
    stage.user("bob").await;
    let provisioning = &stage.house.provisioning;
    let quiet = |_: u64, _: u64| {};
    let plan = provisioning.plan(stage.house.cx(), &stage.app, false, &quiet).await.unwrap();
    assert_eq!((plan.counts.get("create"), plan.departures), (Some(&2), 0));
    assert!(plan.changes_anything());
    assert_eq!(stage.target.done(), [], "a plan writes nothing");
    let entries =
        provisioning.plan_entries(&stage.house.tenant, &stage.app, &plan.id, None, 0, 10).await.unwrap();
    assert_eq!(entries.len(), 2);
    // The same is planned again; another name is another plan.
    let again = provisioning.plan(stage.house.cx(), &stage.app, false, &quiet).await.unwrap();
    assert_eq!(again.id, plan.id);
    stage.change(Kind::User, &alice, json!({ "displayName": "Alicia" })).await;
    stage.target.seed(Kind::User, json!({ "userName": "bob@fabrikam.example" }));
    let refused = provisioning.apply(stage.house.cx(), &stage.app, &plan.id, &quiet).await.unwrap_err();
    assert_eq!(refused.status(), 409);
    assert_eq!(stage.target.done(), []);
    let plan = provisioning.plan(stage.house.cx(), &stage.app, false, &quiet).await.unwrap();
    assert_eq!((plan.counts.get("create"), plan.counts.get("adopt")), (Some(&1), Some(&1)));
    let outcome = provisioning.apply(stage.house.cx(), &stage.app, &plan.id, &quiet).await.unwrap();
    assert_eq!(outcome, CycleOutcome::Completed);
    assert_eq!(stage.target.ids(Kind::User).len(), 2);
    let plan = provisioning.plan(stage.house.cx(), &stage.app, true, &quiet).await.unwrap();
    assert!(!plan.changes_anything(), "{plan:?}");
}

#[tokio::test]
async fn who_was_in_scope_through_a_group_that_is_deleted_is_disabled() {
    let stage = Stage::new().await;
    let alice = stage.stranger("alice", json!({})).await;
    let staff = stage.group("Staff", &[&alice]).await;
    stage.start().await;
    stage.cycle().await;
    assert_eq!(stage.link(&alice).await.unwrap().via.as_deref(), Some(staff.as_str()));
    stage.delete(Kind::Group, &staff).await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert!(stage.target.ids(Kind::Group).is_empty());
    let there = stage.target.get_now(Kind::User, &stage.target_id(&alice).await).unwrap();
    assert_eq!(there["active"], false);
}

#[tokio::test]
async fn groups_that_are_not_provisioned_wait_for_nothing() {
    let stage = Stage::new().await;
    let alice = stage.user("alice").await;
    stage.group("Staff", &[&alice]).await;
    stage.remap(Kind::Group, |mapping| mapping.enabled = false).await;
    stage.start().await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!((stage.target.ids(Kind::Group).len(), stage.waiting().await), (0, 0));
    // Switched on, they come.
    stage.remap(Kind::Group, |mapping| mapping.enabled = true).await;
    assert_eq!(stage.cycle().await, CycleOutcome::Completed);
    assert_eq!((stage.target.ids(Kind::Group).len(), stage.waiting().await), (1, 0));
}
