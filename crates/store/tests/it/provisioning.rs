//! What a provisioning job rests on: its list of work, its lease, its links, its log, and that nothing of it stays behind.

mod job;
mod leftover;
mod link;
mod log;
mod work;

use store::{JobRow, Kind, LinkRow, TenantStore};

use crate::store::at;

const APP: &str = "app-1";
const OTHER: &str = "app-2";

fn job(application: &str) -> JobRow {
    JobRow {
        application: application.into(),
        id: format!("scim.{application}"),
        config: "{}".into(),
        rules: "{}".into(),
        epoch: 1,
        schedule: "Active".into(),
        watermark: None,
        state: "{}".into(),
        next: None,
        listening: false,
        fence: 0,
        lease_owner: None,
        lease_until: None,
    }
}

fn link(id: &str) -> LinkRow {
    LinkRow {
        source_id: id.into(),
        kind: Kind::User,
        target_id: format!("t-{id}"),
        name: id.into(),
        managed: true,
        disabled: false,
        via: None,
        linked: at(1),
        updated: at(1),
    }
}

async fn put_link(tenant: &TenantStore, row: LinkRow) {
    tenant.write(move |w| w.put_link(APP, &row)).await.expect("linked");
}
