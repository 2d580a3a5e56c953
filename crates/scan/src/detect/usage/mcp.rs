//! HubSpot's MCP servers in the settings of agents. They call with a credential that needs scopes, too.
//!
//! These are HubSpot's own servers (the remote one, the npm package, the one in its CLI), packages by others, and
//! servers that others run for HubSpot at their own address.

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::agents;
use regex::bytes::Regex;

use super::other;
use crate::detect::{Text, entry, sent};
use crate::finding::{Usage, UsageAuth, Via};
use crate::text::{contains_ignore_case, is_comment, line_near};

/// The remote server, HubSpot's package, and packages by others.
static SERVER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)(?P<server>mcp(?:-[a-z]{2}\d)?\.hubspot\.com|@hubspot/mcp-server|@[\w-]+/(?:mcp-server-hubspot|mcp-hubspot|hubspot-mcp(?:-server)?)|\bmcp-server-hubspot\b|\bmcp[-_]hubspot\b|\bmcp/hubspot\b|\bhubspot-mcp(?:-server)?\b)")
        .expect("a constant")
});

/// The server in HubSpot's CLI: `hs mcp start` in a shell, `"command": "hs", "args": ["mcp", "start"]` in settings,
/// in either order, and `npx -p @hubspot/cli hs mcp start`. `hs mcp setup` writes the settings.
static CLI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)(?:\bhs["']?[\s,]+(?:["']?args["']?\s*[:=]\s*)?[\[\s"',-]*mcp["']?[\s,]+[\s"',-]*(?:start|setup)\b|\bmcp["']?[\s,]+[\s"',-]*start["'\]\s,]+["']?command["']?\s*[:=]\s*["']?hs\b)"#,
    )
    .expect("a constant")
});

/// Finds agents' servers in settings, manifests and code, but not in prose.
pub(super) fn find(text: Text<'_>) -> Vec<(usize, Usage)> {
    let is_prose = super::url::is_prose(text.path) && !is_requirements(text.path);
    if memchr::memmem::find(text.bytes, b"mcp").is_none() || is_prose || is_lock(text.path) {
        return Vec::new();
    }
    let named = SERVER.captures_iter(text.bytes).filter_map(|captures| captures.name("server")).map(|server| server.range());
    let named = named.filter(|at| !is_name(text.bytes, at)).map(|at| (at.start, text.bytes[at].to_vec()));
    let by_cli = CLI.find_iter(text.bytes).map(|command| (command.start(), b"hs mcp".to_vec()));
    let mut found: Vec<(usize, Usage)> = Vec::new();
    for (at, server) in named.chain(by_cli).chain(of_others(text)) {
        if is_comment(&text.bytes[line_near(text.bytes, at).start..at]) || is_told(text, at) {
            continue;
        }
        let name = String::from_utf8_lossy(&server).into_owned();
        let operation = format!("mcp {name}");
        if found.iter().all(|(_, usage)| usage.operation != operation) {
            found.push((at, other(Via::Mcp, operation, Some(name), UsageAuth::Bearer)));
        }
    }
    found
}

/// Whether a program's documentation names the server: a docstring of Python or Elixir, or a comment behind code.
fn is_told(text: Text<'_>, at: usize) -> bool {
    const SLASHES: [&str; 15] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "go", "java", "cs", "kt", "swift", "dart", "rs"];
    let head = &text.bytes[line_near(text.bytes, at).start..at];
    let ends = |endings: &[&str]| text.path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending));
    let (is_python, is_elixir) = (ends(&["py"]), ends(&["ex", "exs"]));
    let hash = is_python || is_elixir || ends(&["rb"]);
    let mark = if hash { b" # ".as_slice() } else { b" // " };
    if (hash || ends(&SLASHES)) && memchr::memmem::find(head, mark).is_some() {
        return true;
    }
    if !is_python && !is_elixir {
        return false;
    }
    // A text that is given a name or passed on is a value; one that is a statement of its own is documentation.
    let quotes: Vec<usize> = memchr::memmem::find_iter(text.bytes, b"\"\"\"").collect();
    quotes.chunks_exact(2).filter(|pair| pair[0] < at && at < pair[1]).any(|pair| {
        let before = text.bytes[line_near(text.bytes, pair[0]).start..pair[0]].trim_ascii();
        before.is_empty() || before == b"r" || before.starts_with(b"@moduledoc") || before.starts_with(b"@doc")
    })
}

/// Servers that others run, in an agent's settings: entries that name HubSpot, and the host of their address.
fn of_others(text: Text<'_>) -> Vec<(usize, Vec<u8>)> {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)(?:https?|wss?):(?:\\?/){2}").expect("a constant"));
    if agents::whose_settings(text.path, text.bytes).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for url in ADDRESS.find_iter(text.bytes) {
        let names_hubspot = |entry: &entry::Entry| {
            contains_ignore_case(entry.key.as_bytes(), b"hubspot") || contains_ignore_case(&text.bytes[entry.at.clone()], b"hubspot")
        };
        // The innermost entry with an address is the server's. n8n has the address among the parameters of a named node.
        let around = entry::around(text.bytes, url.start());
        let has_address = |entry: &entry::Entry| sent::addresses(&text.bytes[entry.at.clone()]).next().is_some();
        let Some(at) = around.iter().position(has_address) else { continue };
        let of_node = around.get(at + 1).filter(|_| around[at].key == "parameters");
        let server = of_node.unwrap_or(&around[at]);
        if !names_hubspot(server) {
            continue;
        }
        found.extend(
            sent::addresses(&text.bytes[around[at].at.clone()])
                .find(|host| !sent::is_own(host))
                .map(|host| (url.start(), host.into_bytes())),
        );
    }
    found
}

/// Whether this is only the name of an entry or a package: `"hubspot-mcp": {`, `[mcp_servers.hubspot-mcp]`,
/// `"name": "hubspot-mcp"`, `https://github.com/acme/hubspot-mcp`. A server's address is not: it begins with its host.
fn is_name(text: &[u8], at: &Range<usize>) -> bool {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?i-u)\bname["']?\s*[:=]\s*["']?$"#).expect("a constant"));
    // A command may run a package from a repository: `git+https://…`.
    static IN_URL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?i-u)(?:^|[^+])(?:https?|wss?)://[^\s"'<>]+$"#).expect("a constant"));
    let line = line_near(text, at.start);
    let (before, after) = (&text[line.start..at.start], &text[at.end..text.len().min(at.end + 40)]);
    let value = after.strip_prefix(b"\":").or_else(|| after.strip_prefix(b"':")).map(<[u8]>::trim_ascii_start);
    // In a manifest the key is the dependency, and its version follows.
    let opens = value.is_some_and(|value| !matches!(value.first(), Some(b'"' | b'\'')));
    let of_toml = before.trim_ascii_start().starts_with(b"[") && !before.contains(&b'"') && after.starts_with(b"]");
    let of_yaml = before.trim_ascii().is_empty() && text[at.end..line.end.max(at.end)].trim_ascii() == b":";
    opens || of_toml || of_yaml || NAMED.is_match(before) || IN_URL.is_match(before)
}

/// Whether a text file lists Python packages. Such a list has the extension of prose.
fn is_requirements(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("requirements") && name.ends_with(".txt")
}

/// Whether a file is a lock file. Lock files repeat what a manifest lists.
fn is_lock(path: &str) -> bool {
    path.ends_with("lock") || path.ends_with("-lock.json") || path.ends_with("-lock.yaml")
}
