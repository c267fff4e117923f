//! The engine against a faulty target, with crashes, pauses and a directory that changes all the time: whatever happens, once the
//! faults stop, the target is the mapping of what is in scope; nobody is there twice; nothing is left behind.
//!
//! `MUSTER_SEEDS` says how many runs (60 unless told), `MUSTER_SEED` repeats one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use directory::Kind;
use jiff::SignedDuration;
use provision::Ran;
use provision::endpoint::{Calling, Endpoint};
use provision::job::CycleOutcome;
use provision::patch::Dialect;
use provision::scope::SyncScope;
use scim::Resource;
use scim::message::SearchRequest;
use scim_client::{FailureKind, Object, Page, Phase, Select};
use serde_json::{Value as Json, json};
use tokio::sync::{Notify, watch};

use crate::target::Target;
use crate::target::fault::{Fault, Verb, What};
use crate::walk::Stage;

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % n.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// A target at which the engine's process ends: the n-th request is never answered, carried out or not.
#[derive(Debug, Clone)]
pub(crate) struct Crashing {
    target: Target,
    left: Arc<AtomicI64>,
    after: Arc<std::sync::atomic::AtomicBool>,
    crashed: Arc<Notify>,
    /// The request is only late: it is let go on later.
    stalls: Arc<std::sync::atomic::AtomicBool>,
    goes_on: Arc<Notify>,
}

impl Crashing {
    fn new(target: Target) -> Self {
        Self {
            target,
            left: Arc::new(AtomicI64::new(i64::MAX)),
            after: Arc::default(),
            crashed: Arc::default(),
            stalls: Arc::default(),
            goes_on: Arc::default(),
        }
    }

    fn arm(&self, requests: i64, after: bool) {
        self.left.store(requests, Ordering::Relaxed);
        self.after.store(after, Ordering::Relaxed);
    }

    async fn pass<T>(&self, call: Calling<'_, T>) -> Result<scim_client::Answer<T>, scim_client::Failure> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if left > 0 {
            return call.await;
        }
        if left == 0 && self.stalls.load(Ordering::Relaxed) {
            self.crashed.notify_one();
            self.goes_on.notified().await;
            return call.await;
        }
        if self.stalls.load(Ordering::Relaxed) {
            return call.await;
        }
        if self.after.load(Ordering::Relaxed) {
            drop(call.await);
        }
        self.crashed.notify_one();
        std::future::pending().await
    }
}

impl Endpoint for Crashing {
    fn create<'a>(&'a self, endpoint: &'a str, resource: &'a Resource) -> Calling<'a, Object> {
        Box::pin(self.pass(self.target.create(endpoint, resource)))
    }

    fn get<'a>(&'a self, endpoint: &'a str, id: &'a str, select: &'a Select) -> Calling<'a, Object> {
        Box::pin(self.pass(self.target.get(endpoint, id, select)))
    }

    fn query<'a>(&'a self, endpoint: &'a str, search: &'a SearchRequest) -> Calling<'a, Page> {
        Box::pin(self.pass(self.target.query(endpoint, search)))
    }

    fn replace<'a>(
        &'a self,
        endpoint: &'a str,
        id: &'a str,
        body: &'a Resource,
    ) -> Calling<'a, Option<Object>> {
        Box::pin(self.pass(self.target.replace(endpoint, id, body)))
    }

    fn patch<'a>(&'a self, endpoint: &'a str, id: &'a str, body: &'a Json) -> Calling<'a, Option<Object>> {
        Box::pin(self.pass(self.target.patch(endpoint, id, body)))
    }

    fn delete<'a>(&'a self, endpoint: &'a str, id: &'a str) -> Calling<'a, ()> {
        Box::pin(self.pass(self.target.delete(endpoint, id)))
    }
}

/// What the directory holds, as the simulation knows it.
#[derive(Debug, Default)]
struct People {
    users: Vec<Person>,
    groups: Vec<Team>,
    made: usize,
}

#[derive(Debug, Clone)]
struct Person {
    id: String,
    login: String,
    name: String,
    active: bool,
    assigned: bool,
    manager: Option<String>,
}

#[derive(Debug, Clone)]
struct Team {
    id: String,
    name: String,
    members: BTreeSet<String>,
    assigned: bool,
}

