//! Groups: made, filled one by one and by the hundred, emptied, asked for one member, read.

use std::rc::Rc;

use super::{Amount, Beside, Made, Must, Scenario, Step, Undo, deletes, found, operation, pick, step};
use crate::bench::ask::{Ask, Expect, Fact};
use crate::bench::endpoint::Endpoint;
use crate::bench::population::{Population, group};

const HUNDRED: usize = 100;

/// Every scenario of groups. The groups that they need are there.
pub(in crate::bench) fn all(
    population: &mut Population,
    endpoint: &Rc<Endpoint>,
    in_flight: usize,
    slices: usize,
) -> Vec<Scenario> {
    let mut all = vec![create(population, endpoint, in_flight, slices)];
    let sizes: Vec<usize> = population.groups.keys().copied().collect();
    for &members in &sizes {
        all.push(add_one(population, endpoint, in_flight, members));
    }
    if in_flight > 1 {
        all.push(many_writers(population, endpoint));
    }
    all.push(add_hundred(population, endpoint, in_flight));
    for &members in &sizes {
        all.push(membership(population, endpoint, members));
    }
    for &members in &sizes {
        all.push(read(population, endpoint, members, false));
        if members <= 1_000 {
            all.push(read(population, endpoint, members, true));
        }
    }
    all
}

fn create(population: &mut Population, endpoint: &Rc<Endpoint>, in_flight: usize, slices: usize) -> Scenario {
    let count = if in_flight == 1 { 200 } else { 1_000 };
    let first = population.reserve(count * (slices as u64 + 1));
    let made = Made::default();
    let to = endpoint.clone();
    let ask = move |n: u64, _: &str| {
        let name = format!("{}New group {}", to.prefix, first + n);
        let request = to.request("POST", "/Groups", Some(&group(&name)));
        Ask { request, expect: Expect::new(&[201], vec![Fact::Has(name)]) }
    };
    let steps = vec![Step { ask: Box::new(ask), makes: Some(made.clone()) }];
    let undo = Some(deletes("undo", "deletion of groups", "/Groups", endpoint, &made));
    let scenario = Scenario::new("group.create", "group: create", Beside::OwnCreate, steps);
    Scenario { amount: Amount::Count(count), undo, ..scenario }
}

/// Writes of so many members each, spread over these groups; what takes them back; and what then has to be there.
fn writes(
    id: (&'static str, &'static str),
    name: &str,
    population: &Population,
    endpoint: &Rc<Endpoint>,
    groups: Rc<Vec<String>>,
    (count, each, members): (u64, usize, usize),
) -> Scenario {
    let patch = |op: &'static str| {
        let (endpoint, spares, groups) = (endpoint.clone(), population.spares.clone(), groups.clone());
        step(move |n, _| {
            let n = (n % count) as usize;
            let (group, turn) = (&groups[n % groups.len()], n / groups.len());
            let values: Vec<_> =
                spares[turn * each..][..each].iter().map(|id| format!("{{\"value\":\"{id}\"}}")).collect();
            let body = match (op, each) {
                // Entra removes one member by a path that names it.
                ("remove", 1) => {
                    let path = format!("members[value eq \\\"{}\\\"]", spares[turn]);
                    format!(
                        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"remove","path":"{path}"}}]}}"#
                    )
                }
                _ => operation(op, "members", &format!("[{}]", values.join(","))),
            };
            let request = endpoint.request("PATCH", &format!("/Groups/{group}"), Some(&body));
            Ask { request, expect: Expect::new(&[200, 204], Vec::new()) }
        })
    };
    let described = |name: String| if members == 0 { name } else { format!("{name}{members}") };
    let undo = Scenario::new(
        id.1,
        described("remove one member from ".into()),
        Beside::OwnCreate,
        vec![patch("remove")],
    );
    let undo = Scenario { members: Some(members), ..undo };
    let undo = Undo { scenario: Box::new(undo), made: None, is_reported: id.1 != "undo" };
    let turns = |group: usize| (count as usize + groups.len() - 1 - group) / groups.len();
    let must = |(at, group): (usize, &String)| Must {
        group: group.clone(),
        members: members + turns(at) * each,
        among_them: population.spares.iter().take(turns(at) * each).step_by(50).cloned().collect(),
    };
    let verify = groups.iter().enumerate().map(must).collect();
    let scenario = Scenario::new(id.0, described(name.into()), Beside::OwnCreate, vec![patch("add")]);
    Scenario { amount: Amount::Count(count), undo: Some(undo), verify, members: Some(members), ..scenario }
}

fn add_one(population: &Population, endpoint: &Rc<Endpoint>, in_flight: usize, members: usize) -> Scenario {
    let groups = population.groups_of(members);
    let count = if in_flight == 1 { 200 } else { 500 };
    let ids = ("member.add", "member.remove");
    writes(ids, "add one member to ", population, endpoint, groups, (count, 1, members))
}

/// All of them to the same group; none may be lost.
fn many_writers(population: &Population, endpoint: &Rc<Endpoint>) -> Scenario {
    let members = *population.groups.keys().filter(|m| **m <= 1_000).max().unwrap_or(&10);
    let groups = Rc::new(population.groups_of(members)[..1].to_vec());
    let ids = ("member.many", "undo");
    writes(ids, "many writers to one group of ", population, endpoint, groups, (500, 1, members))
}

fn add_hundred(population: &Population, endpoint: &Rc<Endpoint>, in_flight: usize) -> Scenario {
    let groups = population.groups_of(10);
    let turns = (population.spares.len() / HUNDRED).min(if in_flight == 1 { 1 } else { 3 });
    let count = (groups.len() * turns) as u64;
    let ids = ("member.hundred", "undo");
    writes(ids, "add 100 members at once to ", population, endpoint, groups, (count, HUNDRED, 10))
}

/// The look-up that Entra does before it adds a member.
fn membership(population: &Population, endpoint: &Rc<Endpoint>, members: usize) -> Scenario {
    let (groups, ids, endpoint) = (population.groups_of(members), population.ids.clone(), endpoint.clone());
    let ask = step(move |n, _| {
        let at = n as usize % groups.len();
        let member = &ids[Population::member(at, members, pick(n, members), ids.len())];
        let group = &groups[at];
        let filter = format!("id eq \"{group}\" and members eq \"{member}\"");
        let request = endpoint.filtered("/Groups", &filter, "&excludedAttributes=members");
        Ask { request, expect: found(group.clone()) }
    });
    let name = format!("id eq and members eq, {members} members");
    Scenario { members: Some(members), ..Scenario::new("membership", name, Beside::Bare, vec![ask]) }
}

fn read(population: &Population, endpoint: &Rc<Endpoint>, members: usize, with: bool) -> Scenario {
    let (groups, endpoint) = (population.groups_of(members), endpoint.clone());
    let ask = step(move |n, _| {
        let group = &groups[n as usize % groups.len()];
        let query = if with { "" } else { "?excludedAttributes=members" };
        let fact = if with { Fact::Times("value", members) } else { Fact::Times("value", 0) };
        let request = endpoint.request("GET", &format!("/Groups/{group}{query}"), None);
        Ask { request, expect: Expect::new(&[200], vec![Fact::Has(group.clone()), fact]) }
    });
    let (id, how) = if with { ("group.read", "with its") } else { ("group.read.without", "without its") };
    let name = format!("GET group {how} {members} members");
    Scenario { members: Some(members), ..Scenario::new(id, name, Beside::Bare, vec![ask]) }
}
