//! Whether records could be written recently, for the health of the server.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use keyway_core::time::Timestamp;

use super::error::AuditError;

/// For how long a record that could not be written counts, in milliseconds.
const FAILING_MS: i64 = 10 * 60_000;

/// Whether records of calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// There was none to write since the start.
    Unknown,
    /// They are.
    Fine,
    /// One could not be written in the last ten minutes.
    Failing,
}

/// Whether the last records could be written.
#[derive(Debug, Default)]
pub(super) struct Written {
    some: AtomicBool,
    /// When the last one failed, in milliseconds; 0 for never.
    failed_ms: AtomicI64,
}

impl Written {
    /// Notes whether a record could be written, and returns the outcome unchanged.
    pub fn note(&self, at: Timestamp, outcome: Result<(), AuditError>) -> Result<(), AuditError> {
        match &outcome {
            Ok(()) if self.some.load(Ordering::Relaxed) => {}
            Ok(()) => self.some.store(true, Ordering::Relaxed),
            Err(_) => self.failed_ms.store(at.as_ms(), Ordering::Relaxed),
        }
        outcome
    }

    /// As of now.
    pub fn state(&self, now: Timestamp) -> Writing {
        let failed_ms = self.failed_ms.load(Ordering::Relaxed);
        if failed_ms != 0 && now.as_ms() - failed_ms < FAILING_MS {
            Writing::Failing
        } else if self.some.load(Ordering::Relaxed) {
            Writing::Fine
        } else {
            Writing::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_not_written_counts_for_ten_minutes() {
        let (written, at) = (Written::default(), Timestamp::from_ms(1_790_000_000_000));
        assert_eq!(written.state(at), Writing::Unknown);
        assert!(written.note(at, Ok(())).is_ok());
        assert_eq!(written.state(at), Writing::Fine);
        assert!(written.note(at, Err(AuditError::NotWritable)).is_err());
        assert!(written.note(at, Ok(())).is_ok());
        assert_eq!(written.state(at.plus_ms(FAILING_MS - 1)), Writing::Failing);
        assert_eq!(written.state(at.plus_ms(FAILING_MS)), Writing::Fine);
    }
}
