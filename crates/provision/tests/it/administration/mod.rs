//! What administrators do, over a real store.

mod applications;
mod assignments;
mod configuration;
mod control;
mod logs;
mod mail;
mod roles;
mod target;
mod test_connection;

use std::sync::Arc;
use std::time::Duration;

use directory::{
    Actor, AuditQuery, AuditRow, Caller, Context, Directory, FixedClock, Kind, PublicUrl, Random, TenantId,
};
use provision::application::Template;
use provision::connection::Connection;
use provision::{Error, Options, Provisioning, Seal, Secret, TestTicket};
use serde_json::{Value, json};
use store::Store;

pub(crate) const TOKEN: &str = "hush-hush-token";

pub(crate) struct House {
    pub(crate) provisioning: Provisioning,
    pub(crate) directory: Directory,
    pub(crate) store: Store,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) tenant: TenantId,
}

impl House {
    /// Loopback is an allowed network.
    pub(crate) async fn new() -> Self {
        Self::with(loopback()).await
    }

    /// For a target that lets it wait.
    pub(crate) async fn impatient() -> Self {
        let short = Duration::from_millis(150);
        let timeouts = scim_client::Timeouts { connect: short, head: short, body: short };
        Self::with(Options { timeouts, ..loopback() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let clock = Arc::new(FixedClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let store = Store::open(
            cluster::scratch().map_or_else(store::Options::memory, |url| store::Options::at(&url).unwrap()),
        )
        .unwrap();
        let url = PublicUrl::parse("https://muster.example").unwrap();
        let secret = directory::Secret::new([7; 32]);
        let directory = Directory::new(store.clone(), clock.clone(), Random::seeded(3), &secret, url);
        let tenant = directory.create_tenant(caller(), "Contoso").await.unwrap().id;
        let seal = Seal::new(&secret.key("sealed credentials"));
        let provisioning = Provisioning::new(directory.clone(), store.clone(), seal, options);
        Self { provisioning, directory, store, clock, tenant }
    }

    pub(crate) fn cx(&self) -> Context {
        Context::new(self.tenant.clone(), caller())
    }

    /// The id of a new application.
    pub(crate) async fn app(&self, name: &str) -> String {
        self.provisioning.create_application(self.cx(), name, Template::Scim).await.unwrap().id
    }

    pub(crate) async fn user(&self, login: &str) -> String {
        self.resource(Kind::User, json!({ "schemas": [scim::urn::USER], "userName": login })).await
    }

    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "members": members });
        self.resource(Kind::Group, body).await
    }

    async fn resource(&self, kind: Kind, body: Value) -> String {
        self.directory.create(self.cx(), kind, body.as_object().cloned().unwrap()).await.unwrap().id
    }

    /// An application whose connection has been tested and saved.
    pub(crate) async fn connected(&self, name: &str, target: &target::Target) -> String {
        let app = self.app(name).await;
        let connection = Connection::new(target.url());
        let set = self.provisioning.set_connection(self.cx(), &app, connection, token(), TestTicket::none());
        set.await.unwrap();
        app
    }

    /// The newest first.
    pub(crate) async fn audit(&self) -> Vec<AuditRow> {
        let query = AuditQuery { limit: 100, ..AuditQuery::default() };
        self.directory.audit(&self.tenant, query).await.unwrap()
    }

    /// Ids of the list of work in one pass, in their order.
    pub(crate) async fn work(&self, app: &str, pass: store::Pass) -> Vec<String> {
        let app = app.to_owned();
        let tenant = self.store.tenant(&self.tenant);
        let read = tenant.read(move |read| {
            Ok::<_, store::Error>(
                read.pass_work(&app, pass, "", 1_000)?.into_iter().map(|row| row.id).collect(),
            )
        });
        read.await.unwrap()
    }

    pub(crate) async fn dump(&self) -> String {
        self.store.dump().await.unwrap()
    }
}

fn loopback() -> Options {
    Options { networks: vec!["127.0.0.0/8".parse().unwrap()], ..Options::default() }
}

pub(crate) fn caller() -> Caller {
    Caller {
        actor: Actor::Operator { id: "o-1".into(), name: "nadia".into() },
        request_id: "r-1".into(),
        address: "192.0.2.1".parse().ok(),
    }
}

pub(crate) fn token() -> Option<Secret> {
    Some(Secret::new(TOKEN))
}

/// Status and text of what was refused.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, String) {
    let error = result.unwrap_err();
    (error.status(), error.to_string())
}
