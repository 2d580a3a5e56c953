//! The API providers that a file names.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::rules::Rules;
use crate::text::{contains_ignore_case, is_comment, words};

/// The largest file that is searched, in bytes.
const TEXT_MAX: usize = 1 << 20;

/// Whether a file calls HubSpot or imports its client, and names no other provider and no other host.
pub(super) fn is_hubspot_alone(text: &[u8], rules: &Rules) -> bool {
    static HOST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)https?://(?P<host>[\w.-]+\.[a-z]{2,})").expect("a constant"));
    static CALLED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i-u)api(?:-[a-z]{2}\d)?\.(?:hubapi|hubspot)\.com|\b(?:require|import|from|use|using|gem|library)\b[^\n]{0,80}hubspot",
        )
        .expect("a constant")
    });
    if text.len() > TEXT_MAX {
        return false;
    }
    let mut called = false;
    for line in text.split(|byte| *byte == b'\n').filter(|line| line.len() < 2_000 && !is_comment(line)) {
        called |= CALLED.is_match(line);
        for host in HOST.captures_iter(line).filter_map(|captures| captures.name("host")) {
            if !is_own(host.as_bytes()) && !contains_ignore_case(host.as_bytes(), b"example") {
                return false;
            }
        }
        if rules.other_vendor(&words(line)) {
            return false;
        }
    }
    called
}

/// Whether a host is HubSpot's or this machine.
fn is_own(host: &[u8]) -> bool {
    const OWN: [&[u8]; 5] = [b"hubspot", b"hubapi", b"hsforms", b"localhost", b"127.0.0.1"];
    OWN.iter().any(|own| contains_ignore_case(host, own))
}

/// Whether the statement of a value, up to the value, names another host and not HubSpot's: the options of another
/// service's client in a file that also uses HubSpot.
pub(super) fn is_sent_elsewhere(text: &[u8], at: usize) -> bool {
    /// The longest statement that is read, in bytes.
    const STATEMENT_MAX: usize = 400;
    static HOST: LazyLock<Regex> = LazyLock::new(|| {
        // Redirects and callbacks do not count: they are addresses that a program gives to HubSpot.
        Regex::new(r#"(?i-u)\b(?:base_?ur[li]|prefix_?url|ur[li]|(?:api_?)?host|endpoint|server)["']?\s*(?:=>|[:=])\s*["'`]https?://(?P<host>[\w.-]+\.[a-z]{2,})"#)
            .expect("a constant")
    });
    let before = &text[at.saturating_sub(STATEMENT_MAX)..at];
    let ends = [b";".as_slice(), b"\n\n", b"\n\r\n"].iter().filter_map(|end| memchr::memmem::rfind(before, end)).max();
    let statement = &before[ends.unwrap_or(0)..];
    // Only inside of the brackets of a call or an object: in settings, each line is a statement of its own.
    let depth = statement.iter().fold(0_i32, |depth, byte| match byte {
        b'{' | b'(' => depth + 1,
        b'}' | b')' => depth - 1,
        _ => depth,
    });
    let mut hosts = HOST.captures_iter(statement).filter_map(|captures| captures.name("host")).peekable();
    depth > 0 && hosts.peek().is_some() && hosts.all(|host| !is_own(host.as_bytes()))
}
