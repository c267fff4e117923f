//! Whether a tenant feels what another one asks for: reads of the one, alone and while the other's filters look at everybody.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::ask::{Ask, Expect, Fact};
use super::drive::{Load, drive};
use super::endpoint::Endpoint;
use super::figure::Measured;
use super::population::{Population, RARE, user};
use super::scenario::{Amount, Scenario};
use super::server::Muster;

const USERS: usize = 100;
const FILTERS_IN_FLIGHT: usize = 4;
const TIME: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
pub(super) struct Neighbour {
    /// Of the tenant with the filters.
    pub(super) users: usize,
    pub(super) alone: Measured,
    pub(super) meanwhile: Measured,
    pub(super) filters: Measured,
}

impl Neighbour {
    pub(super) fn line(&self) -> String {
        format!(
            "another tenant's GET by id, 1 in flight: {:.0}/s alone (p99 {} µs); {:.0}/s (p99 {} µs, slowest {} µs) while {} filters over {} users are in flight (p50 {} ms each)",
            self.alone.per_second,
            self.alone.p99_us,
            self.meanwhile.per_second,
            self.meanwhile.p99_us,
            self.meanwhile.max_us,
            FILTERS_IN_FLIGHT,
            self.users,
            self.filters.p50_us / 1_000
        )
    }
}

pub(super) async fn measure(
    muster: &Muster,
    data: &Path,
    population: &Population,
    first: &Rc<Endpoint>,
    users: usize,
) -> anyhow::Result<Neighbour> {
    let (url, key) = muster.tenant(data, &format!("Neighbour of {users}")).await?;
    let second = Rc::new(Endpoint::of_url(&url, &key, "").await?);
    let ids = Rc::new(made(&second).await?);
    let load = |connections| Load { connections, duration: TIME, limit: LIMIT };
    let gets = {
        let second = second.clone();
        Scenario::of(move |n| {
            let at = n as usize % ids.len();
            let expect = Expect::new(&[200], vec![Fact::Has(format!("neighbour{at}@bench.example"))]);
            Ask { request: second.request("GET", &format!("/Users/{}", ids[at]), None), expect }
        })
    };
    let (endpoint, hits) = (first.clone(), population.rare() as u64);
    let filters = Scenario::of(move |_| Ask {
        request: endpoint.filtered("/Users", &format!("emails.value co \"{RARE}\""), ""),
        expect: Expect::new(&[200], vec![Fact::Total(hits)]),
    });
    let alone = drive(second.address, load(1), &gets, Amount::Time, 0).await?;
    let (meanwhile, filtered) = tokio::join!(
        drive(second.address, load(1), &gets, Amount::Time, 0),
        drive(first.address, load(FILTERS_IN_FLIGHT), &filters, Amount::Time, 0)
    );
    let figure = |slice| Measured::of(&[slice], None);
    Ok(Neighbour { users, alone: figure(alone), meanwhile: figure(meanwhile?), filters: figure(filtered?) })
}

async fn made(endpoint: &Endpoint) -> anyhow::Result<Vec<String>> {
    let mut connection = super::client::Connection::open(endpoint.address).await?;
    let mut ids = Vec::new();
    for n in 0..USERS {
        let body = user(&format!("neighbour{n}"), false);
        let answer = connection.send(&endpoint.request("POST", "/Users", Some(&body))).await?;
        anyhow::ensure!(answer.status == 201, "{}", super::ask::excerpt(&answer.body));
        ids.push(super::drive::id_of(&answer.body).map_err(anyhow::Error::msg)?);
    }
    Ok(ids)
}
