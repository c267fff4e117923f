//! When requests are due: each tenant's come at random and independently of all others, so that they bunch as real ones do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::people::{Ask, People};
use super::tally::Tally;
use crate::dice::{Dice, seed};

/// One tenant's part of the load.
pub(super) struct Share {
    pub(super) people: People,
    pub(super) per_second: f64,
}

pub(super) struct Arrivals {
    seed: u64,
}

impl Arrivals {
    pub(super) fn seeded() -> Self {
        Self { seed: seed() }
    }

    /// Everything that is due within the time; then wait for the last answers. One tally a share.
    pub(super) async fn send(&self, shares: Vec<Share>, time: Duration) -> Vec<Tally> {
        let mut sending = JoinSet::new();
        for (number, share) in shares.into_iter().enumerate() {
            let dice = Dice::new(self.seed.wrapping_add(number as u64 * 0x9e37_79b9));
            sending.spawn(async move { (number, one(share, dice, time).await) });
        }
        let mut tallies = sending.join_all().await;
        tallies.sort_by_key(|(number, _)| *number);
        tallies.into_iter().map(|(_, tally)| tally).collect()
    }
}

async fn one(share: Share, mut dice: Dice, time: Duration) -> Tally {
    let (people, tally) = (Arc::new(share.people), Arc::new(Mutex::new(Tally::default())));
    let began = Instant::now();
    let mut due = began;
    let mut asked = JoinSet::new();
    loop {
        // Times between independent events.
        due += Duration::from_secs_f64(-dice.fraction().ln() / share.per_second);
        if due.duration_since(began) > time {
            break;
        }
        tokio::time::sleep_until(due).await;
        let ask = people.draw(&mut dice);
        let (people, tally) = (people.clone(), tally.clone());
        asked.spawn(async move { answer(&people, ask, due, &tally).await });
        while asked.try_join_next().is_some() {}
    }
    asked.join_all().await;
    let mut tally = std::mem::take(&mut *tally.lock().unwrap());
    tally.ended(began.elapsed());
    tally
}

async fn answer(people: &People, ask: Ask, due: Instant, tally: &Mutex<Tally>) {
    let is_read = ask.is_read();
    let outcome = people.ask(ask).await;
    let mut tally = tally.lock().unwrap();
    match outcome {
        Ok(reply) => {
            let advice = reply.header("retry-after").parse().ok();
            tally.answer(is_read, due.elapsed(), reply.status, advice);
        }
        Err(error) => tally.lost(&format!("{error:?}")),
    }
}
