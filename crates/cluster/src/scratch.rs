//! A database for one test that runs on either backend.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::{Cluster, Options};

/// Set to `postgres`, tests that run on either backend run on PostgreSQL.
const BACKEND: &str = "MUSTER_TEST_DATABASE";
/// Databases that are kept; of those before, the ones that nobody is connected to go.
const KEPT: usize = 24;

/// The URL of a new, empty database if the tests run on PostgreSQL; `None` if they run on SQLite.
///
/// # Panics
/// There is no PostgreSQL here, or the variable names another database.
pub fn scratch() -> Option<String> {
    match std::env::var(BACKEND).as_deref() {
        Err(_) | Ok("" | "sqlite") => None,
        Ok("postgres") => Some(database()),
        Ok(other) => panic!("{BACKEND} is {other}; it may be sqlite or postgres"),
    }
}

fn database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static USED: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());
    let cluster = CLUSTER.get_or_init(|| {
        // Nothing of these tests is to survive anything.
        let options = Options { fsync: false, connections_max: 400 };
        Cluster::start(options).unwrap_or_else(|error| panic!("{error}"))
    });
    let url = cluster.database().unwrap_or_else(|error| panic!("{error}"));
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.push_back(url.clone());
    let old = if used.len() > KEPT { used.pop_front() } else { None };
    drop(used);
    if let Some(old) = old
        && !cluster.remove(&old)
    {
        USED.lock().unwrap_or_else(PoisonError::into_inner).push_back(old);
    }
    url
}
