//! What the crates of a server share of its machine: time, locks, and a database that may fall silent.
//!
//! Knows nothing of HubSpot, apps or calls.

pub mod clock;
pub mod database;
pub mod sync;
#[doc(hidden)]
pub mod testing;
