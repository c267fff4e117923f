//! The provisioning log: numbered for each tenant, found by anything, let go by age.

use store::{LogEntry, LogQuery, TenantStore};

use super::{APP, OTHER};
use crate::store::{B, at, fresh, tenant_id};

fn entry(name: &str, ms: i64) -> LogEntry {
    LogEntry {
        application: APP.into(),
        cycle: Some("c1".into()),
        at: at(ms),
        duration_us: 12,
        kind: store::Kind::User,
        action: "create".into(),
        status: "success".into(),
        source_id: format!("id-{name}"),
        source_name: name.into(),
        target_id: None,
        code: None,
        summary: "created".into(),
        actor: "system".into(),
        document: "{}".into(),
    }
}

async fn append(tenant: &TenantStore, entry: LogEntry) -> u64 {
    tenant.write(move |w| w.append_provisioning_log(&entry)).await.expect("appended")
}

async fn names(tenant: &TenantStore, query: LogQuery) -> Vec<String> {
    let query = LogQuery { limit: if query.limit == 0 { 100 } else { query.limit }, ..query };
    let rows = tenant.read(|r| r.provisioning_log(&query)).await.expect("rows");
    rows.into_iter().map(|row| row.entry.source_name).collect()
}

#[tokio::test]
async fn entries_are_found_by_anything() {
    let (store, tenant) = fresh().await;
    append(&tenant, entry("kim", 10)).await;
    append(
        &tenant,
        LogEntry {
            action: "update".into(),
            status: "failure".into(),
            code: Some("EntryConflict".into()),
            ..entry("lee", 20)
        },
    )
    .await;
    append(
        &tenant,
        LogEntry {
            application: OTHER.into(),
            cycle: None,
            target_id: Some("t-9".into()),
            ..entry("mo_", 30)
        },
    )
    .await;
    let all = LogQuery::default;
    let some = |text: &str| Some(text.to_owned());
    for (query, expect) in [
        (all(), vec!["mo_", "lee", "kim"]),
        (LogQuery { limit: 2, ..all() }, vec!["mo_", "lee"]),
        (LogQuery { before: Some(3), ..all() }, vec!["lee", "kim"]),
        (LogQuery { before: Some(u64::MAX), ..all() }, vec!["mo_", "lee", "kim"]),
        (LogQuery { application: some(APP), ..all() }, vec!["lee", "kim"]),
        (LogQuery { cycle: some("c1"), action: some("update"), ..all() }, vec!["lee"]),
        (LogQuery { status: some("success"), ..all() }, vec!["mo_", "kim"]),
        (LogQuery { source_id: some("id-kim"), ..all() }, vec!["kim"]),
        (LogQuery { since: Some(at(20)), until: Some(at(30)), ..all() }, vec!["lee"]),
        (LogQuery { text: some("conflict"), ..all() }, vec!["lee"]),
        (LogQuery { text: some("T-9"), ..all() }, vec!["mo_"]),
        (LogQuery { text: some("o_"), ..all() }, vec!["mo_"]),
        (LogQuery { text: some("%"), ..all() }, vec![]),
    ] {
        assert_eq!(names(&tenant, query.clone()).await, expect, "{query:?}");
    }
    // Each tenant counts its own, and sees nobody else's.
    let other = store.tenant(&tenant_id(B));
    assert_eq!(append(&other, entry("zoe", 10)).await, 1);
    assert_eq!(names(&other, all()).await, ["zoe"]);
    assert_eq!(append(&tenant, entry("pat", 40)).await, 4);
    let found = tenant.read(|r| r.provisioning_log_entry(2)).await.expect("read").expect("an entry");
    assert_eq!((found.number, found.entry.source_name.as_str()), (2, "lee"));
    for nobody in [0, 9, 1 << 41, u64::MAX] {
        assert_eq!(other.read(|r| r.provisioning_log_entry(nobody)).await, Ok(None), "{nobody}");
    }
}

#[tokio::test]
async fn entries_go_by_age_in_steps() {
    let (store, tenant) = fresh().await;
    let other = store.tenant(&tenant_id(B));
    append(&other, entry("theirs", 1)).await;
    tenant
        .write(|w| (0..1_500).try_for_each(|n| w.append_provisioning_log(&entry("old", n)).map(drop)))
        .await
        .expect("appended");
    append(&tenant, entry("new", 9_000)).await;
    let purge = || tenant.write(|w| w.purge_provisioning_log(at(5_000)));
    assert_eq!((purge().await, purge().await, purge().await), (Ok(1_000), Ok(500), Ok(0)));
    assert_eq!(names(&tenant, LogQuery::default()).await, ["new"]);
    assert_eq!(names(&other, LogQuery::default()).await, ["theirs"]);
    // Numbers are never used again.
    assert_eq!(append(&tenant, entry("next", 9_001)).await, 1_502);
}
