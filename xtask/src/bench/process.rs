//! What a process used: processor time and memory of its own, as Linux tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Of `/proc/PID/stat`; the same on every Linux that runs this.
const TICKS_PER_SECOND: f64 = 100.0;
const GLANCE: Duration = Duration::from_millis(250);

/// User and system time of all threads.
pub(super) fn cpu_seconds(pid: u32) -> Option<f64> {
    ticks(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
        .map(|ticks| ticks as f64 / TICKS_PER_SECOND)
}

fn ticks(stat: &str) -> Option<u64> {
    // The name of the program stands in brackets and may hold anything, blanks and brackets too.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Bytes that are the process's own, without the page cache.
pub(super) fn anonymous_bytes(pid: u32) -> Option<u64> {
    anonymous(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

fn anonymous(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// One, five and fifteen minutes.
pub(super) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Looks at the memory of a process four times a second and keeps the most.
pub(super) struct MemoryWatch {
    most: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
}

impl MemoryWatch {
    pub(super) fn start(pid: u32) -> Self {
        let watch = Self { most: Arc::default(), ended: Arc::default() };
        let (most, ended) = (watch.most.clone(), watch.ended.clone());
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                most.fetch_max(anonymous_bytes(pid).unwrap_or_default(), Ordering::Relaxed);
                std::thread::sleep(GLANCE);
            }
        });
        watch
    }

    /// The most since it was asked last.
    pub(super) fn take(&self) -> u64 {
        self.most.swap(0, Ordering::Relaxed)
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_stand_behind_the_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 9 0 100 1000 10 18446744073709551615";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("42 (a"), None);
    }

    #[test]
    fn anonymous_memory_is_in_the_rollup() {
        let rollup = "55 7f [rollup]\nRss:   9000 kB\nAnonymous:          2048 kB\nLazyFree: 0 kB\n";
        assert_eq!(anonymous(rollup), Some(2 * 1024 * 1024));
        assert_eq!(anonymous("Rss: 1 kB\n"), None);
    }

    #[test]
    fn this_process_has_both() {
        let own = std::process::id();
        assert!(cpu_seconds(own).is_some() && anonymous_bytes(own).is_some_and(|bytes| bytes > 0));
    }
}
