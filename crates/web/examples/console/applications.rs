//! Enterprise applications in every state that a page tells apart. What only cycles bring about is written as a cycle would.

use directory::{Context, Kind};
use jiff::{SignedDuration, Timestamp};
use provision::Provisioning;
use provision::application::{Application, Details, Role, Template};
use provision::cycle_schedule::ScheduleState;
use provision::quarantine::{Quarantine, QuarantineReason};
use serde_json::{Value, json};
use store::{CycleRow, LinkRow, LogEntry, Store, TenantId};

/// What the applications are made in and of.
pub(crate) struct Ground<'a> {
    pub(crate) provisioning: &'a Provisioning,
    pub(crate) store: &'a Store,
    pub(crate) tenant: &'a TenantId,
    pub(crate) users: &'a [String],
    pub(crate) groups: &'a [String],
    /// The SCIM2 Base URL of another tenant of this server.
    pub(crate) target: String,
}

impl Ground<'_> {
    fn cx(&self) -> Context {
        Context::new(self.tenant.clone(), super::caller())
    }

    fn ago(&self, minutes: i64) -> Timestamp {
        self.provisioning.directory().now().checked_sub(SignedDuration::from_mins(minutes)).unwrap()
    }

    pub(crate) async fn fill(&self) {
        self.made("HR portal", Template::Scim).await;
        let passcodes = self.made("Visual Passcodes", Template::MusterTenant).await;
        self.assigned(&passcodes, 1..3, 0..2).await;
        self.standing(&passcodes, ScheduleState::Active, None).await;
        self.provisioned(&passcodes).await;
        let wiki = self
            .made("Engineering wiki with a name that is long enough to need two lines", Template::Scim)
            .await;
        self.assigned(&wiki, 0..4, 0..40).await;
        self.standing(&wiki, ScheduleState::Active, Some(self.quarantine())).await;
        let tracker = self.made("Issue tracker", Template::Scim).await;
        self.assigned(&tracker, 2..3, 0..0).await;
        self.standing(&tracker, ScheduleState::Paused, None).await;
    }

    async fn made(&self, name: &str, template: Template) -> Application {
        let made = self.provisioning.create_application(self.cx(), name, template).await.unwrap();
        let role = |id: &str, name: &str| Role {
            id: id.into(),
            value: id.into(),
            display_name: name.into(),
            description: String::new(),
            enabled: true,
        };
        let details = Details {
            description: "Owned by the platform team.\nAsk there before you change a mapping.".into(),
            roles: vec![role("editor", "Editor"), role("viewer", "Viewer")],
            ..made.details.clone()
        };
        match template {
            Template::Scim => {
                self.provisioning.update_application(self.cx(), &made.id, name, details).await.unwrap()
            }
            Template::MusterTenant => made,
        }
    }

    async fn assigned(
        &self,
        to: &Application,
        groups: std::ops::Range<usize>,
        users: std::ops::Range<usize>,
    ) {
        let groups = self.groups[groups].iter().map(|id| (Kind::Group, id.clone()));
        let users = self.users[users].iter().map(|id| (Kind::User, id.clone()));
        let objects = groups.chain(users).collect();
        self.provisioning.assign(self.cx(), &to.id, objects, "").await.unwrap();
    }

    fn quarantine(&self) -> Quarantine {
        let message = "The target answers 401 to every request: the secret token is not accepted.";
        Quarantine::begin(QuarantineReason::EncounteredQuarantineException, message, self.ago(200))
    }

    async fn standing(&self, of: &Application, schedule: ScheduleState, quarantine: Option<Quarantine>) {
        let (id, target, began, next) = (of.id.clone(), self.target.clone(), self.ago(12), self.ago(-28));
        let write = move |write: &store::TenantWrite<'_>| {
            let mut row = write.job(&id)?.unwrap();
            let mut config: Value = serde_json::from_str(&row.config).unwrap();
            config["connection"] = json!({ "tenantUrl": target });
            let state = json!({ "quarantine": quarantine, "lastBegan": began });
            (row.config, row.state) = (config.to_string(), state.to_string());
            row.schedule = format!("{schedule:?}");
            row.next = (schedule == ScheduleState::Active).then_some(next);
            write.update_job(&row)
        };
        self.store.tenant(self.tenant).write(write).await.unwrap();
    }

    async fn provisioned(&self, into: &Application) {
        let (began, ended) = (self.ago(12), self.ago(11));
        let cycle = CycleRow {
            id: "c1".into(),
            kind: "initial".into(),
            began,
            ended: Some(ended),
            outcome: Some("completed".into()),
            message: None,
        };
        let (application, users) = (into.id.clone(), self.users[..60].to_vec());
        let group = self.groups[1].clone();
        let write = move |write: &store::TenantWrite<'_>| {
            write.insert_cycle(&application, &cycle)?;
            for (index, id) in users.iter().chain([&group]).enumerate() {
                let kind = if *id == group { Kind::Group } else { Kind::User };
                let target = format!("0198c0de-0000-7000-8000-{index:012}");
                write.put_link(&application, &link(kind, id, &target, index, ended))?;
                write.append_provisioning_log(&entry(&application, kind, id, &target, ended))?;
            }
            Ok::<_, store::Error>(())
        };
        self.store.tenant(self.tenant).write(write).await.unwrap();
    }
}

fn link(kind: Kind, source: &str, target: &str, index: usize, at: Timestamp) -> LinkRow {
    LinkRow {
        source_id: source.to_owned(),
        kind,
        target_id: target.to_owned(),
        name: source.to_owned(),
        managed: true,
        disabled: index % 9 == 4,
        via: None,
        linked: at,
        updated: at,
    }
}

fn entry(application: &str, kind: Kind, source: &str, target: &str, at: Timestamp) -> LogEntry {
    LogEntry {
        application: application.to_owned(),
        cycle: Some("c1".into()),
        at,
        duration_us: 12_400,
        kind,
        action: "create".into(),
        status: "success".into(),
        source_id: source.to_owned(),
        source_name: source.to_owned(),
        target_id: Some(target.to_owned()),
        code: None,
        summary: "Created at the target.".into(),
        actor: "provisioning".into(),
        document: "{}".into(),
    }
}
