//! Locks, held for moments and never over a wait.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic while counting leaves a count that is at worst off by one; go on with it.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
