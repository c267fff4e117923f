//! Seeded dice: the same seed and the same check give the same values, whatever runs beside it.

/// A small deterministic generator (splitmix64). Not for secrets.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice of their own for each `name`, so that the order in which checks run does not matter.
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut dice = Self { state: seed ^ hash };
        dice.next();
        dice
    }

    #[expect(clippy::should_implement_trait, reason = "an endless source; it never gives None")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit` (0 when `limit` is 0).
    pub fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { usize::try_from(self.next() % limit as u64).unwrap_or(0) }
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len());
        from.get(at).copied().unwrap_or_default()
    }

    fn of_set(&mut self, set: &[u8], length: usize) -> String {
        (0..length).filter_map(|_| set.get(self.below(set.len())).copied()).map(char::from).collect()
    }

    pub fn letters(&mut self, length: usize) -> String {
        self.of_set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", length)
    }

    pub fn digits(&mut self, length: usize) -> String {
        self.of_set(b"0123456789", length)
    }

    pub fn base36(&mut self, length: usize) -> String {
        self.of_set(b"0123456789abcdefghijklmnopqrstuvwxyz", length)
    }

    /// A UUID in the form of version 4.
    pub fn guid(&mut self) -> String {
        let hex = self.of_set(b"0123456789abcdef", 30);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }
}
