//! Jobs: when they are due, who has them, and who may write of them.

use store::{CycleRow, JobProgress, Kind, PlanEntryRow, PlanRow, TenantStore};

use super::{APP, OTHER, job};
use crate::store::{A, B, at, fresh, tenant_id};

async fn insert_job(tenant: &TenantStore, application: &str, next: Option<i64>, listening: Option<u64>) {
    let row = store::JobRow {
        next: next.map(at),
        listening: listening.is_some(),
        watermark: listening,
        ..job(application)
    };
    tenant.write(move |w| w.insert_job(&row)).await.expect("inserted");
}

async fn due(store: &store::Store, now: i64) -> Vec<(String, String)> {
    let jobs = store.read(|r| r.due_jobs(at(now), 10)).await.expect("jobs");
    jobs.into_iter().map(|job| (job.tenant.to_string(), job.application)).collect()
}

fn named(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(tenant, application)| ((*tenant).to_owned(), (*application).to_owned())).collect()
}

#[tokio::test]
async fn jobs_are_due_by_time_or_by_a_change_of_their_directory() {
    let (store, tenant) = fresh().await;
    let other = store.tenant(&tenant_id(B));
    insert_job(&tenant, APP, Some(20), None).await;
    insert_job(&other, APP, Some(10), None).await;
    insert_job(&other, "listens", None, Some(0)).await;
    insert_job(&other, "asleep", None, None).await;
    assert_eq!(due(&store, 9).await, named(&[]));
    assert_eq!(due(&store, 10).await, named(&[(B, APP)]));
    assert_eq!(due(&store, 30).await, named(&[(B, APP), (A, APP)]));
    // A change of the directory wakes who listens there, and nobody else.
    tenant
        .write(|w| w.append_change(Kind::User, "u", store::ChangeKind::Created, at(1)))
        .await
        .expect("changed");
    assert_eq!(due(&store, 9).await, named(&[]));
    other
        .write(|w| w.append_change(Kind::User, "u", store::ChangeKind::Created, at(1)))
        .await
        .expect("changed");
    assert_eq!(due(&store, 9).await, named(&[(B, "listens")]));
    assert_eq!(store.read(|r| r.due_jobs(at(99), 1)).await.expect("jobs").len(), 1);
    // Woken without a change: only who listens.
    for application in [APP, "listens", "asleep"] {
        other.write(move |w| w.wake_job(application, at(5))).await.expect("woken");
    }
    let next = |application: &'static str| {
        let other = other.clone();
        async move { other.read(|r| r.job(application)).await.expect("read").expect("a job").next }
    };
    assert_eq!(
        (next(APP).await, next("listens").await, next("asleep").await),
        (Some(at(10)), Some(at(5)), None)
    );
    // A deleted tenant's jobs are nobody's.
    assert!(store.write(|w| w.delete_tenant(&tenant_id(B))).await.expect("deleted"));
    assert_eq!(due(&store, 30).await, named(&[(A, APP)]));
}

#[tokio::test]
async fn one_has_it_until_the_lease_ends() {
    let (store, tenant) = fresh().await;
    insert_job(&tenant, APP, Some(1), None).await;
    insert_job(&tenant, OTHER, None, None).await;
    let claim = |owner: &'static str, now: i64, until: i64| {
        tenant.write(move |w| w.claim_job(APP, owner, at(now), at(until)))
    };
    let first = claim("one", 10, 70).await.expect("claimed").expect("free");
    assert_eq!(
        (first.fence, first.lease_owner.as_deref(), first.lease_until),
        (1, Some("one"), Some(at(70)))
    );
    assert_eq!(claim("two", 69, 99).await, Ok(None));
    assert_eq!(due(&store, 69).await, named(&[]));
    assert_eq!(tenant.write(|w| w.renew_lease(APP, 1, at(40), at(90))).await, Ok(true));
    assert_eq!(claim("two", 70, 99).await, Ok(None), "renewed");
    // Whoever does not renew loses it; the fence tells.
    assert_eq!(due(&store, 90).await, named(&[(A, APP)]));
    let second = claim("two", 90, 150).await.expect("claimed").expect("free again");
    assert_eq!(second.fence, 2);
    assert_eq!(tenant.write(|w| w.renew_lease(APP, 1, at(900), at(999))).await, Ok(false));
    assert_eq!(tenant.write(|w| w.release_job(APP, 1)).await, Ok(false));
    assert_eq!(tenant.read(|r| r.job(APP)).await.expect("read").expect("a job").lease_until, Some(at(150)));
    assert_eq!(tenant.write(|w| w.release_job(APP, 2)).await, Ok(true));
    assert_eq!(claim("one", 91, 99).await.expect("claimed").expect("free").fence, 3);
    assert_eq!(tenant.write(|w| w.claim_job("nope", "one", at(1), at(2))).await, Ok(None));
    assert_eq!(tenant.read(|r| r.job_standing(APP)).await, Ok(Some((3, 1))));
    assert_eq!(tenant.read(|r| r.job(OTHER)).await.expect("read").expect("a job").fence, 0);
}

