//! Calls of HubSpot's client libraries: `client.crm.contacts.basicApi.create(…)` in every spelling.
//!
//! The table has the names of the Node client. The other clients write the same chain in their own case (`basic_api`,
//! `BasicApi`, `basicApi()->create`). So Keyway compares chains without case, underscores and parentheses.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use keyway_core::catalog::tables::{SdkCallRow, sdk_calls};
use regex::bytes::Regex;

use super::Habits;
use super::{resolve, segments_of, spaceless, unlisted, usage};
use crate::detect::Text;
use crate::finding::{Usage, Via};

struct Calls {
    by_chain: HashMap<String, &'static SdkCallRow>,
    /// Every proper prefix of a chain.
    prefixes: HashSet<String>,
}

static CALLS: LazyLock<Calls> = LazyLock::new(|| {
    let mut calls = Calls { by_chain: HashMap::new(), prefixes: HashSet::new() };
    for row in sdk_calls() {
        let chain = plain(row.call.as_bytes());
        for (at, _) in chain.match_indices('.') {
            calls.prefixes.insert(chain[..at].to_owned());
        }
        calls.by_chain.insert(chain, row);
    }
    // The clients' own helper that reads every page.
    for row in sdk_calls().iter().filter(|row| row.call.ends_with(".basicApi.getPage")) {
        let chain = plain(row.call.trim_end_matches(".basicApi.getPage").as_bytes());
        calls.by_chain.entry(format!("{chain}.getall")).or_insert(row);
    }
    calls
});

/// A chain of names that begins at one of a client's sections (`crm`, `cms`).
static CHAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x-u)(?:\.|->|::|\?\.|\?->)\s*(?P<chain>(?:crm|cms|automation|communicationPreferences|communication_preferences|conversations|events|files|marketing|oauth|settings|webhooks
          |Crm|Cms|Automation|CommunicationPreferences|Conversations|Events|Files|Marketing|Oauth|OAuth|Settings|Webhooks)(?:\(\s*\))?
          (?:\s*(?:\.|->|\?\.|\?->|!\.)\s*[A-Za-z_]\w*(?:\(\s*\))?)+)\s*(?P<called>\(|!\()?",
    )
    .expect("a constant")
});

/// Finds calls of client libraries.
pub(super) fn find(text: Text<'_>, habits: &Habits<'_>) -> Vec<(usize, Usage)> {
    let bytes = text.bytes;
    let mut found = Vec::new();
    let mut aliases: Vec<(Vec<u8>, String)> = Vec::new();
    for captures in CHAIN.captures_iter(bytes) {
        let (Some(whole), Some(chain)) = (captures.get(0), captures.name("chain")) else { continue };
        let written = chain.as_bytes();
        let name = plain(written);
        if let Some(row) = row_of(&name) {
            let last = chain.start() + last_name(written);
            found.extend(call(row, written, habits).map(|usage| (last, usage)));
        } else if CALLS.prefixes.contains(&name) {
            aliases.extend(assigned_to(bytes, whole.start()).map(|alias| (alias, name.clone())));
            aliases.extend(taken_from(bytes, whole.start()).into_iter().map(|part| (part.clone(), format!("{name}.{}", plain(&part)))));
        }
    }
    aliases.extend(rooms_taken(bytes));
    for (alias, prefix) in &aliases {
        for (at, written, rest) in calls_of(bytes, alias) {
            if let Some(row) = row_of(&format!("{prefix}.{rest}")) {
                found.extend(call(row, written, habits).map(|usage| (at, usage)));
            }
        }
    }
    found
}

/// Calls on a variable: the offset of the method's name, the chain as written, and its normal form for comparison.
pub(super) fn calls_of<'t>(text: &'t [u8], variable: &[u8]) -> Vec<(usize, &'t [u8], String)> {
    let variable = regex::escape(&String::from_utf8_lossy(variable));
    let calls = format!(
        r"(?-u)(?:^|[^\w.]){variable}\s*(?:\.|->|\?\.)\s*(?P<rest>[A-Za-z_]\w*(?:\(\s*\))?(?:\s*(?:\.|->)\s*[A-Za-z_]\w*(?:\(\s*\))?)*)\s*[(!]"
    );
    let Ok(calls) = Regex::new(&calls) else { return Vec::new() };
    let rests = calls.captures_iter(text).filter_map(|captures| captures.name("rest"));
    rests.map(|rest| (rest.start() + last_name(rest.as_bytes()), rest.as_bytes(), plain(rest.as_bytes()))).collect()
}

