//! Facts about HubSpot's API, and decisions from them.
//!
//! Pure: no IO, no async, no clock and no randomness. The caller passes in the time and the random bytes, so tests of every
//! decision use constants. Begin with [`catalog`] (what HubSpot offers), then [`policy`] (who may do it).

pub mod address;
pub mod agents;
pub mod approval;
pub mod association;
pub mod beside;
pub mod catalog;
pub mod client_address;
pub mod cover;
pub mod credential;
pub mod error_body;
pub mod form;
pub mod guards;
pub mod hosts;
pub mod hublet;
pub mod late_search;
pub mod links;
pub mod mask;
pub mod object_type;
pub mod origin;
pub mod path;
pub mod policy;
pub mod proxy_header;
pub mod quota;
pub mod reach;
pub mod records;
pub mod refusal;
pub mod requirement;
pub mod safety;
pub mod scope;
pub mod secret;
pub mod sensitive;
pub mod share;
pub mod shown;
pub mod snippet;
pub mod strict;
pub mod sunset;
pub mod tables;
pub mod time;
pub mod token;
pub mod touched;
pub mod translate;
pub mod unlisted;
pub mod written;
