//! Random choices of a test: small, fast, and the same for the same seed.

use directory::Random;

#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// 0 to `sides` - 1.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// Above 0, up to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.roll(1 << 53) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// `MUSTER_SEED`, or a new one; printed either way.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("MUSTER_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from_be_bytes(Random::system().bytes()));
    println!("MUSTER_SEED={seed}");
    seed
}
