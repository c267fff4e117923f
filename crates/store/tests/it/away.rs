//! PostgreSQL that was away: what was opened before it went is not used after it came back.

use cluster::Cluster;
use store::{Error, Options, Store};

use crate::store::{A, add_tenant, tenant_id};

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_go_on_when_the_server_is_back() {
    let cluster =
        Cluster::start(cluster::Options { fsync: false, ..cluster::Options::default() }).expect("a cluster");
    let url = cluster.database().expect("a database");
    let store = Store::open(Options::at(&url).expect("a URL")).expect("a store");
    add_tenant(&store, A).await;
    let tenant = store.tenant(&tenant_id(A));
    for round in 0..3 {
        tenant.read(|r| r.stats()).await.expect("a read");
        tenant.scan(|r| r.stats()).await.expect("a scan");
        cluster.kill_server().expect("killed");
        let away = tenant.read(|r| r.stats()).await;
        assert!(matches!(away, Err(Error::Away(_))), "round {round}: {away:?}");
        cluster.start_again().expect("started");
        tenant.read(|r| r.stats()).await.unwrap_or_else(|error| panic!("round {round}: a read: {error}"));
        tenant.scan(|r| r.stats()).await.unwrap_or_else(|error| panic!("round {round}: a scan: {error}"));
        tenant
            .write(|w| w.rename("T"))
            .await
            .unwrap_or_else(|error| panic!("round {round}: a write: {error}"));
    }
}
