//! HubSpot's MCP servers, as agents are set up with them: they call with a token that needs scopes, too.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::other;
use crate::detect::Text;
use crate::finding::{Usage, UsageAuth, Via};
use crate::text::is_comment;

/// The remote server, HubSpot's package, and packages of others.
static SERVER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)(?P<server>mcp(?:-[a-z]{2}\d)?\.hubspot\.com|@hubspot/mcp-server|@[\w-]+/(?:mcp-server-hubspot|hubspot-mcp(?:-server)?)|\bmcp-server-hubspot\b|\bmcp-hubspot\b|\bhubspot-mcp(?:-server)?\b)")
        .expect("a constant")
});

/// Finds agents' servers: in settings and code, not in prose.
pub(super) fn find(text: Text<'_>) -> Vec<(usize, Usage)> {
    if memchr::memmem::find(text.bytes, b"mcp").is_none() || super::url::is_prose(text.path) || is_lock(text.path) {
        return Vec::new();
    }
    let mut found: Vec<(usize, Usage)> = Vec::new();
    for server in SERVER.captures_iter(text.bytes).filter_map(|captures| captures.name("server")) {
        let line = crate::text::line_near(text.bytes, server.start()).start;
        // A key `"hubspot-mcp": {` only names the entry that says what is run.
        let keyed = text.bytes[server.end()..].starts_with(b"\":");
        if keyed || is_comment(&text.bytes[line..server.start()]) {
            continue;
        }
        let name = String::from_utf8_lossy(server.as_bytes()).into_owned();
        if found.iter().any(|(_, usage)| usage.operation == format!("mcp {name}")) {
            continue;
        }
        found.push((server.start(), other(Via::Mcp, format!("mcp {name}"), Some(name), UsageAuth::Bearer)));
    }
    found
}

/// Lock files list what a manifest names.
fn is_lock(path: &str) -> bool {
    path.ends_with("lock") || path.ends_with("-lock.json") || path.ends_with("-lock.yaml")
}