#[tokio::test]
async fn the_engine_writes_only_of_what_it_has_and_nobody_changed() {
    let (_store, tenant) = fresh().await;
    insert_job(&tenant, APP, Some(1), None).await;
    tenant.write(|w| w.claim_job(APP, "one", at(1), at(60))).await.expect("claimed");
    let progress = |watermark: u64| JobProgress {
        schedule: "Active".into(),
        watermark: Some(watermark),
        state: format!("{{\"n\":{watermark}}}"),
        next: Some(at(40)),
        listening: true,
    };
    let advance = |fence: u64, epoch: u64, watermark: u64| {
        let progress = progress(watermark);
        tenant.write(move |w| w.advance_job(APP, fence, epoch, &progress))
    };
    assert_eq!(advance(1, 1, 5).await, Ok(true));
    assert_eq!(advance(2, 1, 6).await, Ok(false), "somebody else's fence");
    let row = tenant.read(|r| r.job(APP)).await.expect("read").expect("a job");
    assert_eq!(
        (row.watermark, row.state.as_str(), row.next, row.listening),
        (Some(5), "{\"n\":5}", Some(at(40)), true)
    );
    assert_eq!((row.fence, row.lease_owner.as_deref()), (1, Some("one")), "not a matter of progress");
    // An administrator acts: the epoch grows, the lease stays.
    let paused = store::JobRow { schedule: "Paused".into(), next: None, ..row.clone() };
    let update = |row: store::JobRow| tenant.write(move |w| w.update_job(&row));
    assert_eq!(update(paused.clone()).await, Ok(true));
    assert_eq!(update(paused).await, Ok(false), "the epoch is another one now");
    assert_eq!(advance(1, 1, 7).await, Ok(false), "the administrator's word counts");
    let row = tenant.read(|r| r.job(APP)).await.expect("read").expect("a job");
    assert_eq!((row.epoch, row.schedule.as_str(), row.watermark, row.fence), (2, "Paused", Some(5), 1));
    assert_eq!(advance(1, 2, 8).await, Ok(true));
}

#[tokio::test]
async fn cycles_count_and_the_newest_are_kept() {
    let (_store, tenant) = fresh().await;
    let cycle = |id: &str| CycleRow {
        id: id.into(),
        kind: "initial".into(),
        began: at(1),
        ended: None,
        outcome: None,
        message: None,
    };
    for id in ["c1", "c2", "c3"] {
        let row = cycle(id);
        tenant
            .write(move |w| {
                w.insert_cycle(APP, &row)?;
                w.count_in_cycle(APP, &row.id, Kind::User, "create", "success")?;
                w.count_in_cycle(APP, &row.id, Kind::User, "create", "success")?;
                w.count_in_cycle(APP, &row.id, Kind::User, "create", "failure")
            })
            .await
            .expect("written");
    }
    let counts = tenant.read(|r| r.cycle_counts(APP, "c2")).await.expect("counts");
    let mut counts: Vec<_> = counts.into_iter().map(|count| (count.status, count.n)).collect();
    counts.sort();
    assert_eq!(counts, [("failure".to_owned(), 1), ("success".to_owned(), 2)]);
    tenant.write(|w| w.end_cycle(APP, "c3", at(9), "completed", Some("well"))).await.expect("ended");
    let newest = tenant.read(|r| r.cycle(APP, "c3")).await.expect("read").expect("a cycle");
    assert_eq!((newest.ended, newest.outcome.as_deref()), (Some(at(9)), Some("completed")));
    tenant.write(|w| w.prune_cycles(APP, 2)).await.expect("pruned");
    let kept = tenant.read(|r| r.cycles(APP, 9)).await.expect("cycles");
    assert_eq!(kept.iter().map(|cycle| cycle.id.as_str()).collect::<Vec<_>>(), ["c3", "c2"]);
    assert!(tenant.read(|r| r.cycle_counts(APP, "c1")).await.expect("counts").is_empty());
    tenant.write(|w| w.prune_cycles(APP, 2)).await.expect("pruning again is harmless");
    assert_eq!(tenant.read(|r| r.cycles(APP, 9)).await.expect("cycles").len(), 2);
}

#[tokio::test]
async fn a_plan_is_kept_with_its_entries_until_it_is_made_anew() {
    let (_store, tenant) = fresh().await;
    let plan =
        |made: i64| PlanRow { id: "h1".into(), made: at(made), made_by: "kim".into(), document: "{}".into() };
    let entries: Vec<_> = (1..=5)
        .map(|ordinal| PlanEntryRow {
            ordinal,
            action: if ordinal % 2 == 0 { "update" } else { "create" }.into(),
            document: "{}".into(),
        })
        .collect();
    for made in [1, 2] {
        let (row, entries) = (plan(made), entries.clone());
        tenant
            .write(move |w| {
                w.put_plan(APP, &row)?;
                w.append_plan_entries(APP, "h1", &entries)
            })
            .await
            .expect("written");
    }
    assert_eq!(tenant.read(|r| r.plans(APP, 9)).await.expect("plans"), [plan(2)]);
    assert_eq!(tenant.read(|r| r.plan(APP, "h1")).await, Ok(Some(plan(2))));
    assert_eq!(tenant.read(|r| r.plan(OTHER, "h1")).await, Ok(None));
    let ordinals = |action: Option<&'static str>, after: u64, limit: usize| {
        let tenant = tenant.clone();
        async move {
            let rows =
                tenant.read(|r| r.plan_entries(APP, "h1", action, after, limit)).await.expect("entries");
            rows.into_iter().map(|row| row.ordinal).collect::<Vec<_>>()
        }
    };
    assert_eq!(ordinals(None, 0, 9).await, [1, 2, 3, 4, 5]);
    assert_eq!(ordinals(Some("create"), 1, 9).await, [3, 5]);
    assert_eq!(ordinals(None, 2, 2).await, [3, 4]);
    tenant.write(|w| w.delete_plan(APP, "h1")).await.expect("deleted");
    assert!(ordinals(None, 0, 9).await.is_empty());
}
