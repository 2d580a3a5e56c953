//! The host that a value is sent to, where it is not HubSpot's. Whoever runs that host gets the value.
//!
//! Keyway finds the host in the URL that holds the value, in the entry of an MCP server (which has the server's address
//! beside the header or variable that holds the value), and in a command that adds such a server.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::agents;
use regex::bytes::Regex;

use super::Text;
use super::entry::{self, Entry};
use crate::text::line_near;

/// A host in a URL, with the scheme and user before it.
const HOST: &str = r#"(?:https?|wss?):(?:\\?/){2}(?:[^\s"'`<>@/]*@)?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)"#;

/// The host that receives a value, unless it is HubSpot's or this machine.
pub(super) fn foreign_host(text: Text<'_>, value: &Range<usize>) -> Option<String> {
    let host = of_url(text.bytes, value).or_else(|| of_entry(text, value.start)).or_else(|| of_command(text.bytes, value.start))?;
    (!is_own(&host)).then_some(host)
}

/// The addresses in the entry of an MCP server, in order: `"url": …`, or the arguments of a bridge to remote servers.
pub(crate) fn addresses(entry: &[u8]) -> impl Iterator<Item = String> + '_ {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r#"(?is-u)(?:\b(?:url|uri|server_?url|http_?url|endpoint_?url|sse_?endpoint|endpoint)["']?\s*[:=]\s*["']?|\b(?:mcp-remote|mcp-proxy|supergateway)\b[^{{}}]{{0,300}}?["'\s]){HOST}"#
        ))
        .expect("a constant")
    });
    ADDRESS.captures_iter(entry).filter_map(|captures| Some(lower(captures.name("host")?.as_bytes())))
}

/// Whether a host is HubSpot's, this machine, or an address of a private network.
pub(crate) fn is_own(host: &str) -> bool {
    const DOMAINS: [&str; 6] = ["hubspot.com", "hubapi.com", "hsforms.com", "hsforms.net", "localhost", "host.docker.internal"];
    let of = |domain: &&str| host == *domain || host.strip_suffix(*domain).is_some_and(|before| before.ends_with('.'));
    DOMAINS.iter().any(of)
        || match host.parse() {
            Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified(),
            Ok(IpAddr::V6(address)) => address.is_loopback(),
            // A host name ends in letters; four numbers are an address.
            Err(_) => !host.rsplit('.').next().is_some_and(|last| last.len() > 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic())),
        }
}

/// The host of the URL that holds a value.
fn of_url(text: &[u8], value: &Range<usize>) -> Option<String> {
    /// Longest URL before a value, in bytes.
    const URL_MAX: usize = 300;
    static BEFORE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!(r#"(?i-u){HOST}(?::\d+)?[/?#][^\s"'`<>]*$"#)).expect("a constant"));
    static USER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i-u)(?:https?|wss?):(?:\\?/){2}(?:[^\s"'`<>@/:]*:)?$"#).expect("a constant"));
    static AFTER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i-u)^(?::[^\s"'`<>@/]*)?@(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)"#).expect("a constant"));
    let before = &text[value.start.saturating_sub(URL_MAX)..value.start];
    let found = match USER.is_match(before) {
        true => AFTER.captures(&text[value.end..text.len().min(value.end + URL_MAX)]),
        false => BEFORE.captures(before),
    };
    Some(lower(found?.name("host")?.as_bytes()))
}

/// The host of the MCP server whose entry holds a value.
fn of_entry(text: Text<'_>, at: usize) -> Option<String> {
    // In code: a program passes a server to a model's API.
    static HANDED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i-u)\bserver_?url\b|\bauthorization_token\b|\btype["']?\s*[:=]\s*["']mcp["']"#).expect("a constant")
    });
    let of_agent = agents::whose_settings(text.path, text.bytes).is_some();
    let about = |entry: &Entry| of_agent || HANDED.is_match(&text.bytes[entry.at.clone()]);
    entry::around(text.bytes, at).into_iter().filter(about).find_map(|entry| {
        let mut hosts = addresses(&text.bytes[entry.at]).peekable();
        let first = hosts.peek().cloned()?;
        Some(hosts.find(|host| !is_own(host)).unwrap_or(first))
    })
}

/// The host of the MCP server that a command adds or calls.
fn of_command(text: &[u8], at: usize) -> Option<String> {
    static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r#"(?is-u)\b(?:mcp\s+add|mcp-remote|mcp-proxy|mcp-inspector|supergateway|modelcontextprotocol/inspector)\b.*?["'\s=]{HOST}"#
        ))
        .expect("a constant")
    });
    let mut line = line_near(text, at);
    // After a backslash, the command continues on the next line.
    while line.start > 1 && text[..line.start - 1].trim_ascii_end().ends_with(b"\\") && at - line.start < 1_000 {
        line.start = line_near(text, line.start - 2).start;
    }
    while line.end < text.len() && text[..line.end].trim_ascii_end().ends_with(b"\\") && line.end - at < 1_000 {
        line.end = line_near(text, line.end + 1).end;
    }
    Some(lower(COMMAND.captures(&text[line])?.name("host")?.as_bytes()))
}

fn lower(host: &[u8]) -> String {
    String::from_utf8_lossy(host).to_ascii_lowercase()
}
