//! How instances on one PostgreSQL tell each other that they live.

use std::time::Duration;

/// How often a writer says that it lives.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(2);
/// After this silence its instance counts as dead, in milliseconds.
pub(super) const DEAD_AFTER_MS: i64 = 15_000;
