//! OAuth 2.0, client and server halves: what a message must look like, and what follows from it.
//!
//! One file for each part of the specifications, named in its first line. No transport, no clock
//! and no randomness: moments and random bytes are arguments, and what a server keeps (apps, codes,
//! grants) is looked up by the caller. How HubSpot's servers differ from the specifications is
//! taken from the hubspot facts, section 3, and said where it is done.

pub mod agent;
pub mod client;
pub mod error;
pub mod metadata;
pub mod params;
pub mod pkce;
pub mod redirect;
pub mod server;

pub use error::{Code, OAuthError};
pub use params::Params;

/// Random bytes as text that needs no encoding anywhere: base64url without padding (RFC 4648, section 5).
pub fn random_text(random: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random)
}
