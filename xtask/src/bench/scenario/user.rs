//! Users: made, looked up, changed, listed; and what Entra does for each of them.

use std::rc::Rc;

use super::{Amount, Beside, Made, Scenario, Step, deletes, found, operation, pick, step};
use crate::bench::ask::{Ask, Expect, Fact};
use crate::bench::endpoint::Endpoint;
use crate::bench::population::{PAGE, Population, RARE, user};

/// Creations of one slice.
fn creations(population: &Population, in_flight: usize) -> u64 {
    let most = if in_flight == 1 { 500 } else { 4_000 };
    (population.ids.len() as u64).min(most)
}

pub(in crate::bench) fn create(
    population: &mut Population,
    endpoint: &Rc<Endpoint>,
    in_flight: usize,
    slices: usize,
) -> Scenario {
    let count = creations(population, in_flight);
    let first = population.reserve(count * (slices as u64 + 1));
    let made = Made::default();
    let steps = vec![post(endpoint, first, &made)];
    let undo = Some(deletes("delete", "delete", "/Users", endpoint, &made));
    let scenario = Scenario::new("create", "create", Beside::CreateSet, steps);
    Scenario { amount: Amount::Count(count), undo, ..scenario }
}

fn post(endpoint: &Rc<Endpoint>, first: u64, made: &Made) -> Step {
    let endpoint = endpoint.clone();
    let ask = move |n: u64, _: &str| {
        let name = format!("{}new{}", endpoint.prefix, first + n);
        let expect = Expect::new(&[201], vec![Fact::Has(format!("{name}@bench.example"))]);
        Ask { request: endpoint.request("POST", "/Users", Some(&user(&name, false))), expect }
    };
    Step { ask: Box::new(ask), makes: Some(made.clone()) }
}

pub(in crate::bench) fn reads(population: &Population, endpoint: &Rc<Endpoint>) -> Vec<Scenario> {
    let size = population.ids.len();
    let get = {
        let (endpoint, ids) = (endpoint.clone(), population.ids.clone());
        step(move |n, _| {
            let number = pick(n, size);
            let expect = Expect::new(&[200], vec![Fact::Has(format!("user{number}@bench.example"))]);
            let id = ids.get(number).map_or("", String::as_str);
            Ask { request: endpoint.request("GET", &format!("/Users/{id}"), None), expect }
        })
    };
    let look_up = |hit: bool, attribute: &'static str| {
        let endpoint = endpoint.clone();
        step(move |n, _| {
            let number = pick(n, size);
            let prefix = endpoint.prefix;
            // Entra's probe for somebody who is not there yet.
            let who = if hit { format!("user{number}") } else { format!("nobody{n}") };
            let value = match attribute {
                "userName" => format!("{prefix}{who}@bench.example"),
                _ => format!("ext-{prefix}{who}"),
            };
            let request = endpoint.filtered("/Users", &format!("{attribute} eq \"{value}\""), "");
            let expect = if hit {
                found(format!("{prefix}user{number}@bench.example"))
            } else {
                Expect::new(&[200], vec![Fact::Total(0)])
            };
            Ask { request, expect }
        })
    };
    let scenario = |id, name, step| Scenario::new(id, name, Beside::Bare, vec![step]);
    vec![
        scenario("get", "GET by id", get),
        scenario("userName.hit", "userName eq", look_up(true, "userName")),
        scenario("userName.miss", "userName eq, no hit", look_up(false, "userName")),
        scenario("externalId.hit", "externalId eq", look_up(true, "externalId")),
        scenario("externalId.miss", "externalId eq, no hit", look_up(false, "externalId")),
    ]
}

/// Of one value, so that no PATCH finds what it asks for: 64 users are disabled, then the same are enabled.
const TURN: u64 = 64;

pub(in crate::bench) fn patches(population: &Population, endpoint: &Rc<Endpoint>) -> Vec<Scenario> {
    let size = population.ids.len() as u64;
    let round = population.round();
    let patch = |body: Box<dyn Fn(u64) -> (u64, String, Fact)>| {
        let (endpoint, ids) = (endpoint.clone(), population.ids.clone());
        step(move |n, _| {
            let (who, body, fact) = body(n);
            let id = ids.get(spread(who, size)).map_or("", String::as_str);
            let request = endpoint.request("PATCH", &format!("/Users/{id}"), Some(&body));
            Ask { request, expect: Expect::new(&[200, 204], vec![fact]) }
        })
    };
    let active = patch(Box::new(|n| {
        let active = if n % (2 * TURN) < TURN { "false" } else { "true" };
        let who = n / (2 * TURN) * TURN + n % TURN;
        (who, operation("replace", "active", active), Fact::Is("active", active))
    }));
    let two = patch(Box::new(move |n| {
        let round = round + n / size;
        (n, two_attributes(round), Fact::Has(format!("\"Engineer {round}\"")))
    }));
    vec![
        Scenario::new("patch.active", "PATCH active", Beside::PatchSet, vec![active]),
        Scenario::new("patch.two", "PATCH two attributes", Beside::PatchSet, vec![two]),
    ]
}

