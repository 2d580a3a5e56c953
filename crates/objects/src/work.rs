//! The limit on the work of one call.
//!
//! Every loop that a request can multiply (filters × values × records, inputs, properties, pages) charges its
//! steps here before it changes anything. So a call that needs too many steps is refused, and leaves no partial
//! change. Steps are counted and not timed, so that a call is refused on every machine or on none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;

/// Steps of one call. A step is about one filter held against one short value, some 50 ns, so that a
/// call has two or three seconds of one core. A search of 18 filters over 100,000 records takes some
/// four million, a batch of 100 records of 1,000 properties some twenty million.
pub const STEPS_MAX: u64 = 50_000_000;

/// Bytes of one answer. An account keeps no file that is longer (`collections::exports` of the portal).
pub(crate) const ANSWER_BYTES_MAX: usize = 33 << 20;

/// Bytes that one step reads, such as of a text that is searched.
const BYTES_READ: usize = 32;
/// Bytes that one step writes: to an answer, or to the file.
const BYTES_WRITTEN: usize = 8;

/// What a call has left to do.
#[derive(Debug)]
pub struct Work {
    left: AtomicU64,
    over: AtomicU8,
    /// Turns true when the server ends, and nobody waits for the call any more. None where there is no
    /// bound.
    stopping: Option<Arc<AtomicBool>>,
}

/// The work of what no caller sends: seeds, copies, and imports, which are measured before they begin.
pub(crate) static UNBOUNDED: Work = Work { left: AtomicU64::new(u64::MAX), over: AtomicU8::new(0), stopping: None };

/// Why a call is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// It took too many steps.
    #[error(
        "This call takes more than {STEPS_MAX} steps, which is the most that an embedded account does for one call. A step is about one filter held against one value, or one property written. Use fewer filters, values, inputs or records in one call"
    )]
    Steps = 1,
    /// Its answer became too long.
    #[error("The answer to this call is longer than {ANSWER_BYTES_MAX} bytes. Ask for fewer records or properties in one call")]
    Answer = 2,
    /// The server ends.
    #[error("The server is stopping. Send the call again in some seconds")]
    Stopping = 3,
}

impl From<Exceeded> for ErrorBody {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Steps | Exceeded::Answer => Self::validation(exceeded.to_string()),
            Exceeded::Stopping => Refusal::Stopping.error(exceeded.to_string()).retry_after(1),
        }
    }
}

impl Work {
    /// A number of steps for a call. Once `stopping` is true, no step is left.
    pub fn new(steps: u64, stopping: Arc<AtomicBool>) -> Self {
        Self { left: AtomicU64::new(steps), over: AtomicU8::new(0), stopping: Some(stopping) }
    }

    /// A separate number of steps in the same call, for work that the caller did not ask for.
    pub fn part(&self, steps: u64) -> Self {
        Self { left: AtomicU64::new(steps), over: AtomicU8::new(0), stopping: self.stopping.clone() }
    }

    /// Uses up some steps.
    ///
    /// # Errors
    /// Fewer steps are left. From then on none are.
    pub fn charge(&self, steps: u64) -> Result<(), Exceeded> {
        let Some(stopping) = &self.stopping else { return Ok(()) };
        if stopping.load(Ordering::Relaxed) {
            return Err(self.exceed(Exceeded::Stopping));
        }
        // One thread at a time works on a call.
        match self.left.load(Ordering::Relaxed).checked_sub(steps) {
            Some(left) => self.left.store(left, Ordering::Relaxed),
            None => return Err(self.exceed(Exceeded::Steps)),
        }
        Ok(())
    }

    /// Uses up `steps` for each of `count` things.
    ///
    /// # Errors
    /// Fewer steps are left.
    pub fn each(&self, count: usize, steps: u64) -> Result<(), Exceeded> {
        self.charge((count as u64).saturating_mul(steps))
    }

    /// Uses up the steps of reading a text: one, and more for a long one.
    ///
    /// # Errors
    /// Fewer steps are left.
    pub fn read(&self, bytes: usize) -> Result<(), Exceeded> {
        self.each(1 + bytes / BYTES_READ, 1)
    }

    /// Uses up the steps of writing bytes.
    ///
    /// # Errors
    /// Fewer steps are left.
    pub fn write(&self, bytes: usize) -> Result<(), Exceeded> {
        self.each(1 + bytes / BYTES_WRITTEN, 1)
    }

    /// Uses up the steps of adding `more` bytes to an answer of `length` bytes.
    ///
    /// # Errors
    /// Fewer steps are left, or the answer becomes too long.
    pub fn answer(&self, length: usize, more: usize) -> Result<(), Exceeded> {
        if length + more > ANSWER_BYTES_MAX && self.stopping.is_some() {
            return Err(self.exceed(Exceeded::Answer));
        }
        self.write(more)
    }

    /// Whether no more than some steps were used of those that the call had.
    pub fn used_at_most(&self, steps: u64, had: u64) -> bool {
        had - self.left.load(Ordering::Relaxed) <= steps
    }

    /// Why the call can't be finished; none where it can.
    pub fn exceeded(&self) -> Option<Exceeded> {
        let over = self.over.load(Ordering::Relaxed);
        [Exceeded::Steps, Exceeded::Answer, Exceeded::Stopping].into_iter().find(|why| *why as u8 == over)
    }

    fn exceed(&self, why: Exceeded) -> Exceeded {
        self.left.store(0, Ordering::Relaxed);
        // The first reason stays.
        let _ = self.over.compare_exchange(0, why as u8, Ordering::Relaxed, Ordering::Relaxed);
        why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(steps: u64) -> (Work, Arc<AtomicBool>) {
        let stopping = Arc::new(AtomicBool::new(false));
        (Work::new(steps, stopping.clone()), stopping)
    }

    #[test]
    fn what_was_exceeded_once_stays_exceeded() {
        let (work, _) = work(10);
        assert_eq!((work.charge(10), work.exceeded()), (Ok(()), None));
        assert_eq!((work.charge(1), work.charge(0), work.exceeded()), (Err(Exceeded::Steps), Ok(()), Some(Exceeded::Steps)));
    }

    #[test]
    fn an_answer_has_a_longest_length_whatever_is_left() {
        let (work, _) = work(STEPS_MAX);
        assert_eq!(work.answer(ANSWER_BYTES_MAX - 1, 1), Ok(()));
        assert_eq!((work.answer(ANSWER_BYTES_MAX, 1), work.exceeded()), (Err(Exceeded::Answer), Some(Exceeded::Answer)));
    }

    #[test]
    fn a_server_that_ends_ends_its_calls() {
        let (work, stopping) = work(STEPS_MAX);
        assert_eq!(work.charge(1), Ok(()));
        stopping.store(true, Ordering::Relaxed);
        assert_eq!(work.charge(1), Err(Exceeded::Stopping));
    }
}
