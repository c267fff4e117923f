//! Nothing of an application, or of a tenant, stays behind.

use store::{
    ApplicationRow, AssignmentRow, Conflict, CycleRow, Error, IntentRow, Kind, LogEntry, Pass, PlanEntryRow,
    PlanRow, Store, TenantStore,
};

use super::{APP, OTHER, job, link};
use crate::store::{A, B, at, fresh, tenant_id};

/// A row in each table.
async fn furnish(tenant: &TenantStore, application: &str) {
    let application = application.to_owned();
    let write = move |w: &store::TenantWrite<'_>| {
        let app = application.as_str();
        w.insert_application(&ApplicationRow {
            id: app.into(),
            name: app.into(),
            name_key: app.into(),
            created: at(1),
            document: "{}".into(),
        })?;
        w.insert_job(&job(app))?;
        w.set_application_secret(app, "SecretToken", b"sealed", at(1))?;
        w.assign(app, &AssignmentRow { kind: Kind::User, id: "u1".into(), role: String::new(), at: at(1) })?;
        w.queue(app, Pass::Object, Kind::User, "u1", at(1))?;
        w.put_link(app, &link("u1"))?;
        w.put_sent_members(app, "g1", &["u1".to_owned()])?;
        w.await_link(app, "boss", "u1")?;
        w.put_intent(
            app,
            &IntentRow { id: "u2".into(), kind: Kind::User, at: at(1), document: "{}".into() },
        )?;
        w.insert_cycle(
            app,
            &CycleRow {
                id: "c1".into(),
                kind: "initial".into(),
                began: at(1),
                ended: None,
                outcome: None,
                message: None,
            },
        )?;
        w.count_in_cycle(app, "c1", Kind::User, "create", "success")?;
        w.put_plan(
            app,
            &PlanRow { id: "h".into(), made: at(1), made_by: "kim".into(), document: "{}".into() },
        )?;
        w.append_plan_entries(
            app,
            "h",
            &[PlanEntryRow { ordinal: 1, action: "create".into(), document: "{}".into() }],
        )?;
        w.append_provisioning_log(&LogEntry {
            application: app.into(),
            cycle: None,
            at: at(1),
            duration_us: 1,
            kind: Kind::User,
            action: "create".into(),
            status: "success".into(),
            source_id: "u1".into(),
            source_name: "kim".into(),
            target_id: None,
            code: None,
            summary: String::new(),
            actor: "system".into(),
            document: "{}".into(),
        })
    };
    tenant.write(write).await.expect("furnished");
}

/// Tables that have a row, by name, with how many.
async fn tables(store: &Store) -> Vec<(String, usize)> {
    let mut tables: Vec<(String, usize)> = Vec::new();
    for line in store.dump().await.expect("a dump").lines() {
        let name = line.split([' ', '\t', '|', ':']).next().unwrap_or_default().to_owned();
        match tables.last_mut() {
            Some((last, n)) if *last == name => *n += 1,
            _ => tables.push((name, 1)),
        }
    }
    tables
}

#[tokio::test]
async fn a_deleted_application_leaves_its_log() {
    let (store, tenant) = fresh().await;
    furnish(&tenant, OTHER).await;
    let before = tables(&store).await;
    furnish(&tenant, APP).await;
    let both = tables(&store).await;
    // Every table of an application, its log among them.
    assert_eq!(both.iter().zip(&before).filter(|(now, then)| now.1 > then.1).count(), 15, "{both:?}");
    assert_eq!(tenant.write(|w| w.delete_application(APP)).await, Ok(true));
    let after = tables(&store).await;
    let more: Vec<_> =
        after.iter().zip(&before).filter(|(now, then)| now != then).map(|(now, _)| now.0.as_str()).collect();
    assert_eq!(more, ["provisioning_log"]);
    assert_eq!(tenant.write(|w| w.delete_application(APP)).await, Ok(false));
    assert!(tenant.read(|r| r.application(OTHER)).await.expect("read").is_some());
}

#[tokio::test]
async fn a_deleted_tenant_leaves_nothing_of_its_applications() {
    let (store, tenant) = fresh().await;
    furnish(&store.tenant(&tenant_id(B)), APP).await;
    assert!(store.write(|w| w.delete_tenant(&tenant_id(A))).await.expect("deleted"));
    while store.write(|w| w.sweep(1)).await.expect("swept") > 0 {}
    let without = store.dump().await.expect("a dump");
    crate::store::add_tenant(&store, A).await;
    furnish(&tenant, APP).await;
    furnish(&tenant, OTHER).await;
    assert_ne!(store.dump().await.expect("a dump"), without);
    assert!(store.write(|w| w.delete_tenant(&tenant_id(A))).await.expect("deleted"));
    while store.write(|w| w.sweep(3)).await.expect("swept") > 0 {}
    assert_eq!(store.dump().await.expect("a dump"), without);
}

#[tokio::test]
async fn applications_are_named_once_in_a_tenant_and_keep_their_secrets() {
    let (store, tenant) = fresh().await;
    let row = |id: &str, key: &str| ApplicationRow {
        id: id.into(),
        name: key.into(),
        name_key: key.into(),
        created: at(1),
        document: "{}".into(),
    };
    let insert = |tenant: &TenantStore, row: ApplicationRow| {
        let tenant = tenant.clone();
        async move { tenant.write(move |w| w.insert_application(&row)).await }
    };
    assert_eq!(insert(&tenant, row(APP, "zava")).await, Ok(()));
    assert_eq!(insert(&tenant, row(OTHER, "zava")).await, Err(Error::Conflict(Conflict::Name)));
    assert_eq!(insert(&tenant, row(APP, "other")).await, Err(Error::Conflict(Conflict::Id)));
    let other = store.tenant(&tenant_id(B));
    assert_eq!(insert(&other, row(APP, "zava")).await, Ok(()));
    assert_eq!(insert(&tenant, row(OTHER, "acme")).await, Ok(()));
    let names: Vec<_> =
        tenant.read(|r| r.applications()).await.expect("rows").into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["acme", "zava"]);
    let taken = row(OTHER, "zava");
    assert_eq!(
        tenant.write(move |w| w.update_application(&taken)).await,
        Err(Error::Conflict(Conflict::Name))
    );
    let nobody = row("nope", "nope");
    assert_eq!(tenant.write(move |w| w.update_application(&nobody)).await, Ok(false));
    for (value, when) in [(b"one", 1), (b"two", 2)] {
        tenant
            .write(move |w| w.set_application_secret(APP, "SecretToken", value, at(when)))
            .await
            .expect("set");
    }
    assert_eq!(tenant.read(|r| r.application_secret(APP, "SecretToken")).await, Ok(Some(b"two".to_vec())));
    assert_eq!(
        tenant.read(|r| r.application_secrets(APP)).await,
        Ok(vec![("SecretToken".to_owned(), at(2))])
    );
    assert_eq!(other.read(|r| r.application_secret(APP, "SecretToken")).await, Ok(None));
    tenant.write(|w| w.clear_application_secrets(APP)).await.expect("cleared");
    assert_eq!(tenant.read(|r| r.application_secrets(APP)).await, Ok(Vec::new()));
}
