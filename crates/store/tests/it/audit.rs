//! The audit's chain, the change log, the request log.

use serde_json::json;
use store::audit::{GENESIS, hash_row};
use store::{
    AuditEntry, AuditQuery, ChangeKind, Exchange, ExchangeQuery, Kind, Options, StatusClass, Store,
    TenantStore,
};

use crate::store::{A, B, add_tenant, at, fresh, tenant_id};

pub(crate) fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        at: at(1_234),
        actor: "key:1 Entra".into(),
        action: action.into(),
        resource: Some((Kind::User, "u1".into())),
        name: Some("Nadia".into()),
        detail: json!({ "changes": [{ "path": "title", "before": null, "after": "Dr" }] }),
        request_id: "r".into(),
        address: None,
    }
}

/// The number of the first row that does not follow from the one before.
async fn broken(tenant: &TenantStore) -> Option<u64> {
    let rows = tenant.read(|r| r.audit_after(0, 1000)).await.expect("rows");
    let (last, head) = tenant.read(|r| r.audit_head()).await.expect("a head");
    let mut previous = GENESIS;
    for (row, number) in rows.iter().zip(1..) {
        if row.number != number || hash_row(&previous, row) != row.hash {
            return Some(number);
        }
        previous = row.hash;
    }
    (last != rows.len() as u64 || head != previous).then_some(last)
}

#[tokio::test]
async fn the_chain_holds_until_a_row_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    let store = Store::open(Options::file(&file)).expect("a store");
    add_tenant(&store, A).await;
    let tenant = store.tenant(&tenant_id(A));
    for action in ["user.create", "user.update", "user.delete"] {
        tenant.write(move |w| w.append_audit(entry(action))).await.expect("appended");
    }
    assert_eq!(broken(&tenant).await, None);
    let raw = rusqlite::Connection::open(&file).expect("a connection");
    for refused in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let error = raw.execute(refused, []).expect_err("the trigger refuses");
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    raw.execute_batch("DROP TRIGGER audit_is_not_rewritten; DROP TRIGGER audit_is_not_shortened;")
        .expect("dropped");
    for (number, tampering) in [
        (2, "UPDATE audit SET actor = 'nobody' WHERE number % 1099511627776 = 2"),
        (1, "UPDATE audit SET detail = '{}' WHERE number % 1099511627776 = 1"),
        (3, "DELETE FROM audit WHERE number % 1099511627776 = 3"),
    ] {
        raw.execute(tampering, []).expect("tampered");
        assert_eq!(broken(&tenant).await, Some(number), "{tampering}");
        if number != 3 {
            let fix = if number == 2 {
                "UPDATE audit SET actor = 'key:1 Entra' WHERE number % 1099511627776 = 2".to_owned()
            } else {
                format!("UPDATE audit SET detail = '{}' WHERE number % 1099511627776 = 1", entry("x").detail)
            };
            raw.execute(&fix, []).expect("mended");
            assert_eq!(broken(&tenant).await, None);
        }
    }
}

#[tokio::test]
async fn audit_rows_are_found_by_resource_action_and_text() {
    let (store, tenant) = fresh().await;
    for action in ["user.create", "user.update", "key.create"] {
        tenant.write(move |w| w.append_audit(entry(action))).await.expect("appended");
    }
    let count = async |query: AuditQuery| tenant.read(|r| r.audit(&query)).await.expect("rows").len();
    let query = AuditQuery { limit: 10, ..AuditQuery::default() };
    assert_eq!(count(query.clone()).await, 3);
    assert_eq!(count(AuditQuery { action: Some("user.".into()), ..query.clone() }).await, 2);
    assert_eq!(count(AuditQuery { text: Some("entra".into()), ..query.clone() }).await, 3);
    assert_eq!(count(AuditQuery { before: Some(2), ..query.clone() }).await, 1);
    assert_eq!(count(AuditQuery { resource: Some((Kind::User, "u1".into())), ..query.clone() }).await, 3);
    assert_eq!(count(AuditQuery { resource: Some((Kind::Group, "u1".into())), ..query.clone() }).await, 0);
    let other = store.tenant(&tenant_id(B));
    assert!(other.read(|r| r.audit(&query)).await.expect("rows").is_empty());
}

