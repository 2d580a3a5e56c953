//! What the crates of a server share: clocks, locks, and time limits for the database.
//!
//! This crate knows nothing of HubSpot, apps or calls.

pub mod clock;
pub mod database;
pub mod sync;
#[doc(hidden)]
pub mod testing;