struct Simulation {
    stage: Stage,
    crashing: Crashing,
    dice: Dice,
    people: People,
    everyone: bool,
}

impl Simulation {
    async fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut crashing = None;
        let stage = Stage::with(|target| {
            let wrapped = Crashing::new(target);
            crashing = Some(wrapped.clone());
            Arc::new(wrapped)
        })
        .await;
        let everyone = dice.one_in(3);
        let dialect = match dice.below(3) {
            0 => Dialect::Legacy,
            1 => Dialect::AadOptscim062020,
            _ => Dialect::Rfc,
        };
        let at_once = u32::try_from(1 + dice.below(8)).unwrap();
        stage
            .configure(|config| {
                config.scope = if everyone { SyncScope::All } else { SyncScope::Assigned };
                config.guard.enabled = false;
                let connection = config.connection.as_mut().unwrap();
                connection.dialect = Some(dialect);
                connection.pace.in_flight = at_once;
            })
            .await;
        let (no_patch, lag, plain) = (dice.one_in(5), dice.one_in(4), dice.one_in(3));
        let (ignores, shouts, small) = (dice.one_in(6), dice.one_in(6), dice.one_in(3));
        stage.target.habits(|habits| {
            habits.no_patch = no_patch;
            habits.lag = if lag { SignedDuration::from_secs(5) } else { SignedDuration::ZERO };
            habits.plain_conflicts = plain;
            habits.ignores_filters = ignores;
            habits.upper_cases_user_names = shouts;
            habits.page_size = if small { 3 } else { 100 };
            // Whether the engine makes anybody twice shows only where the target lets it.
            habits.accepts_duplicates = true;
        });
        Self { stage, crashing: crashing.unwrap(), dice, people: People::default(), everyone }
    }

    async fn change_something(&mut self) {
        let before = format!("{:?}", self.people);
        self.change_one().await;
        if number("MUSTER_SEED").is_some() {
            let after = format!("{:?}", self.people);
            if before != after {
                println!("{} DIRECTORY {after}", directory::Clock::now(self.stage.clock().as_ref()));
            }
        }
    }

    async fn change_one(&mut self) {
        match self.dice.below(12) {
            0..=2 => self.hire().await,
            3 => self.found().await,
            4 => {
                let name = format!("Name {}", self.dice.below(1_000));
                let Some(at) = self.somebody() else { return };
                self.people.users[at].name.clone_from(&name);
                let id = self.people.users[at].id.clone();
                self.stage.change(Kind::User, &id, json!({ "displayName": name })).await;
            }
            5 => {
                let Some(at) = self.somebody() else { return };
                let person = &mut self.people.users[at];
                person.active = !person.active;
                let (id, active) = (person.id.clone(), person.active);
                self.stage.change(Kind::User, &id, json!({ "active": active })).await;
            }
            6 => self.reassign().await,
            7 => {
                if !self.dice.one_in(2) {
                    return;
                }
                let Some(at) = self.somebody() else { return };
                let person = self.people.users.remove(at);
                for team in &mut self.people.groups {
                    team.members.remove(&person.id);
                }
                for other in &mut self.people.users {
                    other.manager = other.manager.take().filter(|id| *id != person.id);
                }
                self.stage.delete(Kind::User, &person.id).await;
            }
            8 | 9 => self.move_member().await,
            10 => {
                let (Some(at), Some(boss)) = (self.somebody(), self.somebody()) else { return };
                let boss = self.people.users[boss].id.clone();
                self.people.users[at].manager = Some(boss.clone());
                let id = self.people.users[at].id.clone();
                let urn = scim::urn::ENTERPRISE_USER;
                self.stage.change(Kind::User, &id, json!({ urn: { "manager": { "value": boss } } })).await;
            }
            _ => {
                let Some(at) = self.some_team() else { return };
                if self.dice.one_in(3) {
                    let team = self.people.groups.remove(at);
                    self.stage.delete(Kind::Group, &team.id).await;
                } else {
                    self.people.made += 1;
                    let name = format!("Team {}", self.people.made);
                    self.people.groups[at].name.clone_from(&name);
                    let id = self.people.groups[at].id.clone();
                    self.stage.change(Kind::Group, &id, json!({ "displayName": name })).await;
                }
            }
        }
    }

    fn somebody(&mut self) -> Option<usize> {
        let n = self.people.users.len();
        (n > 0).then(|| self.dice.below(n))
    }

    fn some_team(&mut self) -> Option<usize> {
        let n = self.people.groups.len();
        (n > 0).then(|| self.dice.below(n))
    }

    async fn hire(&mut self) {
        self.people.made += 1;
        let (login, assigned) = (format!("user{}", self.people.made), self.dice.one_in(2));
        let id = self.stage.stranger(&login, json!({})).await;
        if assigned {
            self.stage.assign(Kind::User, &id).await;
        }
        let name = login.clone();
        self.people.users.push(Person { id, login, name, active: true, assigned, manager: None });
    }

    async fn found(&mut self) {
        self.people.made += 1;
        let (name, assigned) = (format!("Team {}", self.people.made), self.dice.one_in(2));
        let ids: Vec<String> = self.people.users.iter().map(|user| user.id.clone()).collect();
        let mut members = BTreeSet::new();
        for _ in 0..self.dice.below(5) {
            members.extend(self.dice.pick(&ids).cloned());
        }
        let listed: Vec<&str> = members.iter().map(String::as_str).collect();
        let id = self.stage.house.group(&name, &listed).await;
        if assigned {
            self.stage.assign(Kind::Group, &id).await;
        }
        self.people.groups.push(Team { id, name, members, assigned });
    }

    async fn reassign(&mut self) {
        let (kind, id, was) = if self.dice.one_in(3) {
            let Some(at) = self.some_team() else { return };
            let team = &mut self.people.groups[at];
            team.assigned = !team.assigned;
            (Kind::Group, team.id.clone(), !team.assigned)
        } else {
            let Some(at) = self.somebody() else { return };
            let person = &mut self.people.users[at];
            person.assigned = !person.assigned;
            (Kind::User, person.id.clone(), !person.assigned)
        };
        if was { self.stage.unassign(&id).await } else { self.stage.assign(kind, &id).await }
    }

    async fn move_member(&mut self) {
        let (Some(team), Some(user)) = (self.some_team(), self.somebody()) else { return };
        let (team, user) = (&mut self.people.groups[team], self.people.users[user].id.clone());
        let operation = if team.members.remove(&user) {
            json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") })
        } else {
            team.members.insert(user.clone());
            json!({ "op": "add", "path": "members", "value": [{ "value": user }] })
        };
        let id = team.id.clone();
        self.stage.patch(Kind::Group, &id, operation).await;
    }

    fn break_something(&mut self) {
        let verbs = [Verb::Create, Verb::Get, Verb::Query, Verb::Change, Verb::Replace, Verb::Delete];
        let verb = *self.dice.pick(&verbs).unwrap();
        let what = match self.dice.below(9) {
            0 => What::Refuse(FailureKind::Timeout(Phase::Connect), None),
            1 => What::Refuse(FailureKind::RateLimited { retry_after: None }, Some(429)),
            2 => What::Refuse(FailureKind::ServerError { retry_after: None }, Some(500)),
            3 => What::ApplyThen(FailureKind::Reset(Phase::Head), None),
            4 => What::ApplyThen(FailureKind::ServerError { retry_after: None }, Some(502)),
            5 => What::ApplyThen(FailureKind::Timeout(Phase::Body), None),
            6 => What::ApplyThen(FailureKind::Malformed("cut off".into()), Some(201)),
            7 => What::Refuse(FailureKind::Rejected, Some(400)),
            _ => What::IdAlone,
        };
        let mut fault = Fault::once(&[verb], what);
        fault.skip = self.dice.below(4);
        fault.times = 1 + self.dice.below(3);
        self.stage.target.fail(fault);
    }

    /// A cycle, which may be cut off by the end of the process or an administrator.
    async fn cycle(&mut self) {
        let wait = i64::try_from(20 + self.dice.below(7_000)).unwrap();
        self.stage.wait(wait);
        if self.dice.one_in(3) {
            let after = self.dice.one_in(2);
            self.crashing.arm(i64::try_from(self.dice.below(25)).unwrap(), after);
        }
        let (_stop, stopped) = watch::channel(false);
        let run =
            self.stage.house.provisioning.run_job(&self.stage.house.tenant, &self.stage.app, "sim", stopped);
        tokio::select! {
            ran = run => { ran.unwrap(); }
            () = self.crashing.crashed.notified() => {}
        }
        self.crashing.arm(i64::MAX, false);
        match self.dice.below(14) {
            0 => {
                self.stage.house.provisioning.pause(self.stage.house.cx(), &self.stage.app).await.unwrap();
                self.stage.start().await;
            }
            1 => self.stage.restart("").await,
            2 => self.stage.restart("Watermark").await,
            _ => {}
        }
    }

    /// Faults have stopped: it has to come to rest.
    async fn settle(&mut self) -> Result<(), String> {
        self.stage.target.heal_faults();
        for _ in 0..40 {
            self.stage.wait(25 * 3600);
            let (_stop, stopped) = watch::channel(false);
            let house = &self.stage.house;
            let ran =
                house.provisioning.run_job(&house.tenant, &self.stage.app, "sim", stopped).await.unwrap();
            if ran == Ran::Cycle(CycleOutcome::Completed) && self.stage.waiting().await == 0 {
                return Ok(());
            }
        }
        let job = self.stage.job().await;
        Err(format!("it does not come to rest: {} objects wait; {:?}", self.stage.waiting().await, job.state))
    }

    fn in_scope(&self, person: &Person) -> bool {
        let through = |team: &Team| team.assigned && team.members.contains(&person.id);
        self.everyone || person.assigned || self.people.groups.iter().any(through)
    }

    /// What must hold, said without the engine's words.
    async fn check(&self) -> Result<(), String> {
        let target = &self.stage.target;
        for person in &self.people.users {
            let user_name = format!("{}@fabrikam.example", person.login);
            let there = target.having(Kind::User, "userName", &user_name);
            let wanted = self.in_scope(person);
            let found = match there.as_slice() {
                [] if wanted && person.active => return Err(format!("{} is missing", person.login)),
                [] => continue,
                [one] => target.get_now(Kind::User, one).unwrap(),
                several => return Err(format!("{} is there {} times", person.login, several.len())),
            };
            let active = found.get("active") != Some(&Json::Bool(false));
            if active != (wanted && person.active) {
                return Err(format!(
                    "{}: active is {active}, in scope {wanted}, enabled {}",
                    person.login, person.active
                ));
            }
            if wanted && found.get("displayName") != Some(&Json::from(person.name.as_str())) {
                return Err(format!(
                    "{} is called {:?} instead of {}",
                    person.login,
                    found.get("displayName"),
                    person.name
                ));
            }
            if wanted
                && let Some(boss) = self.people.users.iter().find(|p| Some(&p.id) == person.manager.as_ref())
            {
                self.check_manager(person, boss, &found).await?;
            }
        }
        for team in &self.people.groups {
            self.check_team(team).await?;
        }
        let names: Vec<Vec<String>> =
            self.people.groups.iter().map(|t| target.having(Kind::Group, "displayName", &t.name)).collect();
        if target.ids(Kind::Group).len() != names.iter().map(Vec::len).sum::<usize>() {
            return Err("a group is at the target that is not in the directory".to_owned());
        }
        Ok(())
    }

    /// All that was logged and asked, for whoever looks into a failure.
    async fn tell(&self) {
        let query =
            store::LogQuery { application: Some(self.stage.app.clone()), limit: 1_000, ..Default::default() };
        let mut rows = self.stage.house.provisioning.logs(&self.stage.house.tenant, query).await.unwrap();
        rows.reverse();
        for row in rows {
            let e = row.entry;
            println!(
                "{} {} {} {} {:?} {:?} {}",
                e.at, e.action, e.status, e.source_name, e.target_id, e.code, e.summary
            );
        }
        for asked in self.stage.target.asked() {
            println!("{} {} {}", asked.verb.method(), asked.path, asked.body.unwrap_or_default());
        }
        println!("{:#?}", self.people);
    }

    async fn check_manager(&self, person: &Person, boss: &Person, found: &Resource) -> Result<(), String> {
        let Some(link) = self.stage.link(&boss.id).await else { return Ok(()) };
        let manager = found.get(scim::urn::ENTERPRISE_USER).and_then(|e| e.get("manager")).cloned();
        let id = manager.as_ref().map(|m| m.get("value").unwrap_or(m).clone());
        if id != Some(Json::from(link.target_id.as_str())) {
            return Err(format!("the manager of {} is {manager:?}, not {}", person.login, link.target_id));
        }
        Ok(())
    }

    async fn check_team(&self, team: &Team) -> Result<(), String> {
        let target = &self.stage.target;
        let there = target.having(Kind::Group, "displayName", &team.name);
        match (there.as_slice(), self.everyone || team.assigned) {
            ([], false) => Ok(()),
            ([one], true) => {
                let mut wanted = BTreeSet::new();
                for person in self.people.users.iter().filter(|p| team.members.contains(&p.id)) {
                    if self.in_scope(person)
                        && let Some(link) = self.stage.link(&person.id).await
                    {
                        wanted.insert(link.target_id);
                    }
                }
                let found = target.members(one);
                // Who is out of scope may still be a member: Entra leaves them.
                if found.is_superset(&wanted) && found.len() <= team.members.len() {
                    return Ok(());
                }
                Err(format!("{} has members {found:?} instead of {wanted:?}", team.name))
            }
            (there, wanted) => Err(format!("{} is there {} times, wanted {wanted}", team.name, there.len())),
        }
    }
}

