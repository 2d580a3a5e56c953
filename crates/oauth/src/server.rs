//! The server's half: what an authorization request asks for, what a token request presents, and
//! what is answered.

pub mod access_token;
pub mod authorize;
pub mod client_auth;
pub mod code;
pub mod grant;
pub mod introspection;
pub mod refresh_token;

/// How long an access token lives, in seconds (hubspot facts, section 3: 30 minutes).
pub const ACCESS_TOKEN_S: i64 = 1_800;
/// How long a code may wait to be exchanged, in milliseconds (RFC 6749, section 4.1.2: ten minutes at most).
pub const CODE_MS: i64 = 600_000;
