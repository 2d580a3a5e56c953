//! What the listener of agents says of itself: the resource (RFC 9728), and its authorization server (RFC 8414).

use serde_json::{Value, json};

/// The path of the protocol on the listener, which makes the resource's identifier with the origin.
pub const MCP: &str = "/mcp";
/// Where the resource describes itself; with [`MCP`] behind it too (RFC 9728, section 3.1).
pub const RESOURCE: &str = "/.well-known/oauth-protected-resource";
/// The endpoints of the authorization server on the listener.
pub const TOKEN: &str = "/oauth/token";
/// Where clients register.
pub const REGISTER: &str = "/oauth/register";
/// Where a client ends what it was given.
pub const REVOKE: &str = "/oauth/revoke";
/// Where people decide, on the admin listener.
pub const AUTHORIZE: &str = "/agents/authorize";

/// What a client reads of the resource. Scopes are left out: which of HubSpot's there are says nothing of which an agent
/// needs, and a client asks for all that it reads here.
pub fn resource(origin: &str) -> Value {
    json!({
        "resource": format!("{origin}{MCP}"),
        "authorization_servers": [origin],
        "bearer_methods_supported": ["header"],
        "resource_name": "Keyway",
    })
}

/// What a client reads of the authorization server. `people` is where people sign in.
pub fn server(origin: &str, people: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{people}{AUTHORIZE}"),
        "token_endpoint": format!("{origin}{TOKEN}"),
        "registration_endpoint": format!("{origin}{REGISTER}"),
        "revocation_endpoint": format!("{origin}{REVOKE}"),
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    })
}

/// The origin of a resource that a client names, where it is the listener's own: with the path of the protocol, or whole.
/// None where it is not such a URI.
pub fn origin_of(resource: &str) -> Option<String> {
    let (scheme, rest) = resource.split_once("://")?;
    let authority = rest.split('/').next()?;
    let is_path = matches!(&rest[authority.len()..], "" | "/" | MCP | "/mcp/");
    let is_authority = !authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    (is_path && is_authority).then(|| format!("{}://{}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_the_listener_and_nothing_beside_it() {
        for resource in ["https://Agents.example/mcp", "https://agents.example", "HTTPS://agents.example/", "https://agents.example/mcp/"] {
            assert_eq!(origin_of(resource).as_deref(), Some("https://agents.example"), "{resource}");
        }
        assert_eq!(origin_of("http://127.0.0.1:8487/mcp").as_deref(), Some("http://127.0.0.1:8487"));
        for resource in [
            "",
            "mcp",
            "https:///mcp",
            "https://a.example/mcp/x",
            "https://a.example/mcp?x",
            "https://a.example/mcp#x",
            "https://u@a.example/mcp",
            "https://a.example/crm",
        ] {
            assert_eq!(origin_of(resource), None, "{resource}");
        }
    }
}