/// A worker that stalls past its lease, and is then let go on, writes nothing over what the next one has done.
#[tokio::test]
async fn who_has_lost_the_lease_writes_nothing() {
    let mut crashing = None;
    let stage = Stage::with(|target| {
        let wrapped = Crashing::new(target);
        crashing = Some(wrapped.clone());
        Arc::new(wrapped)
    })
    .await;
    let crashing = crashing.unwrap();
    let alice = stage.user("alice").await;
    stage.start().await;
    stage.wait(41 * 60);
    // Probes of users and groups and the search for alice are let pass; the creation is late.
    crashing.stalls.store(true, Ordering::Relaxed);
    crashing.arm(3, false);
    let (_stop, stopped) = watch::channel(false);
    let first = stage.house.provisioning.run_job(&stage.house.tenant, &stage.app, "first", stopped);
    let second = async {
        crashing.crashed.notified().await;
        assert!(stage.is_intended(&alice).await, "written down before it was sent");
        stage.wait(16);
        let ran = stage.run().await;
        assert_eq!(stage.link(&alice).await, None, "whether she was created is not known yet");
        // The late request is carried out now, and its answer comes to somebody who has lost the lease.
        crashing.goes_on.notify_one();
        ran
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.unwrap(), Ran::Cycle(CycleOutcome::Interrupted));
    assert_eq!(second, Ran::Cycle(CycleOutcome::Completed));
    assert_eq!(stage.link(&alice).await, None, "the first one wrote nothing");
    assert_eq!(stage.target.ids(Kind::User).len(), 1);
    stage.wait(2 * 3600);
    assert_eq!(stage.run().await, Ran::Cycle(CycleOutcome::Completed));
    assert_eq!(stage.target.ids(Kind::User), [stage.target_id(&alice).await], "found, and not made again");
    assert!(!stage.is_intended(&alice).await);
}

async fn simulate(seed: u64) -> Result<(), String> {
    let mut simulation = Simulation::new(seed).await;
    for _ in 0..4 + simulation.dice.below(6) {
        simulation.hire().await;
    }
    simulation.found().await;
    simulation.stage.start().await;
    for _ in 0..3 + simulation.dice.below(5) {
        for _ in 0..simulation.dice.below(6) {
            simulation.change_something().await;
        }
        for _ in 0..simulation.dice.below(4) {
            simulation.break_something();
        }
        simulation.cycle().await;
    }
    let ended = match simulation.settle().await {
        Ok(()) => simulation.check().await,
        failed => failed,
    };
    if ended.is_err() && number("MUSTER_SEED").is_some() {
        simulation.tell().await;
    }
    ended
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_the_target_ends_as_it_should() {
    let seeds: Vec<u64> = match number("MUSTER_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("MUSTER_SEEDS").unwrap_or(60)).collect(),
    };
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = runtime.block_on(simulate(*seed)) {
                        failures.lock().unwrap().push(format!("MUSTER_SEED={seed}: {why}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} runs failed:\n{}",
        failures.len(),
        seeds.len(),
        failures.join("\n")
    );
}
