//! The only place where random bytes are drawn, and where resource ids are made.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// Random bytes of the operating system, or a reproducible sequence for tests; and resource ids.
#[derive(Clone)]
pub struct Random(Arc<Inner>);

struct Inner {
    source: Source,
    /// Millisecond and 74-bit counter of the id made last.
    last: Mutex<(u64, u128)>,
}

enum Source {
    System,
    Seeded { seed: u64, drawn: Mutex<u64> },
}

const COUNTER_BITS: u32 = 74;
const COUNTER_MAX: u128 = (1 << COUNTER_BITS) - 1;

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

impl Random {
    /// The operating system's generator.
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// The same bytes for the same seed, on every machine; for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self::of(Source::Seeded { seed, drawn: Mutex::new(0) })
    }

    fn of(source: Source) -> Self {
        Self(Arc::new(Inner { source, last: Mutex::new((0, 0)) }))
    }

    /// # Panics
    /// When the operating system cannot give random bytes: no secret may be made then.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    #[expect(
        clippy::expect_used,
        reason = "without randomness every secret made would be weak; ending is right"
    )]
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0.source {
            Source::System => getrandom::fill(bytes).expect("the operating system gives random bytes"),
            Source::Seeded { seed, drawn } => {
                for chunk in bytes.chunks_mut(32) {
                    let mut drawn = drawn.lock();
                    *drawn += 1;
                    let block =
                        Sha256::new().chain_update(seed.to_be_bytes()).chain_update(drawn.to_be_bytes());
                    chunk.iter_mut().zip(block.finalize()).for_each(|(to, from)| *to = from);
                }
            }
        }
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Ids made from now on are greater than this one, whatever the clock says. What is no UUIDv7 changes nothing.
    pub fn continue_after(&self, id: &str) {
        let Ok(id) = uuid::Uuid::try_parse(id) else { return };
        if id.get_version_num() == 7 {
            let mut last = self.0.last.lock();
            *last = (*last).max(parts_of(id.as_u128()));
        }
    }

    /// A new UUIDv7 in text form, greater than every one made before in this process (RFC 9562 §6.2, method 2), and than the
    /// one to continue after: the order of ids is the order of creation, which paging rests on. No two servers make the same.
    pub fn resource_id(&self, now: Timestamp) -> String {
        let drawn = u128::from_be_bytes(self.bytes::<16>());
        let mut last = self.0.last.lock();
        let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let (mut millisecond, mut counter) = *last;
        if now > millisecond {
            // The top bit stays free, so that there is room to count up within the millisecond.
            (millisecond, counter) = (now, drawn & (COUNTER_MAX >> 1));
        } else {
            counter += 1 + (drawn & 0xffff);
            if counter > COUNTER_MAX {
                (millisecond, counter) = (millisecond + 1, drawn & (COUNTER_MAX >> 1));
            }
        }
        *last = (millisecond, counter);
        uuid_v7(millisecond, counter)
    }
}

/// 48 bits of time, 12 and 62 bits of counter around the version and the variant (RFC 9562 §5.7).
fn uuid_v7(millisecond: u64, counter: u128) -> String {
    let high = (counter >> 62) & 0xfff;
    let low = counter & ((1 << 62) - 1);
    let value = (u128::from(millisecond) << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low;
    uuid::Uuid::from_u128(value).hyphenated().to_string()
}

/// Millisecond and counter, the reverse of [`uuid_v7`].
fn parts_of(value: u128) -> (u64, u128) {
    let millisecond = u64::try_from(value >> 80).unwrap_or(0);
    let counter = (((value >> 64) & 0xfff) << 62) | (value & ((1 << 62) - 1));
    (millisecond, counter)
}
