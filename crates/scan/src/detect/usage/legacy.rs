//! Calls of older client libraries: the npm `hubspot`, `hubspot3`, `hapipy`, the first PHP and Ruby clients. Their
//! chains are short and common (`contacts.get`). So a chain counts only in a file that imports the client, or on a
//! variable named after it.

use std::collections::HashMap;
use std::sync::LazyLock;

use keyway_core::catalog::Auth;
use keyway_core::catalog::tables::{LegacySdkCallRow, legacy_sdk_calls, legacy_sdk_classes};
use regex::bytes::Regex;

use super::Habits;
use super::sdk::{assigned_to, calls_of, last_name, plain};
use super::{Meaning, resolve, segments_of, spaceless, usage, version_of};
use crate::detect::Text;
use crate::finding::{Usage, UsageAuth, Via};
use crate::text::contains_ignore_case;

/// A client library.
struct Client {
    name: &'static str,
    /// How a file imports the client.
    import: Regex,
    /// A chain of calls on the client.
    chain: Regex,
    calls: HashMap<String, &'static LegacySdkCallRow>,
}

/// One for each client, compiled when a file has one of its hints.
static CLIENTS: [LazyLock<Client>; 5] = [
    LazyLock::new(|| Client::new("hubspot-node", r#"(?:require\(\s*|from\s+)["']hubspot["']"#)),
    LazyLock::new(|| Client::new("hubspot3", r"(?:from|import)\s+hubspot3\b")),
    LazyLock::new(|| Client::new("hapipy", r"(?:from|import)\s+hapi\b")),
    LazyLock::new(|| Client::new("hubspot-php", r"SevenShores\\+Hubspot|Fungku\\+HubSpot|Rossjcooper\\+LaravelHubSpot")),
    LazyLock::new(|| Client::new("hubspot-ruby", r"\bHubspot::")),
];

/// For each of [`CLIENTS`], words. Every file that imports the client has one of them.
const HINTS: [&[&str]; 5] = [&["hubspot"], &["hubspot3"], &["hapi"], &["SevenShores", "Fungku", "Rossjcooper"], &["Hubspot::"]];

/// A client made with the key as its first argument, as all except the one for Node allow.
static POSITIONAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)(?:Factory::create|\bHubspot3|\b[A-Z]\w*Client)\(\s*(?:[\w.'"$\[\]-]+|[\w.]+\([^()]*\))\s*[,)]"#)
        .expect("a constant")
});

impl Client {
    fn new(name: &'static str, import: &str) -> Self {
        let chain = if name == "hubspot-ruby" {
            r"(?-u)\b(?P<chain>Hubspot::\w+(?:::\w+)*\.\w+[!?]?)"
        } else {
            r"(?-u)(?P<on>[\w$\])]*)(?:\.|->)\s*(?P<chain>[a-z]\w*(?:\(\s*\))?(?:\s*(?:\.|->)\s*[A-Za-z_]\w*(?:\(\s*\))?)*)\s*\("
        };
        let compiled = |pattern: &str| Regex::new(pattern).expect("a constant");
        let calls = legacy_sdk_calls().iter().filter(|row| row.client == name).map(|row| (key(row.call), row)).collect();
        Self { name, import: compiled(&format!("(?-u){import}")), chain: compiled(chain), calls }
    }

    fn row(&self, chain: &str) -> Option<&'static LegacySdkCallRow> {
        self.calls.get(chain).copied()
    }
}

/// The normal form of a call, for comparison. Ruby's marks at the end of names count.
fn key(call: &str) -> String {
    let marked = call.ends_with(['!', '?']);
    format!("{}{}", plain(call.replace("::", ".").as_bytes()), if marked { "!" } else { "" })
}

/// Finds calls of the older clients.
pub(super) fn find(text: Text<'_>, habits: &Habits<'_>) -> Vec<(usize, Usage)> {
    let bytes = text.bytes;
    let mut found = Vec::new();
    for (client, hints) in CLIENTS.iter().zip(HINTS) {
        if !hints.iter().any(|hint| memchr::memmem::find(bytes, hint.as_bytes()).is_some()) {
            continue;
        }
        let imported = client.import.is_match(bytes);
        let passed_in = client.name == "hubspot-node" && javascript(text.path);
        if !imported && !passed_in {
            continue;
        }
        let positional = imported && POSITIONAL.is_match(bytes);
        for captures in client.chain.captures_iter(bytes) {
            let Some(chain) = captures.name("chain") else { continue };
            let named = captures.get(0).is_some_and(|whole| contains_ignore_case(whole.as_bytes(), b"hubspot"));
            if !imported && !named {
                continue;
            }
            let written = key(&String::from_utf8_lossy(chain.as_bytes()));
            // The expression that holds the client (`this.hubspot.contacts.get`) comes before the chain of the table.
            let row = client.row(&written).or_else(|| written.match_indices('.').find_map(|(at, _)| client.row(&written[at + 1..])));
            if let Some(row) = row {
                found.push((chain.start() + last_name(chain.as_bytes()), call(row, chain.as_bytes(), habits, positional)));
            }
        }
        if imported {
            classes(client, bytes, habits, positional, &mut found);
        }
    }
    found
}

/// `contacts = ContactsClient(key)`, then `contacts.get_all()`; and both in one expression.
fn classes(client: &Client, text: &[u8], habits: &Habits<'_>, positional: bool, found: &mut Vec<(usize, Usage)>) {
    static MADE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)\b(?P<class>[A-Z]\w*Client)\((?P<arguments>[^()]*(?:\([^()]*\)[^()]*)*)\)(?:\s*\.\s*(?P<method>\w+)\s*\()?")
            .expect("a constant")
    });
    for captures in MADE.captures_iter(text) {
        let (Some(whole), Some(class)) = (captures.get(0), captures.name("class")) else { continue };
        let row = legacy_sdk_classes().iter().find(|row| row.client == client.name && row.class.as_bytes() == class.as_bytes());
        let Some(row) = row else { continue };
        if let Some(method) = captures.name("method") {
            let chain = format!("{}.{}", row.attribute, String::from_utf8_lossy(method.as_bytes()));
            found.extend(client.row(&key(&chain)).map(|row| (method.start(), call(row, method.as_bytes(), habits, positional))));
        } else if let Some(variable) = assigned_to(text, whole.start()) {
            for (at, written, rest) in calls_of(text, &variable) {
                found.extend(client.row(&format!("{}.{rest}", key(row.attribute))).map(|row| (at, call(row, written, habits, positional))));
            }
        }
    }
}

fn javascript(path: &str) -> bool {
    [".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx"].iter().any(|extension| path.ends_with(extension))
}

fn call(row: &LegacySdkCallRow, written: &[u8], habits: &Habits<'_>, positional_key: bool) -> Usage {
    let meaning = resolve(Some(row.method), &segments_of(row.path)).unwrap_or_else(|| Meaning {
        method: Some(row.method),
        path: row.path.to_owned(),
        asked: row.path.to_owned(),
        version: version_of(row.path).unwrap_or_default(),
        auth: Auth::Bearer,
        scopes: Vec::new(),
    });
    let mut auth = habits.of_client(&meaning);
    if auth == UsageAuth::Unknown && positional_key {
        auth = UsageAuth::Hapikey;
    }
    usage(meaning, Via::Sdk, Some(spaceless(written)), auth)
}
