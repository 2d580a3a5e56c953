//! The admin API as types: every operation with its method, path and role, and the bodies, queries and answers.
//!
//! The server and its clients (the console, the command line) use the same types, and `docs/openapi.json` is made of
//! them. Nothing is decided here, and nothing is read or sent.

pub mod body;
mod common;
mod list;
pub mod operations;
pub mod query;
pub mod view;

pub use common::{Moment, Problem, RoleName, VERSION, Versioned};
pub use list::List;
pub use operations::{Access, OPERATIONS, Operation, OperationId};
