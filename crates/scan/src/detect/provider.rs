//! Which providers a file has to do with.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::rules::Rules;
use crate::text::{contains_ignore_case, is_comment, words};

/// Largest file that is looked through, in bytes.
const TEXT_MAX: usize = 1 << 20;

/// Whether a file calls HubSpot or brings in its client, and names no other provider and no other host.
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

/// Hosts that are HubSpot's or this machine.
fn is_own(host: &[u8]) -> bool {
    const OWN: [&[u8]; 5] = [b"hubspot", b"hubapi", b"hsforms", b"localhost", b"127.0.0.1"];
    OWN.iter().any(|own| contains_ignore_case(host, own))
}

/// The host of the URL that a value stands in, where that is not HubSpot's: whoever runs it has the value.
pub(super) fn foreign_host(text: &[u8], at: usize) -> Option<String> {
    /// Longest URL before a value, in bytes.
    const URL_MAX: usize = 300;
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i-u)(?:https?|wss?):(?:\\?/){2}(?:[^\s"'`<>@/]*@)?(?P<host>[a-z0-9.-]+\.[a-z]{2,})(?::\d+)?[/?#][^\s"'`<>]*$"#)
            .expect("a constant")
    });
    let before = &text[at.saturating_sub(URL_MAX)..at];
    let host = URL.captures(before)?.name("host")?.as_bytes();
    (!is_own(host)).then(|| String::from_utf8_lossy(host).to_ascii_lowercase())
}
