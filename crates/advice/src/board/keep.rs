//! The stored facts of a report: its integrations, cleaned and bounded, and the facts that only earlier reports have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use keyway_core::credential::{self, hint};
use keyway_core::shown;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ageing_operations;
use crate::plan::{Found, Integration, Leak, Use};

/// Integrations of one report.
const INTEGRATIONS_MAX: usize = 500;
/// Calls of one integration: operations, each with its places.
pub const USES_MAX: usize = 5_000;
/// Places of one operation that are kept.
const PLACES_MAX: usize = 20;
/// Credentials of one integration, and those of no integration.
pub const LEAKS_MAX: usize = 500;
/// Credentials and operations of earlier reports that are kept of one integration.
const EARLIER_MAX: usize = 200;
/// Letters of a text.
const LETTERS_MAX: usize = 400;
/// More letters than a credential with a known form has.
const CREDENTIAL_LETTERS_MAX: usize = 64;
/// Letters of a masked credential: more may be the credential.
const MASK_LETTERS_MAX: usize = 24;

/// An integration as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// What it is known by in the reports of a repository: its folder, else its name.
    pub key: String,
    /// As the newest report has it; none where that has nothing of it.
    pub found: Option<Integration>,
    /// What earlier reports had of it, and the newest has not.
    pub earlier: Earlier,
    /// Its name, which outlives the report that had it.
    pub name: String,
}

/// What earlier reports had of an integration, and the newest has not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Earlier {
    /// Credentials, masked.
    pub credentials: Vec<Leak>,
    /// Operations that end, or that were called with an API key.
    pub operations: Vec<String>,
}

/// A report that is not kept; says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has more than is kept.
    TooMuch(TooMuch),
    /// Nothing of it is about HubSpot.
    Empty,
}

/// What a report has too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// Integrations.
    Integrations,
    /// Calls of one integration.
    Calls,
    /// Credentials.
    Credentials,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (most, what) = match self {
            Self::TooMuch(TooMuch::Integrations) => (INTEGRATIONS_MAX, "integrations"),
            Self::TooMuch(TooMuch::Calls) => (USES_MAX, "calls of one integration"),
            Self::TooMuch(TooMuch::Credentials) => (LEAKS_MAX, "credentials of one integration"),
            Self::Empty => return f.write_str("the report holds no call to HubSpot and no credential. Scan the folder that has the code"),
        };
        write!(
            f,
            "the report has more than {most} {what}. Scan each part of the code for itself, and send each report under its own --repository"
        )
    }
}

/// Makes what a stranger sent safe to keep and to show: one line a text, each text and list bounded, and no credential in full.
///
/// # Errors
/// It has more than is kept, or nothing.
pub fn clean(found: Found) -> Result<Found, Refused> {
    if found.integrations.len() > INTEGRATIONS_MAX {
        return Err(Refused::TooMuch(TooMuch::Integrations));
    }
    if found.integrations.is_empty() && found.loose.is_empty() {
        return Err(Refused::Empty);
    }
    let mut by_key: BTreeMap<String, Integration> = BTreeMap::new();
    for one in found.integrations {
        let one = integration(one)?;
        by_key.insert(key(&one), one);
    }
    if found.loose.len() > LEAKS_MAX {
        return Err(Refused::TooMuch(TooMuch::Credentials));
    }
    let loose = found.loose.into_iter().map(|mut one| {
        one.leak = leak(one.leak);
        one.because = text(&one.because).into();
        one
    });
    // The board has no use for files that only speak of calls, nor for those that were not read.
    Ok(Found { integrations: by_key.into_values().collect(), loose: loose.collect(), ignored: Vec::new(), unread: Vec::new() })
}

/// What an integration is known by in the reports of a repository. A folder ends in a slash, which no name of one does.
pub(super) fn key(integration: &Integration) -> String {
    integration.folder.as_ref().map_or_else(|| integration.name.clone(), |folder| format!("{folder}/"))
}