/// The offset of the last name in a chain.
pub(super) fn last_name(chain: &[u8]) -> usize {
    let after = chain.iter().rposition(|byte| matches!(byte, b'.' | b'>')).map_or(0, |at| at + 1);
    after + chain[after..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The row of a chain. A longer chain works on the answer: `.create(…).then(…)` does not get here, but
/// `basicApi.create.bind` does.
fn row_of(name: &str) -> Option<&'static SdkCallRow> {
    let suffixes = ["", "withhttpinfo", "async", "asyncwithhttpinfo"];
    suffixes.iter().find_map(|suffix| CALLS.by_chain.get(name.strip_suffix(suffix)?).copied())
}

/// The normal form of a chain, for comparison: lower case, without underscores, parentheses or spaces, joined by dots.
pub(super) fn plain(chain: &[u8]) -> String {
    let mut out = String::with_capacity(chain.len());
    for byte in chain {
        match byte {
            b'.' | b'>' if !out.ends_with('.') => out.push('.'),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte.to_ascii_lowercase())),
            _ => {}
        }
    }
    out
}

/// The variable that gets the expression before `at`: `api = client.crm…`.
pub(super) fn assigned_to(text: &[u8], at: usize) -> Option<Vec<u8>> {
    static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)((?:this\.|self\.|@|\$this->|\$)?[A-Za-z_]\w*)(?:\s*:\s*[\w.<>]+)?\s*:?=\s*(?:await\s+)?[\w.$>()@-]*$")
            .expect("a constant")
    });
    let start = at.saturating_sub(160);
    let line = text[start..at].iter().rposition(|byte| *byte == b'\n').map_or(start, |found| start + found + 1);
    Some(ASSIGNED.captures(&text[line..at])?.get(1)?.as_bytes().to_vec())
}

/// The names that destructuring takes from the expression before `at`: `const { basicApi } = client.crm…`.
fn taken_from(text: &[u8], at: usize) -> Vec<Vec<u8>> {
    static TAKEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)\{([\w\s,]{1,200})\}\s*=\s*(?:await\s+)?[\w.$]*$").expect("a constant"));
    let start = at.saturating_sub(300);
    let Some(names) = TAKEN.captures(&text[start..at]) else { return Vec::new() };
    names[1].split(|byte| *byte == b',').map(|name| name.trim_ascii().to_vec()).filter(|name| !name.is_empty()).collect()
}

/// Variables that hold a section of a client: `const { crm } = client`, `crm = client.crm`.
fn rooms_taken(text: &[u8]) -> Vec<(Vec<u8>, String)> {
    static ROOMS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)\{(?P<names>[\w\s,:]{3,200})\}\s*=\s*[\w.$]*(?:[cC]lient|[hH]ub[sS]pot|\bhs)\w*(?:\(\))?\s*(?:;|\n|$)")
            .expect("a constant")
    });
    static ROOM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)(?P<name>(?:this\.|self\.|@|\$this->|\$)?[A-Za-z_]\w*)\s*=\s*[\w.$>()-]+?(?:\.|->)(?P<room>crm|cms|automation|conversations|marketing|settings|webhooks)(?:\(\))?\s*(?:;|\n|$)")
            .expect("a constant")
    });
    // This plain search costs less than the regular expressions.
    const NAMED: [&[u8]; 6] = [b"crm", b"cms", b"marketing", b"automation", b"conversations", b"settings"];
    let has = |before: u8, name: &[u8]| memchr::memmem::find_iter(text, name).any(|at| at > 0 && text[at - 1] == before);
    let mut found = Vec::new();
    if !NAMED.iter().any(|name| [b'.', b'>', b' ', b'{', b','].iter().any(|before| has(*before, name))) {
        return found;
    }
    for names in ROOMS.captures_iter(text).filter_map(|captures| captures.name("names")) {
        for name in names.as_bytes().split(|byte| *byte == b',') {
            let mut parts = name.split(|byte| *byte == b':').map(<[u8]>::trim_ascii);
            let Some(room) = parts.next().map(plain).filter(|room| CALLS.prefixes.contains(room)) else { continue };
            let alias = parts.next().unwrap_or_else(|| name.trim_ascii());
            found.push((alias.to_vec(), room));
        }
    }
    for captures in ROOM.captures_iter(text) {
        let (Some(name), Some(room)) = (captures.name("name"), captures.name("room")) else { continue };
        found.push((name.as_bytes().to_vec(), plain(room.as_bytes())));
    }
    found
}

fn call(row: &SdkCallRow, written: &[u8], habits: &Habits<'_>) -> Option<Usage> {
    let segments = segments_of(row.path);
    let meaning = resolve(Some(row.method), &segments).or_else(|| unlisted(Some(row.method), &segments))?;
    let auth = habits.of_client(&meaning);
    Some(usage(meaning, Via::Sdk, Some(spaceless(written)), auth))
}
