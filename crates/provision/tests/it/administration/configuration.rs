//! Connection, settings and mappings: what is accepted, what it sets back, what the audit log keeps.

use jiff::SignedDuration;
use provision::connection::{Authentication, Connection, Pace, SecretName};
use provision::cycle_schedule::ScheduleState;
use provision::graph_schema::Rules;
use provision::job::{Job, JobConfig, Notification};
use provision::mapping::AttributeMapping;
use provision::patch::Dialect;
use provision::reconfiguration::{Change, NewConnection};
use provision::scope::{ScopeFilter, SyncScope};
use provision::{Error, Secret, TestTicket};

use super::target::{Target, error};
use super::{House, TOKEN, refusal, token};

impl House {
    async fn set(
        &self,
        app: &str,
        connection: Connection,
        secret: Option<Secret>,
        ticket: TestTicket,
    ) -> Result<Job, Error> {
        self.provisioning.set_connection(self.cx(), app, connection, secret, ticket).await
    }

    async fn ticket(&self, connection: &Connection, secret: Option<Secret>) -> TestTicket {
        let test = self.provisioning.test_connection(&self.tenant, None, connection, secret);
        test.await.unwrap().ticket.unwrap()
    }

    async fn job(&self, app: &str) -> Job {
        self.provisioning.job(&self.tenant, app).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_saved_before_a_test_has_passed() {
    let house = House::new().await;
    let (target, other) = (Target::good().await, Target::good().await);
    let app = house.app("Zava").await;
    let connection = Connection::new(target.url());
    let ticket = house.ticket(&connection, token()).await;
    let before = house.dump().await;
    let elsewhere = Connection::new(other.url());
    let wrong = |text: &str| TestTicket::from(text.to_owned());
    let stretched = ticket.as_str().replacen("177", "178", 1);
    let refused = [
        (elsewhere.clone(), token(), ticket.clone()),
        (Connection::new(format!("{}/v2", target.url())), token(), ticket.clone()),
        (connection.clone(), Some(Secret::new("another")), ticket.clone()),
        (
            Connection { authentication: Authentication::Basic { user: "kim".into() }, ..connection.clone() },
            token(),
            ticket.clone(),
        ),
        (connection.clone(), token(), wrong("nonsense")),
        (connection.clone(), token(), wrong(&stretched)),
        (connection.clone(), token(), house.ticket(&elsewhere, token()).await),
    ];
    for (connection, secret, ticket) in refused {
        let (status, text) = refusal(house.set(&app, connection, secret, ticket).await);
        assert!(status == 409 && text.contains("run it again"), "{status} {text}");
    }
    // Another tenant's ticket proves nothing here.
    let fabrikam = house.directory.create_tenant(super::caller(), "Fabrikam").await.unwrap().id;
    let theirs = house
        .provisioning
        .test_connection(&fabrikam, None, &connection, token())
        .await
        .unwrap()
        .ticket
        .unwrap();
    assert_eq!(refusal(house.set(&app, connection.clone(), token(), theirs).await).0, 409);
    let unchanged = |dump: &str| {
        dump.lines().filter(|line| line.contains(app.as_str())).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(unchanged(&house.dump().await), unchanged(&before));
    // Fourteen minutes are fresh, sixteen are not.
    house.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(refusal(house.set(&app, connection.clone(), token(), ticket).await).0, 409);
    let ticket = house.ticket(&connection, token()).await;
    house.clock.advance(SignedDuration::from_mins(14));
    let asked = target.heads().len();
    let job = house.set(&app, connection.clone(), token(), ticket).await.unwrap();
    assert_eq!(job.config.connection, Some(connection));
    assert_eq!(target.heads().len(), asked, "the ticket spared a second test");
    assert_eq!((job.schedule, job.next), (ScheduleState::Paused, None), "configured is not started");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ticket_the_verb_tests_itself() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let closed = Target::start(|_| error("401 Unauthorized", "who are you")).await;
    let before = house.dump().await;
    let set = house.set(&app, Connection::new(closed.url()), token(), TestTicket::none()).await;
    let (status, text) = refusal(set);
    assert!(
        status == 409 && text.contains("401 Unauthorized") && text.contains("secret token is wrong"),
        "{text}"
    );
    assert_eq!(house.dump().await, before);
    let open = Target::good().await;
    house.set(&app, Connection::new(open.url()), token(), TestTicket::none()).await.unwrap();
    assert!(!open.heads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sealed_kept_and_cleared_with_its_origin() {
    let house = House::new().await;
    let (target, other) = (Target::good().await, Target::good().await);
    let app = house.connected("Zava", &target).await;
    let state = house.provisioning.secret_state(&house.tenant, &app).await.unwrap();
    assert_eq!(state.len(), 1);
    assert_eq!(state[0].0, SecretName::SecretToken);
    let dump = house.dump().await;
    assert!(!dump.contains(TOKEN), "not in the clear");
    // Pace and dialect change without a test; another path of the same server with one, and the secret that is there.
    let asked = target.heads().len();
    let slow = Connection {
        pace: Pace { in_flight: 2, per_second: Some(5) },
        dialect: Some(Dialect::Rfc),
        ..Connection::new(target.url())
    };
    house.set(&app, slow, None, TestTicket::none()).await.unwrap();
    assert_eq!(target.heads().len(), asked);
    let flagged = Connection::new(format!("{}?aadOptscim062020&key=hidden", target.url()));
    house.set(&app, flagged.clone(), None, TestTicket::none()).await.unwrap();
    assert!(target.heads().len() > asked && target.heads().last().unwrap().contains(TOKEN));
    // Another server needs a secret of its own.
    let (status, text) =
        refusal(house.set(&app, Connection::new(other.url()), None, TestTicket::none()).await);
    assert!(status == 400 && text.contains("belongs to another server"), "{text}");
    assert_eq!(house.job(&app).await.config.connection, Some(flagged));
    assert!(other.heads().is_empty());
    // Another method clears the old one's secret.
    let basic = Connection {
        authentication: Authentication::Basic { user: "kim".into() },
        ..Connection::new(target.url())
    };
    house.set(&app, basic, Some(Secret::new("password")), TestTicket::none()).await.unwrap();
    let names = house.provisioning.secret_state(&house.tenant, &app).await.unwrap();
    assert_eq!(names.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [SecretName::Password]);
    house.provisioning.clear_connection(house.cx(), &app).await.unwrap();
    assert!(house.provisioning.secret_state(&house.tenant, &app).await.unwrap().is_empty());
    assert!(house.job(&app).await.config.connection.is_none());
    let told = format!("{:?}", house.audit().await);
    assert!(!told.contains(TOKEN) && !told.contains("hidden") && !told.contains("aadOptscim"), "{told}");
    assert!(told.contains(&target.url()) && told.contains("job.connect") && told.contains("job.disconnect"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_connection_can_be() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.app("Zava").await;
    let good = Connection::new(target.url());
    let oauth = |token_url: &str, client: &str| Authentication::ClientCredentials {
        token_url: token_url.into(),
        client_id: client.into(),
        scope: None,
        in_body: false,
    };
    for (wrong, field) in [
        (Connection::new("  "), "tenantUrl"),
        (Connection { pace: Pace { in_flight: 0, per_second: None }, ..good.clone() }, "inFlight"),
        (Connection { pace: Pace { in_flight: 65, per_second: None }, ..good.clone() }, "inFlight"),
        (Connection { pace: Pace { in_flight: 1, per_second: Some(0) }, ..good.clone() }, "perSecond"),
        (
            Connection { authentication: Authentication::Basic { user: "a\nb".into() }, ..good.clone() },
            "user",
        ),
        (Connection { authentication: oauth("", "me"), ..good.clone() }, "tokenUrl"),
        (
            Connection { authentication: oauth("https://login.example/token", " "), ..good.clone() },
            "clientId",
        ),
    ] {
        let (status, text) = refusal(house.set(&app, wrong, token(), TestTicket::none()).await);
        assert!(status == 400 && text.starts_with(field), "{field}: {text}");
    }
    assert!(target.heads().is_empty());
    assert_eq!(refusal(house.set(&app, good.clone(), None, TestTicket::none()).await).0, 400, "no secret");
    assert_eq!(refusal(house.set("nope", good, token(), TestTicket::none()).await).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_checked_compared_and_optimistic() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.connected("Zava", &target).await;
    let job = house.job(&app).await;
    let set = |epoch: u64, config: JobConfig| house.provisioning.set_config(house.cx(), &app, epoch, config);
    let notify = |enabled: bool, recipient: Option<&str>| JobConfig {
        notification: Notification { enabled, recipient: recipient.map(str::to_owned) },
        ..JobConfig::default()
    };
    let before = house.dump().await;
    for (wrong, field) in [
        (notify(true, None), "notificationEmail"),
        (notify(true, Some("  ")), "notificationEmail"),
        (notify(false, Some("kim")), "notificationEmail"),
        (notify(true, Some("kim@a.example, lee@b.example")), "notificationEmail"),
        (notify(true, Some("kim@a.example\r\nBcc: all@a.example")), "notificationEmail"),
        (notify(true, Some("Kim <kim@a.example>")), "notificationEmail"),
    ] {
        let (status, text) = refusal(set(job.epoch, wrong).await);
        assert!(status == 400 && text.starts_with(field), "{text}");
    }
    let mut percent = JobConfig::default();
    percent.guard.percent = Some(101);
    assert_eq!(refusal(set(job.epoch, percent).await).0, 400);
    assert_eq!(house.dump().await, before);
    // The connection is none of its business.
    let after = set(job.epoch, notify(true, Some(" ops@contoso.example "))).await.unwrap();
    assert_eq!(after.config.connection, job.config.connection);
    assert_eq!(after.config.notification.recipient.as_deref(), Some("ops@contoso.example"));
    let row = &house.audit().await[0];
    assert_eq!(row.action, "job.configure");
    assert_eq!(row.detail["changes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["notification"]);
    // Whoever looked before is told so.
    let (status, text) = refusal(set(job.epoch, JobConfig::default()).await);
    assert!(status == 409 && text.contains("look at it again"), "{text}");
    assert!(set(after.epoch, JobConfig::default()).await.unwrap().epoch > after.epoch);
}

/// A job that has been through an initial cycle and is in the middle of the next one.
async fn seasoned(house: &House, app: &str) -> Job {
    let id = app.to_owned();
    let tenant = house.store.tenant(&house.tenant);
    let write = tenant.write(move |write| {
        let mut row = write.job(&id)?.unwrap();
        row.watermark = Some(41);
        row.state = r#"{"cycle":{"id":"c-1","kind":"incremental","began":"2026-03-01T11:00:00Z","phase":{"at":"work"},
            "head":0,"counters":{"attempts":0,"failures":0,"reference_failures":0,"consecutive":0},"read":0,"expected":0}}"#
            .to_owned();
        assert!(write.update_job(&row)?);
        let at = "2026-03-01T11:00:00Z".parse().unwrap();
        write.insert_cycle(&id, &store::CycleRow {
            id: "c-1".into(), kind: "incremental".into(), began: at, ended: None, outcome: None, message: None,
        })?;
        let later = "2026-03-02T11:00:00Z".parse().unwrap();
        write.hold_work(&id, &store::WorkRow {
            pass: store::Pass::Object, kind: store::Kind::User, id: "u-1".into(), due: later, stamp: 1,
            escrow: Some(r#"{"code":"x"}"#.into()),
        })
    });
    write.await.unwrap();
    house.job(app).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_scope_or_other_mappings_make_the_next_cycle_initial() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.connected("Zava", &target).await;
    house.provisioning.start(house.cx(), &app).await.unwrap();
    let due = |house: &House| {
        let (store, tenant, app) = (house.store.clone(), house.tenant.clone(), app.clone());
        let now = directory::Clock::now(&*house.clock);
        async move {
            let tenant = store.tenant(&tenant);
            let count = tenant.read(move |read| read.due_work_count(&app, store::Pass::Object, now));
            count.await.unwrap()
        }
    };
    // Settings alone leave the cycle where it is.
    let job = seasoned(&house, &app).await;
    let config = JobConfig { push: true, ..JobConfig::default() };
    let job = house.provisioning.set_config(house.cx(), &app, job.epoch, config.clone()).await.unwrap();
    assert_eq!((job.watermark, job.state.cycle.is_some(), due(&house).await), (Some(41), true, 0));
    // The scope does not; what failed stays held.
    let config = JobConfig { scope: SyncScope::All, ..config };
    let job = house.provisioning.set_config(house.cx(), &app, job.epoch, config).await.unwrap();
    assert_eq!((job.watermark, job.state.cycle.is_some(), due(&house).await), (None, false, 0));
    let cycle = &house.provisioning.status(&house.tenant, &app).await.unwrap().cycles[0];
    assert_eq!(
        (cycle.outcome.as_deref(), cycle.message.as_deref()),
        (Some("interrupted"), Some("the scope was changed"))
    );
    // Mappings do, and what failed is tried at once.
    let id = app.clone();
    house
        .store
        .tenant(&house.tenant)
        .write(move |write| {
            let mut row = write.job(&id)?.unwrap();
            row.watermark = Some(50);
            write.update_job(&row).map(drop)
        })
        .await
        .unwrap();
    let job = house.job(&app).await;
    let mut rules = Rules::default();
    rules.mappings[0].attributes.retain(|mapping| mapping.target != "title");
    let (job, warnings) = house.provisioning.set_rules(house.cx(), &app, job.epoch, rules).await.unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((job.watermark, due(&house).await), (None, 1));
    assert_eq!(job.next, Some(directory::Clock::now(&*house.clock)), "at once");
    let row = &house.audit().await[0];
    assert_eq!(row.action, "job.rules");
    let changes = row.detail["changes"].as_object().unwrap();
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["User mapping"]);
    assert_eq!(changes["User mapping"]["attribute title"]["after"], serde_json::Value::Null);
    // Discard and restore.
    let job = house.provisioning.restore_default_rules(house.cx(), &app).await.unwrap();
    assert_eq!(job.rules, Rules::default());
    let rows = house.audit().await.len();
    house.provisioning.restore_default_rules(house.cx(), &app).await.unwrap();
    assert_eq!(house.audit().await.len(), rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_that_cannot_work_are_refused() {
    let house = House::new().await;
    let app = house.app("Zava").await;
    let epoch = house.job(&app).await.epoch;
    let before = house.dump().await;
    let rules = |change: &dyn Fn(&mut Rules)| {
        let mut rules = Rules::default();
        change(&mut rules);
        rules
    };
    let table = [
        (rules(&|r| r.mappings[0].attributes.retain(|m| m.matching_priority == 0)), "must match objects"),
        (rules(&|r| r.mappings[0].attributes[0].matching_priority = 0), "must match objects"),
        (
            rules(&|r| r.mappings[0].attributes.push(AttributeMapping::expression("nickName", "Nope("))),
            "nickName",
        ),
        (
            rules(&|r| r.mappings[0].attributes.push(AttributeMapping::direct("shoeSize", "mail"))),
            "no attribute shoeSize",
        ),
        (
            rules(&|r| {
                r.mappings[0].scope.filters.push(ScopeFilter { name: "empty".into(), clauses: Vec::new() })
            }),
            "no clause",
        ),
        (rules(&|r| r.targets.clear()), "one list of attributes"),
        (rules(&|r| r.mappings.truncate(1)), "groups: there is one mapping"),
        (rules(&|r| r.mappings[0].name = "x".repeat(2_000_000)), "more than 2000000 bytes"),
        (
            rules(&|r| r.targets[1].attributes.retain(|a| !a.anchor)),
            "groups: the target's attributes: exactly one",
        ),
        (
            rules(&|r| {
                let twin = r.mappings[0].clone();
                r.mappings.push(twin);
            }),
            "instead of removing it",
        ),
    ];
    for (wrong, about) in table {
        let (status, text) = refusal(house.provisioning.set_rules(house.cx(), &app, epoch, wrong).await);
        assert!(status == 400 && text.contains(about), "{about}: {text}");
    }
    assert_eq!(house.dump().await, before);
    // What may be saved all the same is said.
    let lax = rules(&|r| r.mappings[0].attributes.retain(|m| m.target != "active"));
    let (job, warnings) = house.provisioning.set_rules(house.cx(), &app, epoch, lax).await.unwrap();
    assert!(warnings[0].message.contains("IsSoftDeleted"), "{warnings:?}");
    assert_eq!(refusal(house.provisioning.set_rules(house.cx(), &app, epoch, Rules::default()).await).0, 409);
    assert!(job.epoch > epoch);
}

/// Connection, settings and schedule together: all of them, or none; and each in the audit log.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_several_parts_is_whole() {
    let house = House::new().await;
    let target = Target::good().await;
    let app = house.app("Zava").await;
    let job = house.job(&app).await;
    let new = |secret: Option<Secret>| NewConnection {
        connection: Connection::new(target.url()),
        secret,
        tested: TestTicket::none(),
    };
    let all = JobConfig { scope: SyncScope::All, ..job.config.clone() };
    let unsent = Notification { enabled: true, recipient: None };
    let bad = JobConfig { notification: unsent, ..all.clone() };
    let before = house.dump().await;
    let refused = [
        (job.epoch, Change { connection: Some(new(token())), config: Some(bad), runs: Some(true) }, 400),
        (job.epoch, Change { connection: Some(new(None)), config: Some(all.clone()), runs: None }, 400),
        (job.epoch, Change { connection: None, config: Some(all.clone()), runs: Some(true) }, 409),
        (
            job.epoch + 1,
            Change { connection: Some(new(token())), config: Some(all.clone()), runs: None },
            409,
        ),
    ];
    for (epoch, change, status) in refused {
        let done = house.provisioning.reconfigure(house.cx(), &app, epoch, change).await;
        assert_eq!(refusal(done).0, status);
        assert_eq!(house.dump().await, before, "a refusal changes nothing");
    }
    let known = house.audit().await.len();
    let change = Change { connection: Some(new(token())), config: Some(all), runs: Some(true) };
    let done = house.provisioning.reconfigure(house.cx(), &app, job.epoch, change.clone()).await.unwrap();
    assert_eq!(done.epoch, job.epoch + 1, "one change");
    assert_eq!((done.config.scope, done.schedule), (SyncScope::All, ScheduleState::Active));
    assert!(done.config.connection.is_some() && done.next.is_some());
    let rows = house.audit().await;
    let actions: Vec<&str> = rows[..rows.len() - known].iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["job.start", "job.configure", "job.connect"]);
    // What is so already is no change.
    let nothing = Change { connection: None, runs: Some(true), ..change };
    let same = house.provisioning.reconfigure(house.cx(), &app, done.epoch, nothing).await.unwrap();
    assert_eq!((same.epoch, house.audit().await.len()), (done.epoch, rows.len()));
    let stop = Change { runs: Some(false), ..Change::default() };
    let stopped = house.provisioning.reconfigure(house.cx(), &app, done.epoch, stop).await.unwrap();
    assert_eq!((stopped.schedule, stopped.next), (ScheduleState::Paused, None));
}
