//! A fresh store with two tenants for each test, and shorthands.

use jiff::Timestamp;
use store::{Entry, Error, IndexValue, Kind, Options, Store, TenantId, TenantRow, TenantStore};

pub(crate) const A: &str = "0198a000-0000-7000-8000-00000000000a";
pub(crate) const B: &str = "0198a000-0000-7000-8000-00000000000b";

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).expect("a time")
}

pub(crate) fn tenant_id(text: &str) -> TenantId {
    TenantId::parse(text).expect("a tenant id")
}

pub(crate) async fn add_tenant(store: &Store, id: &str) {
    let row = TenantRow { id: tenant_id(id), name: "T".into(), created: at(0) };
    store.write(move |w| w.insert_tenant(&row)).await.expect("a tenant");
}

/// A fresh database of the backend that the tests run on.
pub(crate) fn options() -> Options {
    cluster::scratch().map_or_else(Options::memory, |url| Options::at(&url).expect("a URL"))
}

pub(crate) async fn fresh() -> (Store, TenantStore) {
    let store = Store::open(options()).expect("a store");
    add_tenant(&store, A).await;
    add_tenant(&store, B).await;
    let tenant = store.tenant(&tenant_id(A));
    (store, tenant)
}

#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) active: bool,
    pub(crate) values: Vec<IndexValue>,
}

impl Thing {
    pub(crate) fn user(id: &str, key: &str) -> Self {
        Self { kind: Kind::User, id: id.into(), key: key.into(), active: true, values: Vec::new() }
    }

    pub(crate) fn group(id: &str, key: &str) -> Self {
        Self { kind: Kind::Group, ..Self::user(id, key) }
    }

    pub(crate) fn with(mut self, path: &'static str, key: &str) -> Self {
        self.values.push(IndexValue { path, key: key.into() });
        self
    }

    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry {
            id: &self.id,
            kind: self.kind,
            unique_key: &self.key,
            name: &self.key,
            active: self.active,
            values: &self.values,
            document: "{}",
            at: at(1),
        }
    }
}

pub(crate) async fn insert(tenant: &TenantStore, thing: Thing) -> Result<(), Error> {
    tenant.write(move |w| w.insert(&thing.entry())).await
}

#[test]
fn tenant_ids_are_canonical_uuids() {
    assert!(TenantId::parse(A).is_some());
    for wrong in [
        "",
        "a",
        &A.to_uppercase(),
        &A.replace('-', ""),
        &format!("{A}0"),
        "0198a000-0000-7000-8000-00000000000g",
        "0198a000_0000-7000-8000-00000000000a",
    ] {
        assert!(TenantId::parse(wrong).is_none(), "{wrong}");
    }
}

#[tokio::test]
async fn a_deleted_tenant_leaves_nothing() {
    let (store, tenant) = fresh().await;
    let other = store.tenant(&tenant_id(B));
    let before = {
        insert(&other, Thing::user("u", "k")).await.expect("inserted");
        store.dump().await.expect("a dump")
    };
    insert(&tenant, Thing::user("u", "k").with("externalId", "x")).await.expect("inserted");
    tenant
        .write(|w| {
            w.add_members("g", &[("u".into(), Some(Kind::User))])?;
            w.append_change(Kind::User, "u", store::ChangeKind::Created, at(1))?;
            w.append_audit(crate::audit::entry("user.create"))
        })
        .await
        .expect("written");
    assert!(store.write(|w| w.delete_tenant(&tenant_id(A))).await.expect("deleted"));
    assert_eq!(tenant.read(|r| r.count(Kind::User)).await, Err(Error::NoTenant));
    // One row a step, so that the order of steps does not matter either.
    let mut steps = 0;
    while store.write(|w| w.sweep(1)).await.expect("swept") > 0 {
        steps += 1;
    }
    assert_eq!(steps, 7, "user, index value, membership, counter, head, change, audit");
    let gone = before.lines().filter(|l| !l.contains(A) && !l.starts_with("head\t1\t")).collect::<Vec<_>>();
    let after = store.dump().await.expect("a dump");
    assert_eq!(after.lines().collect::<Vec<_>>(), gone);
}

#[tokio::test]
async fn settings_have_defaults_and_are_kept() {
    let (_store, tenant) = fresh().await;
    let mut settings = tenant.read(|r| r.settings()).await.expect("settings");
    assert_eq!(settings, store::Settings::default());
    settings.rate_limit = Some(7);
    let changed = settings.clone();
    tenant.write(move |w| w.set_settings(&changed)).await.expect("set");
    assert_eq!(tenant.read(|r| r.settings()).await.expect("settings"), settings);
}