fn integration(one: Integration) -> Result<Integration, Refused> {
    let bounded = |texts: Vec<String>| texts.iter().take(LEAKS_MAX).map(|one| text(one)).collect();
    let option = |value: Option<String>| value.as_deref().map(text);
    if one.leaks.len() > LEAKS_MAX {
        return Err(Refused::TooMuch(TooMuch::Credentials));
    }
    let mut places: BTreeMap<(String, String, Option<String>, bool, bool), usize> = BTreeMap::new();
    let mut uses = Vec::new();
    for one in one.uses {
        let one = Use {
            operation: text(&one.operation),
            object: option(one.object),
            scopes: bounded(one.scopes),
            auth: text(&one.auth),
            place: text(&one.place),
            successor: option(one.successor),
            ..one
        };
        let alike = (one.operation.clone(), one.auth.clone(), one.successor.clone(), one.by_client, one.by_tool);
        let known = places.entry(alike).or_default();
        *known += 1;
        if *known <= PLACES_MAX {
            uses.push(one);
        }
        if uses.len() > USES_MAX {
            return Err(Refused::TooMuch(TooMuch::Calls));
        }
    }
    let name = match text(&one.name) {
        name if name.is_empty() => "(without a name)".to_owned(),
        name => name,
    };
    Ok(Integration {
        name,
        owner: option(one.owner),
        uses,
        leaks: one.leaks.into_iter().map(leak).collect(),
        decided: one.decided,
        extra_scopes: bounded(one.extra_scopes),
        accounts: one.accounts,
        folder: option(one.folder),
        deployed: option(one.deployed),
        copies: bounded(one.copies),
        variables: bounded(one.variables),
        built_only: one.built_only,
        fix: None,
    })
}

fn leak(one: Leak) -> Leak {
    let masked = shown::line(&one.masked).into_owned();
    let is_mask = masked.contains('…') && masked.chars().count() <= MASK_LETTERS_MAX;
    Leak {
        kind: text(&one.kind),
        place: text(&one.place),
        masked: if is_mask { text(&masked) } else { hint(&masked) },
        sent_to: one.sent_to.as_deref().map(text),
        agent: one.agent.as_deref().map(text),
        ..one
    }
}

/// A text on one line, bounded, with a hint in the place of each part that has the form of a credential.
fn text(text: &str) -> String {
    // The longest credential may begin before the end and reach beyond it.
    let line: String = shown::line(text).chars().take(LETTERS_MAX + CREDENTIAL_LETTERS_MAX).collect();
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some(letter) = rest.chars().next() {
        let bytes = rest.as_bytes();
        let secret = credential::pat(bytes).or_else(|| credential::uuid(bytes)).or_else(|| credential::routed(bytes));
        let end = secret.unwrap_or(letter.len_utf8());
        let (part, after) = rest.split_at(end);
        out.push_str(&if secret.is_some() { hint(part) } else { part.to_owned() });
        rest = after;
    }
    out.chars().take(LETTERS_MAX).collect()
}

/// What is kept after a newer report of the same repository: what that has, and of what was known before what it has not.
pub fn merge(kept: Vec<Kept>, newest: &Found) -> Vec<Kept> {
    let mut found: BTreeMap<String, Integration> = newest.integrations.iter().map(|one| (key(one), one.clone())).collect();
    let mut all: Vec<Kept> = kept.into_iter().map(|one| later(one, &mut found)).collect();
    all.extend(found.into_iter().map(|(key, one)| Kept { key, name: one.name.clone(), found: Some(one), earlier: Earlier::default() }));
    all
}

fn later(kept: Kept, found: &mut BTreeMap<String, Integration>) -> Kept {
    let now = found.remove(&kept.key);
    let before = kept.found.unwrap_or_default();
    let now_leaks: BTreeSet<(&str, &str)> =
        now.iter().flat_map(|now| &now.leaks).map(|leak| (leak.kind.as_str(), leak.masked.as_str())).collect();
    let now_operations = now.as_ref().map(ageing_operations).unwrap_or_default();
    let mut credentials: Vec<Leak> = Vec::new();
    for leak in before.leaks.iter().chain(&kept.earlier.credentials) {
        let same = |known: &Leak| (&known.kind, &known.masked) == (&leak.kind, &leak.masked);
        if !now_leaks.contains(&(leak.kind.as_str(), leak.masked.as_str())) && !credentials.iter().any(same) {
            credentials.push(leak.clone());
        }
    }
    credentials.truncate(EARLIER_MAX);
    let mut operations = ageing_operations(&before);
    operations.extend(kept.earlier.operations);
    operations.sort();
    operations.dedup();
    operations.retain(|operation| now_operations.binary_search(operation).is_err());
    operations.truncate(EARLIER_MAX);
    let name = now.as_ref().map_or(kept.name, |now| now.name.clone());
    Kept { key: kept.key, name, found: now, earlier: Earlier { credentials, operations } }
}
