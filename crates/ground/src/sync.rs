//! Locks that are held only for a moment, and never while a task waits.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, and ignores poisoning: a panic while counting leaves a count that is off by one at most.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
