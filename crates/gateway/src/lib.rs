//! The gateway: every call authenticated, authorised, limited, recorded, then handed to a backend.
//!
//! Begin with [`pipeline`], whose files are the steps of one request in order. What is decided is
//! decided in `keyway-core`; this crate brings the clock, the network and the store to it.

pub mod admin;
pub mod admin_listener;
pub mod agents;
pub mod backend;
pub mod coverage;
pub mod guesses;
pub mod held;
pub mod history;
mod known;
pub mod metrics;
pub mod oidc;
pub mod pipeline;
pub mod proxy;
pub mod pulse;
pub mod server;
pub mod tokens;
pub mod webhooks;

pub use keyway_audit as audit;
pub use keyway_control::{
    attention, authority, backup, boxed, clock, control, double, live, migrate, model, notifier, notify, principal, registry, repeat,
    store, targets, vault,
};
pub(crate) use keyway_ground::sync;
pub use keyway_upstream as upstream;
pub use keyway_upstream::{arriving, limiter, tls};
