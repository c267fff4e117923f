//! Operators' passwords: argon2id, never more than two hashes at once, and a pause after failures.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::context::network_of;
use crate::error::{Error, Result};
use crate::random::Random;

/// Fewest characters of a new password.
pub const PASSWORD_MIN: usize = 12;
/// Bytes of a password at most; longer ones are refused, never cut.
pub const PASSWORD_MAX: usize = 1024;

/// Hashes computed at once; each takes 19 MiB.
const HASHES_AT_ONCE: usize = 2;
/// Callers that may wait for a hash; more are turned away.
const HASHES_WAITING: usize = 16;
/// Failures in a row that are free for one name from one address.
const FREE_FAILURES: u32 = 5;
/// Failures in a row that are free for one address, whatever the names.
const FREE_FAILURES_OF_ADDRESS: u32 = 25;
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// Names and addresses remembered at most.
const REMEMBERED: usize = 10_000;

pub(crate) struct Passwords {
    working: Semaphore,
    waiting: Semaphore,
    random: Random,
    failures: Mutex<HashMap<Attempt, Failures>>,
}

/// Who tries: an operator name from an address. A name alone would let anybody lock somebody out.
type Attempt = (String, Option<IpAddr>);

fn attempt(name: &str, address: Option<IpAddr>) -> Attempt {
    (name.to_owned(), address.map(network_of))
}

struct Failures {
    count: u32,
    last: Timestamp,
}

impl Passwords {
    pub(crate) fn new(random: &Random) -> Self {
        Self {
            working: Semaphore::new(HASHES_AT_ONCE),
            waiting: Semaphore::new(HASHES_AT_ONCE + HASHES_WAITING),
            random: random.clone(),
            failures: Mutex::default(),
        }
    }

    /// The PHC string that is stored.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let (password, salt) = (password.to_owned(), self.random.bytes::<16>());
        self.work(move || hash(&password, &salt)).await?
    }

    /// Whether the password is the one hashed in `stored`. Without one (no such operator) the same work is done, so that
    /// the time taken does not tell which names exist.
    pub(crate) async fn verify(&self, password: &str, stored: Option<String>) -> Result<bool> {
        let (password, salt) = (password.to_owned(), self.random.bytes::<16>());
        self.work(move || match stored {
            Some(stored) => PasswordHash::new(&stored)
                .is_ok_and(|stored| argon2().verify_password(password.as_bytes(), &stored).is_ok()),
            None => hash(&password, &salt).is_err(),
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Error::Throttled { retry_after: Duration::from_secs(1) });
        };
        let _turn = self.working.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(job).await.map_err(Error::internal)
    }

    /// # Errors
    /// [`Error::Throttled`] while this name pauses for this address: 1 s after the fifth failure in a row, then doubling.
    pub(crate) fn may_try(&self, name: &str, address: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let failures = self.failures.lock();
        let until = [(name, FREE_FAILURES), ("", FREE_FAILURES_OF_ADDRESS)]
            .into_iter()
            .filter_map(|(name, free)| failures.get(&attempt(name, address))?.until(free))
            .max();
        match until {
            Some(until) if now < until => {
                let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                Err(Error::Throttled { retry_after: left.max(Duration::from_secs(1)) })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn failed(&self, name: &str, address: Option<IpAddr>, now: Timestamp) {
        let mut failures = self.failures.lock();
        if failures.len() >= REMEMBERED {
            failures.retain(|_, f| now.duration_since(f.last) < SignedDuration::from_mins(15));
        }
        if failures.len() >= REMEMBERED {
            failures.clear();
        }
        for name in [name, ""] {
            let entry = failures.entry(attempt(name, address)).or_insert(Failures { count: 0, last: now });
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
        }
    }

    pub(crate) fn succeeded(&self, name: &str, address: Option<IpAddr>) {
        self.failures.lock().remove(&attempt(name, address));
    }
}

impl Failures {
    fn until(&self, free: u32) -> Option<Timestamp> {
        let more = self.count.checked_sub(free)?;
        let pause = Duration::from_secs(1 << more.min(20)).min(PAUSE_MAX);
        self.last.saturating_add(pause).ok()
    }
}

/// OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str, salt: &[u8]) -> Result<String> {
    let hash = argon2().hash_password_with_salt(password.as_bytes(), salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

/// Whether a new password will do. Length is what counts (NIST SP 800-63B §3.1.1.2); no rules on kinds of characters.
///
/// # Errors
/// [`Error::Invalid`]
pub(crate) fn acceptable(password: &str, name: &str) -> Result<()> {
    let refused = |why: String| Err(Error::invalid("password", why));
    if password.chars().count() < PASSWORD_MIN {
        return refused(format!(
            "use at least {PASSWORD_MIN} characters; a few words in a row are easy to remember"
        ));
    }
    if password.len() > PASSWORD_MAX {
        return refused(format!("use at most {PASSWORD_MAX} bytes"));
    }
    let folded = scim::compare::fold(password);
    let distinct: std::collections::BTreeSet<char> = folded.chars().collect();
    let ordinary = ["password", "passw0rd", "123456", "qwerty", "letmein", "changeme", "muster"];
    let rest = ordinary
        .iter()
        .fold(folded.replace(&scim::compare::fold(name), ""), |rest, word| rest.replace(word, ""));
    if distinct.len() < 5 || rest.chars().count() < PASSWORD_MIN / 2 {
        return refused("this is too easy to guess: it is little more than a common word, the name, or a few characters repeated".to_owned());
    }
    Ok(())
}

/// Four groups of five characters that cannot be mistaken for each other: 100 bits.
pub(crate) fn generate(random: &Random) -> String {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
        'x', 'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9', 'i',
    ];
    let letters = random.bytes::<20>().map(|b| ALPHABET.get(usize::from(b % 32)).copied().unwrap_or('a'));
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
