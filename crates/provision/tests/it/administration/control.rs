//! Start, pause, restart, status.

use directory::Clock;
use provision::control::ResetScope;
use provision::cycle_schedule::ScheduleState;
use provision::job::{CycleKind, CycleState, JobState, JobStatus, Phase};
use provision::quarantine::{Counters, Quarantine, QuarantineReason};
use store::{CycleRow, Kind, LinkRow, Pass, WorkRow};

use super::target::Target;
use super::{House, refusal};

#[test]
fn reset_scopes_are_read_as_graph_writes_them() {
    let none = ResetScope::default();
    let table = [
        ("", ResetScope::RESTART),
        (" , ", ResetScope::RESTART),
        ("None", none),
        ("Watermark", ResetScope { watermark: true, ..none }),
        ("Watermark, Escrows,QuarantineState", ResetScope::RESTART),
        ("watermark,ESCROWS", ResetScope { watermark: true, escrows: true, ..none }),
        ("ConnectorDataStore", ResetScope { links: true, ..none }),
        ("Full", ResetScope::FULL),
        ("ForceDeletes", ResetScope { force_deletes: true, ..none }),
        ("ForceDeletes,Full", ResetScope { force_deletes: true, ..ResetScope::FULL }),
        ("Full,ForceDeletes", ResetScope { force_deletes: true, ..ResetScope::FULL }),
    ];
    for (text, expect) in table {
        assert_eq!(ResetScope::parse(text).unwrap(), expect, "{text}");
    }
    for scope in [none, ResetScope::RESTART, ResetScope::FULL, ResetScope::ALLOW_DELETES] {
        assert_eq!(ResetScope::parse(&scope.to_string()).unwrap(), scope, "{scope}");
    }
    let (status, text) = refusal(ResetScope::parse("Watermark,Everything"));
    assert!(
        status == 400 && text.contains("\"Everything\" is unknown") && text.contains("ForceDeletes"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_without_a_connection() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    for refused in [
        refusal(house.provisioning.start(house.cx(), &app).await),
        refusal(house.provisioning.restart(house.cx(), &app, ResetScope::RESTART).await),
    ] {
        assert!(refused.0 == 409 && refused.1.contains("Test Connection"), "{refused:?}");
    }
    // Pausing what is paused is harmless.
    house.provisioning.pause(house.cx(), &app).await.unwrap();
    assert_eq!(house.audit().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn start_and_pause_keep_everything() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.connected("Zava", &target).await;
    let now = house.clock.now();
    let started = house.provisioning.start(house.cx(), &app).await.unwrap();
    assert_eq!(
        (started.schedule, started.next, started.status()),
        (ScheduleState::Active, Some(now), JobStatus::Active)
    );
    let again = house.provisioning.start(house.cx(), &app).await.unwrap();
    assert_eq!(again, started, "a second press is harmless");
    assert_eq!(house.audit().await.iter().filter(|row| row.action == "job.start").count(), 1);
    let seasoned = season(&house, &app, None).await;
    let paused = house.provisioning.pause(house.cx(), &app).await.unwrap();
    assert_eq!(
        (paused.schedule, paused.next, paused.status()),
        (ScheduleState::Paused, None, JobStatus::Paused)
    );
    assert!(paused.epoch > seasoned.epoch, "a running cycle notices");
    assert_eq!((paused.watermark, &paused.state), (Some(41), &seasoned.state));
    assert_eq!(house.audit().await[0].action, "job.pause");
    let resumed = house.provisioning.start(house.cx(), &app).await.unwrap();
    assert_eq!((resumed.watermark, resumed.next), (Some(41), Some(now)));
    assert_eq!(resumed.state, seasoned.state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_outlives_start_and_pause() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.connected("Zava", &target).await;
    let quarantine = Quarantine::begin(QuarantineReason::TooManyDeletes, "600 objects", house.clock.now());
    season(&house, &app, Some(quarantine.clone())).await;
    for _ in 0..2 {
        house.provisioning.pause(house.cx(), &app).await.unwrap();
        let job = house.provisioning.start(house.cx(), &app).await.unwrap();
        assert_eq!((job.status(), job.next), (JobStatus::Quarantine, Some(quarantine.next_attempt)));
    }
}

/// After some cycles, in the middle of one, with a failure held, a link and a quarantine if given.
async fn season(house: &House, app: &str, quarantine: Option<Quarantine>) -> provision::job::Job {
    let (app, now) = (app.to_owned(), house.clock.now());
    let state = JobState {
        cycle: Some(CycleState {
            id: "c-2".into(),
            kind: CycleKind::Initial,
            began: now,
            phase: Phase::Work,
            head: 44,
            counters: Counters { attempts: 30, failures: 2, ..Counters::default() },
            read: 40,
        }),
        quarantine,
        staged: 600,
        last_began: Some(now),
        ..JobState::default()
    };
    let state = serde_json::to_string(&state).unwrap();
    let id = app.clone();
    let tenant = house.store.tenant(&house.tenant);
    let write = tenant.write(move |write| {
        let mut row = write.job(&id)?.unwrap();
        (row.watermark, row.state) = (Some(41), state);
        assert!(write.update_job(&row)?);
        for (n, ended) in [("c-1", Some(now)), ("c-2", None)] {
            let outcome = ended.map(|_| "completed".to_owned());
            let row =
                CycleRow { id: n.into(), kind: "initial".into(), began: now, ended, outcome, message: None };
            write.insert_cycle(&id, &row)?;
            write.count_in_cycle(&id, n, Kind::User, "create", "success")?;
        }
        let escrow = WorkRow {
            pass: Pass::Object,
            kind: Kind::User,
            id: "u-1".into(),
            stamp: 1,
            escrow: Some("{}".into()),
            due: now.checked_add(jiff::SignedDuration::from_hours(1)).unwrap(),
        };
        write.hold_work(&id, &escrow)?;
        write.queue(&id, Pass::Object, Kind::User, "u-2", now)?;
        write.queue(&id, Pass::Departure, Kind::User, "u-3", now)?;
        write.put_link(
            &id,
            &LinkRow {
                source_id: "u-9".into(),
                kind: Kind::User,
                target_id: "t-9".into(),
                name: "kim".into(),
                managed: true,
                disabled: false,
                via: None,
                linked: now,
                updated: now,
            },
        )
    });
    write.await.unwrap();
    house.provisioning.job(&house.tenant, &app).await.unwrap()
}

/// Whatever else a state has, as it is when it is new.
#[tokio::test(flavor = "multi_thread")]
async fn each_reset_forgets_what_it_names() {
    let bad =
        |house: &House| Quarantine::begin(QuarantineReason::TooManyDeletes, "600 objects", house.clock.now());
    // Scope; then: watermark kept, cycle kept, work left, quarantined, links, deletes allowed.
    let none = ResetScope::default();
    let table = [
        (none, (true, true, 3, true, 1, false)),
        (ResetScope { watermark: true, ..none }, (false, false, 3, true, 1, false)),
        (ResetScope { escrows: true, ..none }, (true, true, 2, true, 1, false)),
        (ResetScope { quarantine: true, ..none }, (true, true, 3, false, 1, false)),
        (ResetScope { links: true, ..none }, (true, true, 3, true, 0, false)),
        (ResetScope::RESTART, (false, false, 2, false, 1, false)),
        (ResetScope::FULL, (false, false, 2, false, 0, false)),
        (ResetScope { force_deletes: true, ..none }, (true, true, 3, false, 1, true)),
        (ResetScope::ALLOW_DELETES, (true, true, 3, false, 1, true)),
    ];
    for (scope, expect) in table {
        let house = House::new().await;
        let target = Target::good().await;
        let app = house.connected("Zava", &target).await;
        let before = season(&house, &app, Some(bad(&house))).await;
        let job = house.provisioning.restart(house.cx(), &app, scope).await.unwrap();
        assert!(
            job.epoch > before.epoch && job.schedule == ScheduleState::Active,
            "{scope}: also what was paused"
        );
        let work = house.work(&app, Pass::Object).await.len() + house.work(&app, Pass::Departure).await.len();
        let status = house.provisioning.status(&house.tenant, &app).await.unwrap();
        let quarantined = job.state.quarantine.is_some();
        let found = (
            job.watermark.is_some(),
            job.state.cycle.is_some(),
            work,
            quarantined,
            status.users.total,
            job.state.allow_deletes,
        );
        assert_eq!(found, expect, "{scope}");
        let next = if quarantined { bad(&house).next_attempt } else { house.clock.now() };
        assert_eq!(job.next, Some(next), "{scope}");
        let row = &house.audit().await[0];
        assert_eq!(
            (row.action.as_str(), row.detail["resetScope"].as_str()),
            ("job.restart", Some(scope.to_string().as_str()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_back_an_allowance() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.connected("Zava", &target).await;
    season(&house, &app, None).await;
    let restart = |scope: ResetScope| house.provisioning.restart(house.cx(), &app, scope);
    assert!(restart(ResetScope::ALLOW_DELETES).await.unwrap().state.allow_deletes);
    let job = restart(ResetScope::RESTART).await.unwrap();
    assert!(!job.state.allow_deletes);
    assert_eq!(job.state.staged, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_how_a_job_stands() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.connected("Zava", &target).await;
    let (kim, lee) = (house.user("kim").await, house.user("lee").await);
    let team = house.group("Team", &[&kim, &lee]).await;
    house
        .provisioning
        .assign(house.cx(), &app, vec![(Kind::Group, team), (Kind::User, kim)], "")
        .await
        .unwrap();
    let idle = house.provisioning.status(&house.tenant, &app).await.unwrap();
    assert_eq!((idle.status, idle.progress, idle.cycles.len()), (JobStatus::NotRun, None, 0));
    assert_eq!((idle.assigned_users, idle.assigned_groups, idle.secrets.len()), (1, 1, 1));
    season(&house, &app, None).await;
    house.clock.advance(jiff::SignedDuration::from_secs(10));
    let status = house.provisioning.status(&house.tenant, &app).await.unwrap();
    let progress = status.progress.unwrap();
    // Entitled are two users and a group; more were read.
    assert_eq!((progress.expected, progress.read, progress.done), (40, 40, 30));
    // Two objects of the assignments and two of the cycle; what is held does not wait.
    assert_eq!((progress.waiting, progress.rate), (5, Some(3.0)));
    assert_eq!((status.escrows, status.users.total, status.users.managed, status.groups.total), (1, 1, 1, 0));
    assert!(status.next_escrow.unwrap() > house.clock.now());
    let cycles: Vec<_> =
        status.cycles.iter().map(|c| (c.id.as_str(), c.outcome.as_deref(), c.counts.len())).collect();
    assert_eq!(cycles, [("c-2", None, 1), ("c-1", Some("completed"), 1)]);
    assert_eq!(status.cycles[0].counts[0].action, "create");
    assert_eq!(refusal(house.provisioning.status(&house.tenant, "nope").await).0, 404);
}
