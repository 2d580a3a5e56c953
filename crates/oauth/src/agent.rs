//! OAuth 2.1 for agents: the clients of the Model Context Protocol, of which nobody has heard before they come.
//!
//! A client says who it is in one of two ways. Its id is a URL where a document describes it (OAuth Client ID Metadata
//! Documents), or it registers (RFC 7591) and gets an id that holds what it said. In neither way anything is known for
//! certain but where the answer goes: a person decides.

pub mod client;
pub mod metadata;
pub mod request;

pub use client::{Client, ClientKey, Described};
pub use request::Request;
