//! What is asked of the server: the requests that Entra sends, and listing. A scenario is one kind of operation of one or
//! more requests, each with what its answer must say.

use std::cell::RefCell;
use std::rc::Rc;

use super::ask::{Ask, Expect, Fact};
use super::endpoint::Endpoint;
use super::population::Population;

pub(super) mod group;
pub(super) mod user;

/// The n-th request, and the id that an earlier step of the same operation gave.
pub(super) type Asking = Box<dyn Fn(u64, &str) -> Ask>;
pub(super) type Made = Rc<RefCell<Vec<String>>>;

pub(super) struct Step {
    pub(super) ask: Asking,
    /// The answer is a resource that was made; its id is kept here and handed to the next step.
    pub(super) makes: Option<Made>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    /// As many as a slice's time allows.
    Time,
    /// So many a slice, since each changes what is stored.
    Count(u64),
}

/// What stands beside the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// A server that answers as many bytes and does nothing.
    Bare,
    /// A program that writes the rows of a created user.
    CreateSet,
    /// A program that writes the rows of a changed user.
    PatchSet,
    /// A program that looks for the text in every document.
    Scan,
    /// The same server's create.
    OwnCreate,
    /// `pgbench` with the same statements.
    Pgbench,
}

pub(super) struct Scenario {
    /// What goals and later runs know it by.
    pub(super) id: &'static str,
    pub(super) name: String,
    /// Of the group that is asked about.
    pub(super) members: Option<usize>,
    pub(super) steps: Vec<Step>,
    pub(super) amount: Amount,
    pub(super) beside: Beside,
    pub(super) undo: Option<Undo>,
    /// What must be there after a slice.
    pub(super) verify: Vec<Must>,
}

/// A group, how many members it must have, and some of them.
pub(super) struct Must {
    pub(super) group: String,
    pub(super) members: usize,
    pub(super) among_them: Vec<String>,
}

/// Larger groups are not read whole.
const READ_WHOLE: usize = 12_000;

impl Must {
    pub(super) fn asks(&self, endpoint: &Endpoint) -> Vec<Ask> {
        let group = &self.group;
        if self.members <= READ_WHOLE {
            let request = endpoint.request("GET", &format!("/Groups/{group}"), None);
            let expect = Expect::new(&[200], vec![Fact::Times("value", self.members)]);
            return vec![Ask { request, expect }];
        }
        let is_member = |id: &String| {
            let filter = format!("id eq \"{group}\" and members eq \"{id}\"");
            let request = endpoint.filtered("/Groups", &filter, "&excludedAttributes=members");
            Ask { request, expect: found(group.clone()) }
        };
        self.among_them.iter().map(is_member).collect()
    }
}

/// Takes back what a slice did.
pub(super) struct Undo {
    pub(super) scenario: Box<Scenario>,
    /// What there is to delete; without it, as many operations as were done.
    pub(super) made: Option<Made>,
    /// A row of its own in the report.
    pub(super) is_reported: bool,
}

impl Scenario {
    fn new(id: &'static str, name: impl Into<String>, beside: Beside, steps: Vec<Step>) -> Self {
        let (amount, verify) = (Amount::Time, Vec::new());
        Self { id, name: name.into(), members: None, steps, amount, beside, undo: None, verify }
    }
}

impl Scenario {
    /// One request, for comparison only.
    pub(super) fn of(ask: impl Fn(u64) -> Ask + 'static) -> Self {
        Self::new("other", "other", Beside::Bare, vec![step(move |n, _| ask(n))])
    }
}

fn step(ask: impl Fn(u64, &str) -> Ask + 'static) -> Step {
    Step { ask: Box::new(ask), makes: None }
}

/// Every scenario of users for the present population.
pub(super) fn users(
    population: &mut Population,
    endpoint: &Rc<Endpoint>,
    in_flight: usize,
    slices: usize,
) -> Vec<Scenario> {
    let mut all = vec![user::create(population, endpoint, in_flight, slices)];
    all.extend(user::reads(population, endpoint));
    all.extend(user::patches(population, endpoint));
    all.extend(user::pages(population, endpoint));
    all.extend(user::contains(population, endpoint));
    all.extend(user::sequences(population, endpoint, in_flight, slices));
    all
}

/// The deletion of what was made.
fn deletes(id: &'static str, name: &str, kind: &'static str, endpoint: &Rc<Endpoint>, made: &Made) -> Undo {
    let (endpoint, ids) = (endpoint.clone(), made.clone());
    let ask = move |n: u64, _: &str| {
        let id = ids.borrow().get(n as usize).cloned().unwrap_or_default();
        Ask {
            request: endpoint.request("DELETE", &format!("{kind}/{id}"), None),
            expect: Expect::new(&[204], Vec::new()),
        }
    };
    let scenario = Box::new(Scenario::new(id, name, Beside::OwnCreate, vec![step(ask)]));
    Undo { scenario, made: Some(made.clone()), is_reported: id != "undo" }
}

/// A PATCH with one operation.
pub(super) fn operation(op: &str, path: &str, value: &str) -> String {
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"{op}","path":"{path}","value":{value}}}]}}"#
    )
}

/// Spreads consecutive numbers over the whole range.
fn pick(number: u64, range: usize) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) as usize % range.max(1)
}

fn found(text: String) -> Expect {
    Expect::new(&[200], vec![Fact::Total(1), Fact::Has(text)])
}
