//! The walk of one object, over a real store and a service provider in memory.

mod faults;
mod groups;
mod life;
mod lost;
mod rivals;
mod shown;

use std::sync::Arc;

use directory::{FixedClock, Kind, Precondition};
use jiff::SignedDuration;
use provision::connection::Connection;
use provision::endpoint::Endpoint;
use provision::job::{Job, JobConfig};
use provision::on_demand::OnDemandReport;
use provision::record::LogStatus;
use provision::target::Endpoints;
use provision::{Error, LinkRow, Options, Process};
use serde_json::{Value as Json, json};
use store::{Pass, WorkRow};

use crate::administration::House;
use crate::target::Target;

/// An application with a target, and the directory it is fed from.
pub(crate) struct Stage {
    pub(crate) house: House,
    pub(crate) target: Target,
    pub(crate) app: String,
    /// Until when the log has been looked at.
    seen: std::sync::Mutex<jiff::Timestamp>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|target| Arc::new(target)).await
    }

    /// `wrap` puts something between the engine and the target.
    pub(crate) async fn with(wrap: impl FnOnce(Target) -> Arc<dyn Endpoint>) -> Self {
        Self::built(wrap, None).await
    }

    /// In a process that knows of others.
    pub(crate) async fn in_process(process: Process) -> Self {
        Self::built(|target| Arc::new(target), Some(process)).await
    }

    async fn built(wrap: impl FnOnce(Target) -> Arc<dyn Endpoint>, process: Option<Process>) -> Self {
        // The clock is the house's, which is made with the target: both are put together here.
        let slot: Arc<std::sync::OnceLock<Arc<dyn Endpoint>>> = Arc::default();
        let open = slot.clone();
        let endpoints = Endpoints::new(move |_, _| open.get().unwrap().clone());
        let house = House::with(Options { endpoints: Some(endpoints), process, ..Options::default() }).await;
        let target = Target::new(house.clock.clone());
        assert!(slot.set(wrap(target.clone())).is_ok());
        let app = house.app("Payroll").await;
        let stage = Self { house, target, app, seen: std::sync::Mutex::new(jiff::Timestamp::MIN) };
        stage.configure(|config| config.connection = Some(Connection::new("https://target.example"))).await;
        stage
    }

    pub(crate) fn clock(&self) -> &Arc<FixedClock> {
        &self.house.clock
    }

    pub(crate) async fn job(&self) -> Job {
        self.house.provisioning.job(&self.house.tenant, &self.app).await.unwrap()
    }

    pub(crate) fn last_seen(&self) -> jiff::Timestamp {
        *self.seen.lock().unwrap()
    }

    pub(crate) fn seen(&self) {
        *self.seen.lock().unwrap() = directory::Clock::now(self.clock().as_ref());
    }

    /// Past the checks that want a real target.
    pub(crate) async fn configure(&self, change: impl FnOnce(&mut JobConfig)) {
        let mut config = self.job().await.config;
        change(&mut config);
        let (app, text) = (self.app.clone(), serde_json::to_string(&config).unwrap());
        let write = move |write: &store::TenantWrite<'_>| {
            let mut row = write.job(&app)?.unwrap();
            row.config = text;
            assert!(write.update_job(&row)?);
            Ok::<_, store::Error>(())
        };
        self.house.store.tenant(&self.house.tenant).write(write).await.unwrap();
    }

    /// Change the mapping of one kind.
    pub(crate) async fn remap(
        &self,
        kind: Kind,
        change: impl FnOnce(&mut provision::mapping::ObjectMapping),
    ) {
        let job = self.job().await;
        let mut rules = job.rules.clone();
        let mapping = rules.mappings.iter_mut().find(|m| m.kind == kind.into()).unwrap();
        change(mapping);
        self.house.provisioning.set_rules(self.house.cx(), &self.app, job.epoch, rules).await.unwrap();
    }

    /// A user with a work address, assigned.
    pub(crate) async fn user(&self, login: &str) -> String {
        let id = self.stranger(login, json!({})).await;
        self.assign(Kind::User, &id).await;
        id
    }

    /// A user who is not assigned.
    pub(crate) async fn stranger(&self, login: &str, more: Json) -> String {
        let mut body = json!({
            "schemas": [scim::urn::USER],
            "userName": format!("{login}@fabrikam.example"),
            "displayName": login,
            "active": true,
            "emails": [{ "type": "work", "value": format!("{login}@fabrikam.example") }],
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.create(Kind::User, body).await
    }

    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let id = self.house.group(name, members).await;
        self.assign(Kind::Group, &id).await;
        id
    }

    async fn create(&self, kind: Kind, body: Json) -> String {
        let body = body.as_object().unwrap().clone();
        self.house.directory.create(self.house.cx(), kind, body).await.unwrap().id
    }

    pub(crate) async fn assign(&self, kind: Kind, id: &str) {
        let objects = vec![(kind, id.to_owned())];
        self.house.provisioning.assign(self.house.cx(), &self.app, objects, "").await.unwrap();
    }

    pub(crate) async fn unassign(&self, id: &str) {
        self.house.provisioning.unassign(self.house.cx(), &self.app, vec![id.to_owned()]).await.unwrap();
    }

    /// Replace attributes in the directory.
    pub(crate) async fn change(&self, kind: Kind, id: &str, value: Json) {
        let body = json!({
            "schemas": [scim::urn::PATCH_OP],
            "Operations": [{ "op": "replace", "value": value }],
        });
        self.send_patch(kind, id, body).await;
    }

    /// One PATCH operation on an object of the directory.
    pub(crate) async fn patch(&self, kind: Kind, id: &str, operation: Json) {
        let body = json!({ "schemas": [scim::urn::PATCH_OP], "Operations": [operation] });
        self.send_patch(kind, id, body).await;
    }

    async fn send_patch(&self, kind: Kind, id: &str, body: Json) {
        let request = scim::patch::parse(body).unwrap();
        self.house.directory.patch(self.house.cx(), kind, id, request, Precondition::None).await.unwrap();
    }

    pub(crate) async fn delete(&self, kind: Kind, id: &str) {
        self.house.directory.delete(self.house.cx(), kind, id, Precondition::None).await.unwrap();
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock().advance(SignedDuration::from_secs(seconds));
    }

    /// Provision on demand, seldom enough.
    pub(crate) async fn go(&self, kind: Kind, id: &str) -> OnDemandReport {
        self.go_with(kind, id, &[]).await
    }

    pub(crate) async fn go_with(&self, kind: Kind, id: &str, members: &[&str]) -> OnDemandReport {
        self.wait(3);
        self.try_go(kind, id, members).await.unwrap()
    }

    pub(crate) async fn try_go(
        &self,
        kind: Kind,
        id: &str,
        members: &[&str],
    ) -> Result<OnDemandReport, Error> {
        let members = members.iter().map(|id| (*id).to_owned()).collect();
        self.house.provisioning.on_demand(self.house.cx(), &self.app, kind, id, members).await
    }

    pub(crate) async fn link(&self, id: &str) -> Option<LinkRow> {
        let (app, id) = (self.app.clone(), id.to_owned());
        let tenancy = self.house.store.tenant(&self.house.tenant);
        tenancy.read(move |read| read.link(&app, &id)).await.unwrap()
    }

    /// Its id at the target.
    pub(crate) async fn target_id(&self, id: &str) -> String {
        self.link(id).await.unwrap().target_id
    }

    pub(crate) async fn is_intended(&self, id: &str) -> bool {
        let (app, id) = (self.app.clone(), id.to_owned());
        let tenancy = self.house.store.tenant(&self.house.tenant);
        tenancy.read(move |read| read.intent(&app, &id)).await.unwrap().is_some()
    }

    pub(crate) async fn work(&self, pass: Pass, id: &str) -> Option<WorkRow> {
        let (app, id) = (self.app.clone(), id.to_owned());
        let tenancy = self.house.store.tenant(&self.house.tenant);
        tenancy.read(move |read| read.work(&app, pass, &id)).await.unwrap()
    }
}

/// Status, action and code, shortly: `success create`, `skipped other RedundantExport`.
pub(crate) fn outcome(report: &OnDemandReport) -> String {
    let code = report.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{} {}{code}", report.status.as_str(), report.action.as_str())
}

pub(crate) fn steps(report: &OnDemandReport) -> Vec<&str> {
    report.document.steps.iter().map(|step| step.name.as_str()).collect()
}

pub(crate) fn is_failure(report: &OnDemandReport) -> bool {
    report.status == LogStatus::Failure
}
