//! The gateway: every call authenticated, authorised, limited, recorded, then handed to a backend.
//!
//! Begin with [`pipeline`], whose files are the steps of one request in order. What is decided is
//! decided in `keyway-core`; this crate brings the clock, the network and the store to it.

pub mod admin;
pub mod admin_listener;
pub mod agents;
pub mod attention;
pub mod authority;
pub mod backend;
pub mod backup;
pub mod boxed;
pub mod clock;
pub mod control;
pub mod coverage;
pub mod double;
pub mod guesses;
pub mod held;
pub mod history;
mod known;
pub mod live;
pub mod metrics;
pub mod migrate;
pub mod model;
pub mod notifier;
pub mod notify;
pub mod oidc;
pub mod pipeline;
pub mod principal;
pub mod proxy;
pub mod pulse;
pub mod registry;
pub mod repeat;
mod role;
pub mod server;
pub mod store;
pub mod targets;
pub mod tokens;
mod totp;
pub mod vault;
pub mod webhooks;

pub use keyway_audit as audit;
pub(crate) use keyway_ground::sync;
#[cfg(test)]
pub(crate) use keyway_ground::testing;
pub use keyway_upstream as upstream;
pub use keyway_upstream::{arriving, limiter, tls};
