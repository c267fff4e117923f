//! Slices made into figures: throughput of the median slice, percentiles over all of them.

use super::drive::Slice;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// Operations a second of the median slice.
    pub(super) per_second: f64,
    pub(super) p50_us: u32,
    pub(super) p95_us: u32,
    pub(super) p99_us: u32,
    pub(super) max_us: u32,
    pub(super) operations: u64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    /// Of one answer, on average.
    pub(super) answer_bytes: usize,
    /// Processor time of the server for one operation.
    pub(super) cpu_us: Option<f64>,
}

impl Measured {
    /// `cpu_seconds` of the server over all slices.
    pub(super) fn of(slices: &[Slice], cpu_seconds: Option<f64>) -> Self {
        let rates = slices.iter().filter(|s| s.seconds > 0.0).map(|s| s.latencies.len() as f64 / s.seconds);
        let mut latencies: Vec<u32> = slices.iter().flat_map(|s| s.latencies.iter().copied()).collect();
        latencies.sort_unstable();
        let operations = latencies.len() as u64;
        let answers: u64 = slices.iter().map(|s| s.answers).sum();
        let bytes: u64 = slices.iter().map(|s| s.bytes).sum();
        Self {
            per_second: median(rates.collect()),
            p50_us: percentile(&latencies, 0.5),
            p95_us: percentile(&latencies, 0.95),
            p99_us: percentile(&latencies, 0.99),
            max_us: latencies.last().copied().unwrap_or_default(),
            operations,
            errors: slices.iter().map(|s| s.errors).sum(),
            first_error: slices.iter().find_map(|s| s.first_error.clone()),
            answer_bytes: usize::try_from(bytes.checked_div(answers).unwrap_or_default()).unwrap_or_default(),
            cpu_us: cpu_seconds.filter(|_| operations > 0).map(|s| s * 1e6 / operations as f64),
        }
    }
}

/// The middle one, the mean of the two middle ones; 0 of none.
pub(super) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

/// The smallest of the sorted figures that so large a share does not exceed.
pub(super) fn percentile(sorted: &[u32], share: f64) -> u32 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        for (figures, expect) in
            [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0, 5.0], 5.0), (vec![4.0, 1.0, 2.0, 9.0], 3.0)]
        {
            assert!((median(figures.clone()) - expect).abs() < 1e-9, "{figures:?}");
        }
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).collect();
        let cases = [
            (&hundred[..], 0.5, 50),
            (&hundred, 0.99, 99),
            (&hundred, 1.0, 100),
            (&[7], 0.99, 7),
            (&[], 0.5, 0),
        ];
        for (sorted, share, expect) in cases {
            assert_eq!(percentile(sorted, share), expect, "{share} of {}", sorted.len());
        }
    }

    #[test]
    fn slices_are_taken_together() {
        let slice = |latencies: &[u32], seconds, errors| Slice {
            latencies: latencies.to_vec(),
            seconds,
            errors,
            first_error: (errors > 0).then(|| "wrong".to_owned()),
            bytes: 100 * latencies.len() as u64,
            answers: latencies.len() as u64,
        };
        let slices = [slice(&[10, 20], 1.0, 0), slice(&[30, 40, 50], 1.0, 2), slice(&[60], 1.0, 0)];
        let measured = Measured::of(&slices, Some(0.006));
        assert!((measured.per_second - 2.0).abs() < 1e-9, "of the median slice");
        assert_eq!((measured.p50_us, measured.max_us, measured.operations), (30, 60, 6));
        assert_eq!((measured.errors, measured.first_error.as_deref()), (2, Some("wrong")));
        assert_eq!(measured.answer_bytes, 100);
        assert!((measured.cpu_us.unwrap() - 1_000.0).abs() < 1e-6);
        assert_eq!(Measured::of(&[], Some(1.0)).cpu_us, None, "nothing was done");
    }
}
