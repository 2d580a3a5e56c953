//! Authorization server metadata (RFC 8414).

use serde_json::{Value, json};

/// The path at which a client looks for it (section 3).
pub const PATH: &str = "/.well-known/oauth-authorization-server";

/// What a client reads there. `issuer` is where the token endpoint is, `people` where people sign in.
pub fn document(issuer: &str, people: &str, scopes: &[&str]) -> Value {
    let endpoint = |name: &str| format!("{issuer}/oauth/2026-09/{name}");
    let auth = ["client_secret_post", "client_secret_basic", "none"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{people}/oauth/authorize"),
        "token_endpoint": endpoint("token"),
        "introspection_endpoint": endpoint("token/introspect"),
        "revocation_endpoint": endpoint("token/revoke"),
        "token_endpoint_auth_methods_supported": auth,
        "introspection_endpoint_auth_methods_supported": auth,
        "revocation_endpoint_auth_methods_supported": auth,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        // RFC 9207: the answer says which server it is from, so that a client of several can't be misled.
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": scopes,
    })
}