/// A permutation of all users, since the factor is a prime above every size: neighbours are not touched one after another.
fn spread(number: u64, size: u64) -> usize {
    (number % size * 2_654_435_761 % size) as usize
}

fn two_attributes(round: u64) -> String {
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"replace","path":"title","value":"Engineer {round}"}},{{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Department {round}"}}]}}"#
    )
}

pub(in crate::bench) fn pages(population: &Population, endpoint: &Rc<Endpoint>) -> Vec<Scenario> {
    let page = |id, name: String, query: String| {
        let endpoint = endpoint.clone();
        let mut facts = vec![Fact::Times("userName", PAGE)];
        if id == "page.cursor" {
            // A server without cursors may answer the page all the same.
            facts.push(Fact::Has("\"nextCursor\"".into()));
        }
        let ask = step(move |_, _| Ask {
            request: endpoint.request("GET", &format!("/Users?{query}&count={PAGE}"), None),
            expect: Expect::new(&[200], facts.clone()),
        });
        Scenario::new(id, name, Beside::Bare, vec![ask])
    };
    let last = population.ids.len() - PAGE + 1;
    let mut all = vec![
        page("page.first", "page of 100, first".into(), "startIndex=1".into()),
        page("page.deep", format!("page of 100, startIndex {last}"), format!("startIndex={last}")),
        page("page.cursor", "page of 100, cursor, page 1".into(), "cursor=".into()),
    ];
    if let Some((number, cursor)) = &population.cursor {
        let name = format!("page of 100, cursor, page {number}");
        all.push(page("page.cursor.deep", name, format!("cursor={cursor}")));
    }
    all
}

/// Filters that no index helps: every user is looked at.
pub(in crate::bench) fn contains(population: &Population, endpoint: &Rc<Endpoint>) -> Vec<Scenario> {
    let hits = population.rare() as u64;
    let filter = |id, name: &str, text: &'static str, total| {
        let endpoint = endpoint.clone();
        let ask = step(move |_, _| Ask {
            request: endpoint.filtered("/Users", &format!("emails.value co \"{text}\""), ""),
            expect: Expect::new(&[200], vec![Fact::Total(total)]),
        });
        Scenario::new(id, name, Beside::Scan, vec![ask])
    };
    vec![
        filter("contains.hits", "emails.value co, 1 % hits", RARE, hits),
        filter("contains.none", "emails.value co, no hit", "@nowhere.invalid", 0),
    ]
}

/// What Entra does for a user: match, create, read in the initial cycle; match, PATCH later.
pub(in crate::bench) fn sequences(
    population: &mut Population,
    endpoint: &Rc<Endpoint>,
    in_flight: usize,
    slices: usize,
) -> Vec<Scenario> {
    let count = creations(population, in_flight) / 2;
    let first = population.reserve(count * (slices as u64 + 1));
    let made = Made::default();
    let (to_match, to_read) = (endpoint.clone(), endpoint.clone());
    let probe = step(move |n, _| {
        let name = format!("{}new{}@bench.example", to_match.prefix, first + n);
        let request = to_match.filtered("/Users", &format!("userName eq \"{name}\""), "");
        Ask { request, expect: Expect::new(&[200], vec![Fact::Total(0)]) }
    });
    let read = step(move |n, id| {
        let name = format!("{}new{}@bench.example", to_read.prefix, first + n);
        let request = to_read.request("GET", &format!("/Users/{id}"), None);
        Ask { request, expect: Expect::new(&[200], vec![Fact::Has(name)]) }
    });
    let steps = vec![probe, post(endpoint, first, &made), read];
    let initial =
        Scenario::new("entra.initial", "Entra: match, create, read (users)", Beside::CreateSet, steps);
    let undo = Some(deletes("undo", "deletion of Entra's users", "/Users", endpoint, &made));
    let initial = Scenario { amount: Amount::Count(count), undo, ..initial };
    let update = Scenario::new(
        "entra.update",
        "Entra: match, PATCH (users)",
        Beside::PatchSet,
        known_then_changed(population, endpoint),
    );
    vec![initial, update]
}

fn known_then_changed(population: &Population, endpoint: &Rc<Endpoint>) -> Vec<Step> {
    let size = population.ids.len() as u64;
    let round = population.round();
    let (to_match, to_patch, ids) = (endpoint.clone(), endpoint.clone(), population.ids.clone());
    let probe = step(move |n, _| {
        let name = format!("{}user{}@bench.example", to_match.prefix, spread(n, size));
        let request = to_match.filtered("/Users", &format!("userName eq \"{name}\""), "");
        Ask { request, expect: found(name) }
    });
    let patch = step(move |n, _| {
        let id = ids.get(spread(n, size)).map_or("", String::as_str);
        let round = round + n / size;
        let request = to_patch.request("PATCH", &format!("/Users/{id}"), Some(&two_attributes(round)));
        Ask { request, expect: Expect::new(&[200, 204], vec![Fact::Has(format!("\"Engineer {round}\""))]) }
    });
    vec![probe, patch]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_leaves_nobody_out() {
        for size in [1, 7, 1_000, 1_234, 100_000] {
            let mut seen: Vec<_> = (0..size).map(|n| spread(n, size)).collect();
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(0..size as usize), "{size}");
        }
    }
}
