//! The Model Context Protocol server: a few typed tools and the whole catalog, for agents.
//!
//! It presents; it decides nothing. Each tool becomes one or a few calls of HubSpot's API, which go down a [`road`] to
//! the gateway's pipeline with the token of the agent. What the token may do is enforced there, so that a call by
//! plain HTTP is held to the same rules. Begin with [`server`]; the tools are in [`tools`], one table.

mod answer;
mod arguments;
mod discovery;
mod elicit;
pub mod http;
mod legacy;
mod marks;
mod masks;
mod open;
mod refused;
pub mod road;
pub mod server;
mod standing;
pub mod stdio;
mod tools;

pub use masks::{Masks, MasksError};
pub use tools::operations;
pub use tools::page::{PAGE_BEGIN, PAGE_END, page};

/// Rows of an answer where the model asks for no number.
pub const ROWS_DEFAULT: u64 = 20;
/// Most rows of an answer.
pub const ROWS_MAX: u64 = 100;
/// Longest answer in bytes, in each of its two forms (text and structured); about 6,000 tokens.
pub const ANSWER_BYTES_MAX: usize = 24 << 10;
/// Longest text of one value in bytes; what is longer is cut, and says so.
pub const VALUE_BYTES_MAX: usize = 2_000;
/// Longest request in bytes, over HTTP and on standard input.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;
/// Longest answer of the API that is read, in bytes.
pub const API_ANSWER_BYTES_MAX: usize = 8 << 20;
/// How long one tool may take, in seconds; a call waits in the pipeline for its turn.
pub const TOOL_TIME_MAX_S: u64 = 60;
/// Tools that run at one time on one listener, and in one `keyway mcp`.
pub const TOOLS_MAX: usize = 64;
