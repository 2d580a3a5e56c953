//! What is counted of the calls, and Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::backend::Sent;
use crate::upstream::UpstreamError;

/// Counters of the data listener, since the start.
#[derive(Default)]
pub struct Metrics {
    answered: [AtomicU64; 5],
    took: Histogram,
    waited: Histogram,
    attempts: AtomicU64,
    unreachable: AtomicU64,
    broken: AtomicU64,
    timed_out: AtomicU64,
    summed: AtomicU64,
}

impl Metrics {
    /// Counts a call that was answered.
    pub fn answered(&self, status: u16, took: Duration, sent: &Sent) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.answered[class].fetch_add(1, Ordering::Relaxed);
        self.took.observe(took);
        if sent.attempts == 0 && sent.waited.is_zero() {
            return;
        }
        self.waited.observe(sent.waited);
        self.attempts.fetch_add(u64::from(sent.attempts), Ordering::Relaxed);
        let failed = match sent.failed {
            Some(UpstreamError::Unreachable(_)) => &self.unreachable,
            Some(UpstreamError::Broken) => &self.broken,
            Some(UpstreamError::TimedOut) => &self.timed_out,
            Some(UpstreamError::Unsendable) | None => return,
        };
        failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a refused call that has no record of its own in the audit.
    pub fn summed(&self) {
        self.summed.fetch_add(1, Ordering::Relaxed);
    }

    /// Appends all of it.
    pub fn write(&self, text: &mut String) {
        head(text, "keyway_calls_total", "counter", "Calls answered on the data listener.");
        for (class, count) in self.answered.iter().enumerate() {
            line(text, "keyway_calls_total", &[("status", &format!("{}xx", class + 1))], count.load(Ordering::Relaxed));
        }
        head(text, "keyway_summed_calls_total", "counter", "Refused calls of unknown callers that share a record of the audit.");
        line(text, "keyway_summed_calls_total", &[], self.summed.load(Ordering::Relaxed));
        self.took.write(text, "keyway_call_seconds", "Time that a call took, HubSpot's part and waiting included.");
        self.waited.write(text, "keyway_wait_seconds", "Time that a call to a connected account waited for its limits.");
        head(text, "keyway_upstream_attempts_total", "counter", "Calls sent to HubSpot, each time counted.");
        line(text, "keyway_upstream_attempts_total", &[], self.attempts.load(Ordering::Relaxed));
        head(text, "keyway_upstream_errors_total", "counter", "Calls that HubSpot gave no answer to.");
        for (kind, count) in [("unreachable", &self.unreachable), ("broken", &self.broken), ("timed_out", &self.timed_out)] {
            line(text, "keyway_upstream_errors_total", &[("kind", kind)], count.load(Ordering::Relaxed));
        }
    }
}

/// `# HELP` and `# TYPE`.
pub fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string does not fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

/// One sample. The values of labels are numbers and words of Keyway's own.
pub fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {value}");
}

/// Upper ends of the buckets, in microseconds.
const BUCKETS_US: [u64; 12] = [250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 30_000_000];

#[derive(Default)]
struct Histogram {
    /// By bucket, the last for what is longer than all; not cumulative.
    counts: [AtomicU64; BUCKETS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.partition_point(|end| *end < us);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn write(&self, text: &mut String, name: &str, help: &str) {
        head(text, name, "histogram", help);
        let mut sum = 0;
        for (end, count) in BUCKETS_US.iter().zip(&self.counts) {
            sum += count.load(Ordering::Relaxed);
            line(text, &format!("{name}_bucket"), &[("le", &(*end as f64 / 1e6).to_string())], sum);
        }
        sum += self.counts[BUCKETS_US.len()].load(Ordering::Relaxed);
        line(text, &format!("{name}_bucket"), &[("le", "+Inf")], sum);
        line(text, &format!("{name}_sum"), &[], self.sum_us.load(Ordering::Relaxed) as f64 / 1e6);
        line(text, &format!("{name}_count"), &[], sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_an_end_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for us in [250, 251, 40_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let mut text = String::new();
        histogram.write(&mut text, "h", "Help.");
        for there in [
            "h_bucket{le=\"0.00025\"} 1\n",
            "h_bucket{le=\"0.0005\"} 2\n",
            "h_bucket{le=\"30\"} 2\n",
            "h_bucket{le=\"+Inf\"} 3\n",
            "h_sum 40.000501\n",
            "h_count 3\n",
        ] {
            assert!(text.contains(there), "{there}: {text}");
        }
    }

    #[test]
    fn only_calls_to_hubspot_count_as_waiting_or_failed() {
        let metrics = Metrics::default();
        metrics.answered(200, Duration::from_micros(100), &Sent::default());
        let failed = Sent { attempts: 3, waited: Duration::ZERO, failed: Some(UpstreamError::Broken) };
        metrics.answered(502, Duration::from_micros(100), &failed);
        let mut text = String::new();
        metrics.write(&mut text);
        for there in [
            "status=\"2xx\"} 1\n",
            "status=\"5xx\"} 1\n",
            "keyway_wait_seconds_count 1\n",
            "attempts_total 3\n",
            "kind=\"broken\"} 1\n",
            "kind=\"unreachable\"} 0\n",
        ] {
            assert!(text.contains(there), "{there}: {text}");
        }
    }
}
