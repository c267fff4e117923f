//! API keys, operators, sessions.

use store::{Conflict, Error, KeyRow, OperatorRow, RoleRow, SessionRow};

use crate::store::{A, B, at, fresh, tenant_id};

fn key(id: &str) -> KeyRow {
    KeyRow {
        id: id.into(),
        name: "Entra".into(),
        scopes: vec!["SCIM2".into()],
        digests: vec![(vec![1; 32], None)],
        created: at(1),
        created_by: "cli".into(),
        expires: Some(at(100)),
        revoked: None,
        last_used: None,
        last_address: None,
    }
}

#[tokio::test]
async fn keys_belong_to_their_tenant() {
    let (store, tenant) = fresh().await;
    tenant.write(|w| w.insert_key(&key("k1"))).await.expect("inserted");
    let other = store.tenant(&tenant_id(B));
    assert_eq!(other.write(|w| w.insert_key(&key("k1"))).await, Err(Error::Conflict(Conflict::Id)));
    let (owner, found, _) = store.read(|r| r.key("k1")).await.expect("a read").expect("a key");
    assert_eq!((owner, found), (tenant_id(A), key("k1")));
    assert_eq!(other.write(|w| w.revoke_key("k1", at(2))).await, Ok(false));
    assert_eq!(other.write(|w| w.set_key_digests("k1", &[(vec![9], None)])).await, Ok(false));
    let two = [(vec![1; 32], Some(at(50))), (vec![2; 32], None)];
    let stored = two.to_vec();
    assert_eq!(tenant.write(move |w| w.set_key_digests("k1", &two)).await, Ok(true));
    assert_eq!(tenant.read(|r| r.key("k1")).await.expect("a read").expect("a key").digests, stored);
    tenant.write(|w| w.touch_keys(&[("k1".into(), at(9), Some("::1".into()))])).await.expect("touched");
    assert_eq!(tenant.write(|w| w.revoke_key("k1", at(10))).await, Ok(true));
    let (_, found, _) = store.read(|r| r.key("k1")).await.expect("a read").expect("a key");
    assert_eq!((found.last_used, found.revoked), (Some(at(9)), Some(at(10))));
    assert!(!format!("{found:?}").contains('1') || !format!("{found:?}").contains("digest"));
}

#[tokio::test]
async fn operators_roles_and_sessions() {
    let (store, _tenant) = fresh().await;
    let operator = OperatorRow {
        id: "o1".into(),
        name: "Ada".into(),
        name_key: "ada".into(),
        password_hash: "h".into(),
        created: at(1),
        disabled: None,
    };
    let twin = OperatorRow { id: "o2".into(), ..operator.clone() };
    store.write(move |w| w.insert_operator(&operator)).await.expect("inserted");
    assert_eq!(store.write(move |w| w.insert_operator(&twin)).await, Err(Error::Conflict(Conflict::Name)));
    let roles = [
        RoleRow { role: "Reader".into(), tenant: None },
        RoleRow { role: "Reader".into(), tenant: Some(tenant_id(A)) },
    ];
    for role in roles.clone() {
        store.write(move |w| w.grant_role("o1", &role)).await.expect("granted");
    }
    assert_eq!(store.read(|r| r.roles_of("o1")).await.expect("roles"), roles);
    let session = SessionRow {
        digest: vec![3; 32],
        operator: "o1".into(),
        tenant: None,
        created: at(1),
        signed_in: at(1),
        last_seen: at(1),
        address: None,
        user_agent: None,
    };
    let inserted = session.clone();
    store.write(move |w| w.insert_session(&inserted)).await.expect("inserted");
    assert_eq!(store.read(|r| r.session(&[3; 32])).await, Ok(Some(session)));
    store.write(|w| w.select_tenant(&[3; 32], Some(&tenant_id(A)))).await.expect("selected");
    assert_eq!(store.write(|w| w.purge_sessions(at(0), at(2))).await, Ok(1));
    assert_eq!(store.read(|r| r.session(&[3; 32])).await, Ok(None));
}

#[tokio::test]
async fn a_role_in_something_that_is_no_tenant_is_no_role() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    let store = store::Store::open(store::Options::file(&file)).expect("a store");
    let raw = rusqlite::Connection::open(&file).expect("a connection");
    let sql = "INSERT INTO operator_role (operator, role, tenant) VALUES ('o', 'Reader', ''), ('o', 'Reader', 'deleted')";
    raw.execute_batch(sql).expect("inserted");
    let roles = store.read(|r| r.roles_of("o")).await.expect("roles");
    assert_eq!(roles, [store::RoleRow { role: "Reader".into(), tenant: None }]);
}
