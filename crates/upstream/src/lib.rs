//! Sends calls to HubSpot over pooled connections.
//!
//! The credential of a connection goes to that connection's host and nowhere else: Keyway makes the URL from
//! the connection's base, follows no redirects, and forwards only listed headers of a client (`headers`).
//! Bodies stream in both directions.

mod ahead;
pub mod arriving;
mod base;
mod body;
mod call;
mod credential;
mod gzip;
mod headers;
pub mod health;
mod judge;
pub mod limiter;
mod linked;
mod links;
mod pool;
mod send;
mod soon;
pub mod tls;
mod unreachable;
mod upload;

pub use base::{Base, BaseError, is_this_machine};
pub use body::{BodyError, Paced};
pub use call::{ATTEMPTS_MAX, AnswerPart, BACKOFF, Mark, Outgoing, Relayed, RequestBody, UpstreamError};
pub use credential::{CredentialError, CredentialInfo};
pub use headers::let_through;
pub use linked::Linked;
pub use links::change_links;
pub use send::{Upstream, post};
pub use unreachable::Why;
pub use upload::{Stopped, Upload};