#[tokio::test]
async fn changes_are_numbered_in_order_and_apart_by_tenant() {
    let (store, tenant) = fresh().await;
    let other = store.tenant(&tenant_id(B));
    for number in 1..=3 {
        let given = tenant.write(|w| w.append_change(Kind::User, "u", ChangeKind::Updated, at(1))).await;
        assert_eq!(given, Ok(number));
    }
    assert_eq!(other.write(|w| w.append_change(Kind::Group, "g", ChangeKind::Created, at(1))).await, Ok(1));
    let seen: Vec<u64> =
        tenant.read(|r| r.changes(1, 10)).await.expect("changes").iter().map(|c| c.number).collect();
    assert_eq!(seen, [2, 3]);
}

fn exchange(status: u16, quirks: &[&str]) -> Exchange {
    Exchange {
        at: at(10),
        request_id: "r".into(),
        method: "PATCH".into(),
        path: "/Users/u1".into(),
        status,
        duration_us: 5,
        key_id: Some("k".into()),
        key_name: None,
        address: None,
        user_agent: None,
        resource_id: Some("u1".into()),
        quirks: quirks.iter().map(|q| (*q).to_owned()).collect(),
        scim_type: None,
        detail: None,
        request_body: Some("{}".into()),
        response_body: None,
    }
}

#[tokio::test]
async fn exchanges_are_found_and_purged() {
    let (_store, tenant) = fresh().await;
    for (status, quirks) in [(200, &["op-case", "dotted-keys"][..]), (400, &[]), (500, &[])] {
        let exchange = exchange(status, quirks);
        tenant.write(move |w| w.append_exchange(&exchange)).await.expect("appended");
    }
    let count = async |query: ExchangeQuery| tenant.read(|r| r.exchanges(&query)).await.expect("rows").len();
    let query = ExchangeQuery { limit: 10, ..ExchangeQuery::default() };
    assert_eq!(count(query.clone()).await, 3);
    assert_eq!(count(ExchangeQuery { status: Some(StatusClass::Refused), ..query.clone() }).await, 1);
    assert_eq!(count(ExchangeQuery { quirk: Some("op-case".into()), ..query.clone() }).await, 1);
    assert_eq!(count(ExchangeQuery { quirk: Some("op".into()), ..query.clone() }).await, 0);
    assert_eq!(count(ExchangeQuery { text: Some("users/u1".into()), ..query.clone() }).await, 3);
    let first = tenant.read(|r| r.exchange(1)).await.expect("a read").expect("the first");
    assert_eq!(first.exchange, exchange(200, &["op-case", "dotted-keys"]));
    assert_eq!(tenant.write(|w| w.purge_exchanges(at(10))).await, Ok(0));
    assert_eq!(tenant.write(|w| w.purge_exchanges(at(11))).await, Ok(3));
}

/// Searches ignore case in every script: in the audit's names here, as everywhere that `contains` is used.
#[tokio::test]
async fn the_audit_is_searched_whatever_the_case() {
    let (_store, tenant) = fresh().await;
    let row = AuditEntry { name: Some("Maria Ángel 100%".into()), ..entry("user.create") };
    tenant.write(|w| w.append_audit(row)).await.expect("written");
    for (text, found) in [("ÁNGEL", 1), ("ángel", 1), ("100%", 1), ("1%0", 0), ("angel", 0)] {
        let query = AuditQuery { text: Some(text.into()), limit: 9, ..AuditQuery::default() };
        let rows = tenant.read(move |r| r.audit(&query)).await.expect("a search");
        assert_eq!(rows.len(), found, "{text}");
    }
}
