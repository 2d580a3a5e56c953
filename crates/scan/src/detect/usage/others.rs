//! Base URLs, clients and named credentials for a host that is not HubSpot's.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::url::HOST;
use crate::text::{contains_ignore_case, line_near};

/// Names in a file, and whether the file assigns them another host.
#[derive(Default)]
pub(super) struct OtherHosts(HashMap<Vec<u8>, bool>);

impl OtherHosts {
    /// Whether this file assigns another host to the base URL before a path.
    pub(super) fn have(&mut self, text: &[u8], start: usize) -> bool {
        let Some(base) = base_of(text, start) else { return false };
        match self.0.get(base) {
            Some(known) => *known,
            None => *self.0.entry(base.to_vec()).or_insert_with(|| is_on_another_host(text, base)),
        }
    }

    /// Whether the client that gets a path is made for another host: `billing.post('/objects/deals')`.
    pub(super) fn have_client(&mut self, text: &[u8], start: usize) -> bool {
        static CLIENT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"(?-u)([A-Za-z_]\w*)(?:(?:\.|->)[A-Za-z_]\w*)?\(\s*(?:\{\s*(?:url|path)\s*:\s*)?[fbr]?["'`]/?$"#)
                .expect("a constant")
        });
        let line = line_near(text, start).start.max(start.saturating_sub(120));
        let Some(client) = CLIENT.captures(&text[line..start]).and_then(|captures| captures.get(1)) else { return false };
        let client = client.as_bytes();
        match self.0.get(client) {
            Some(known) => *known,
            None => *self.0.entry(client.to_vec()).or_insert_with(|| is_on_another_host(text, client)),
        }
    }

    /// Whether a path follows a named credential of Salesforce that is not HubSpot's, in a text that also has HubSpot's own.
    pub(super) fn callout(&self, text: &[u8], start: usize, before: &[u8]) -> bool {
        let Some(name) = before.strip_prefix(b"callout:") else { return false };
        let (head, tail) = text.split_at(start - before.len());
        !contains_ignore_case(name, b"hub")
            && [head, &tail[before.len()..]].iter().any(|part| contains_ignore_case(part, b"callout:hub") || HOST.is_match(part))
    }
}

/// The name of the base URL before a path: `${base}/crm/…`, `base + "/crm/…"`.
fn base_of(text: &[u8], start: usize) -> Option<&[u8]> {
    static BASE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)([A-Za-z_]\w*)(?:\(\))?\s*(?:\}|\)|\+\s*[fbr]?["'`]|\.\s*["']|,\s*["'`])$"#).expect("a constant")
    });
    let line = line_near(text, start).start.max(start.saturating_sub(120));
    BASE.captures(&text[line..start])?.get(1).map(|base| base.as_bytes())
}

fn is_on_another_host(text: &[u8], base: &[u8]) -> bool {
    // A base URL on its own line, or a client whose options take several lines.
    let assigned = format!(
        r#"(?-u)\b{}["']?\s*(?::\s*\w+\s*)?(?::|:?=|=>)\s*(?:[^\n]{{0,40}}?|(?:new\s+)?[\w.$]+\(\s*\{{?[^;()]{{0,160}}?)["'`]https?://([^/"'`\s]+)"#,
        String::from_utf8_lossy(base)
    );
    let Ok(assigned) = Regex::new(&assigned) else { return false };
    let mut hosts = assigned.captures_iter(text).filter_map(|captures| captures.get(1)).peekable();
    hosts.peek().is_some() && hosts.all(|host| !HOST.is_match(host.as_bytes()))
}
