//! The control plane: what there is (accounts, apps, tokens, people), where it is kept, and who changes it.
//!
//! Begin with [`control`], whose methods are the changes. Each is one transaction of the [`store`] with the record of who
//! made it, and a new snapshot in the [`registry`], which the next call reads. Knows no request and no listener.

pub mod attention;
pub mod authority;
pub mod backup;
pub mod boxed;
pub mod clock;
pub mod control;
pub mod double;
pub mod live;
pub mod migrate;
pub mod model;
pub mod notifier;
pub mod notify;
pub mod principal;
pub mod registry;
pub mod repeat;
mod role;
pub mod store;
pub mod targets;
mod totp;
pub mod vault;

pub(crate) use keyway_audit as audit;
pub(crate) use keyway_ground::sync;
#[cfg(test)]
pub(crate) use keyway_ground::testing;
pub(crate) use keyway_upstream as upstream;
pub(crate) use keyway_upstream::{limiter, tls};
