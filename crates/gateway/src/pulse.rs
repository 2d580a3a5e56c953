//! Whether the threads of the listeners still do their work: each notes the time once a second, so one that hangs shows
//! without a call to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::sync::locked;

/// How often a thread notes the time.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// A thread that noted nothing for this long hangs. On a machine that is short of processor time a thread may be late by
/// a second or two.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// The threads that must do their work.
pub struct Pulse {
    start: Instant,
    /// When each thread noted the time, in milliseconds since the start. A thread that ended is not there any more.
    threads: Mutex<Vec<Weak<AtomicU64>>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), threads: Mutex::default() }
    }
}

impl Pulse {
    /// Adds a thread. It counts until the beat is dropped.
    #[must_use]
    pub fn thread(self: &Arc<Self>) -> Beat {
        let last = Arc::new(AtomicU64::new(self.since_start(Instant::now())));
        locked(&self.threads).push(Arc::downgrade(&last));
        Beat { pulse: self.clone(), last }
    }

    /// For how long a thread has hung; none while every thread works.
    #[must_use]
    pub fn stalled(&self, now: Instant) -> Option<Duration> {
        let mut threads = locked(&self.threads);
        threads.retain(|last| last.strong_count() > 0);
        let last = threads.iter().filter_map(Weak::upgrade).map(|last| last.load(Ordering::Relaxed)).min()?;
        let silent = Duration::from_millis(self.since_start(now).saturating_sub(last));
        (silent >= STALLED_AFTER).then_some(silent)
    }

    fn since_start(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }
}

/// One thread's part of the pulse.
pub struct Beat {
    pulse: Arc<Pulse>,
    last: Arc<AtomicU64>,
}

impl Beat {
    /// Notes the time, for as long as the thread polls this. It does not end.
    pub async fn keep(self) {
        loop {
            self.last.store(self.pulse.since_start(Instant::now()), Ordering::Relaxed);
            tokio::time::sleep(BEAT_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_notes_no_time_hangs_and_one_that_ended_does_not() {
        let pulse = Arc::new(Pulse::default());
        let later = Instant::now() + STALLED_AFTER + Duration::from_secs(1);
        assert_eq!(pulse.stalled(later), None, "no thread is there");
        let (works, hangs) = (pulse.thread(), pulse.thread());
        assert_eq!(pulse.stalled(Instant::now()), None);
        works.last.store(pulse.since_start(later), Ordering::Relaxed);
        assert!(pulse.stalled(later).is_some_and(|silent| silent >= STALLED_AFTER));
        drop(hangs);
        assert_eq!(pulse.stalled(later), None);
    }
}
