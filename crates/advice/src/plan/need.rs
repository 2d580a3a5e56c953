//! The scopes that one call needs: those of its operation and of the successor, so that the app's scopes are enough before
//! the code changes and after.

use super::Use;
use keyway_core::catalog::{Catalog, Method, Operation, Resolution};
use keyway_core::path::NormalPath;
use keyway_core::requirement::Requirement;
use keyway_core::scope::ScopeSet;
use keyway_core::sunset;
use keyway_core::translate::agrees;

/// What a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// One set of each list.
    Scopes(Vec<Vec<ScopeSet>>),
    /// No scope.
    Nothing,
    /// The needs are unknown, for this reason.
    Unknown(&'static str),
}

/// What a call needs.
pub fn need(one: &Use) -> Need {
    let method = one.operation.split_once(' ').map_or("GET", |(method, _)| method);
    let Some(method) = Method::parse(method) else { return Need::Unknown("which operations it calls can't be seen") };
    let listed: Vec<ScopeSet> = one.scopes.iter().filter_map(|names| ScopeSet::from_names(names.split('+')).ok()).collect();
    if !listed.is_empty() {
        return Need::Scopes(vec![listed]);
    }
    let catalog = Catalog::get();
    let called = asked(one);
    let Some(operation) = catalog.find(method, &called) else {
        return if one.auth == "none" { Need::Nothing } else { of_family(method, &called) };
    };
    match catalog.requirement_on(operation, one.object.as_deref()) {
        Some(requirement) => of_requirement(&requirement),
        None => Need::Unknown("the object type is chosen at run time; look at the call"),
    }
}

/// The called path. Below the prefix of the list API there are three reads of contacts that HubSpot exempts from its end
/// (hubspot facts, section 2). Their successor identifies them.
pub(super) fn asked(one: &Use) -> String {
    let path = one.operation.split(' ').nth(1).unwrap_or(&one.operation);
    let reads_contacts = one.successor.as_deref().is_some_and(|to| to.starts_with("/crm/objects/"));
    match path {
        "/contacts/v1/lists" if reads_contacts => "/contacts/v1/lists/all/contacts/all".to_owned(),
        "/contacts/v1/lists/all/contacts" => format!("{path}/all"),
        "/contacts/v1/lists/recently_updated/contacts" => format!("{path}/recent"),
        _ => path.to_owned(),
    }
}

/// The introspection of private-app tokens. Its path has no date. HubSpot documents no dated replacement, and announces no
/// end of it by name (hubspot facts, section 1).
pub(super) const INTROSPECTION: &str = "/oauth/v2/private-apps/get/access-token-info";

/// Whether a call queries the permissions of a private-app token.
pub(super) fn is_introspection(operation: &str) -> bool {
    operation.split(' ').nth(1) == Some(INTROSPECTION)
}

fn of_requirement(requirement: &Requirement) -> Need {
    match requirement {
        Requirement::Token => Need::Nothing,
        Requirement::Scopes(_) | Requirement::Both(..) => Need::Scopes(vec![requirement.alternatives()]),
        Requirement::DeveloperKey => Need::Unknown("it takes the developer API key and no scope"),
        Requirement::Nothing => Need::Unknown("HubSpot publishes no scope that opens it"),
        Requirement::Unstated => Need::Unknown("no source states which scope opens it"),
    }
}

/// A family older than v3 needs the scopes of its successor, for reading or writing by the method.
fn of_family(method: Method, path: &str) -> Need {
    let Some(family) = sunset::family(path) else {
        return Need::Unknown("HubSpot's reference does not list it; look at the call and add the scopes of the records that it touches");
    };
    let lists: Vec<Vec<ScopeSet>> = places(family.move_to)
        .iter()
        .filter_map(|place| operation_at(method, place))
        .filter_map(|(operation, path)| match of_requirement(&Catalog::get().requirement(operation, &path).ok()?) {
            Need::Scopes(lists) => Some(lists),
            _ => None,
        })
        .flatten()
        .collect();
    if lists.is_empty() { Need::Unknown("no source states the scopes of its successor; look at the call") } else { Need::Scopes(lists) }
}

/// The paths of `/crm/objects/2026-09/{notes,calls}`; none for a sentence.
fn places(move_to: &str) -> Vec<String> {
    let path = move_to.split([' ', ';']).next().unwrap_or_default();
    if !path.starts_with('/') {
        return Vec::new();
    }
    match path.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(inside, after)| (before, inside, after))) {
        Some((before, inside, after)) => inside.split(',').map(|one| format!("{before}{one}{after}")).collect(),
        None => vec![path.to_owned()],
    }
}

/// An operation of a collection that reads or writes as the method does. A generic path without a type is tried with
/// contacts.
fn operation_at(method: Method, place: &str) -> Option<(&'static Operation, NormalPath)> {
    let reads = method == Method::Get;
    let methods: &[Method] = if reads { &[Method::Get, Method::Post] } else { &[Method::Post, Method::Patch, Method::Put] };
    let ends: &[&str] = if reads {
        &["", "/0", "/search", "/contacts", "/contacts/deals/labels"]
    } else {
        &["", "/0", "/contacts", "/contacts/deals/batch/create"]
    };
    ends.iter().find_map(|end| {
        let path = NormalPath::parse(&format!("{}{end}", place.trim_end_matches('/'))).ok()?;
        let found = methods.iter().find_map(|method| match Catalog::get().resolve(method.as_str(), &path) {
            Resolution::Found(operation) if operation.read_only == reads => Some(operation),
            _ => None,
        })?;
        Some((found, path))
    })
}

/// The successor of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Successor {
    /// The path; none where HubSpot has published none.
    pub to: Option<String>,
    /// Whether it is a beta.
    pub beta: bool,
    /// The differences in the successor, in words.
    pub difference: Option<String>,
}

/// The successor of an operation, by the tables that `keyway fix` and `keyway scan` read.
pub(super) fn successor(one: &Use) -> Successor {
    let (method, path) = one.operation.split_once(' ').unwrap_or(("GET", &one.operation));
    if let Some(row) = Method::parse(method).and_then(|method| sunset::successor(method, path)) {
        let differs = row.successor.is_some() && row.difference != "-" && !agrees(row.difference);
        let mut differences: Vec<String> =
            differs.then(|| in_words(row.difference)).filter(|words| !words.is_empty()).into_iter().collect();
        let takes = |path: &str| Catalog::get().takes_developer_key(row.method, path);
        if row.successor.is_some_and(takes) && !takes(path) {
            differences.push(
                "it takes the developer API key (of the developer account, sent as `hapikey` in the query) in place of a token".to_owned(),
            );
        }
        return Successor {
            to: row.successor.map(str::to_owned),
            beta: row.stage == "beta",
            difference: (!differences.is_empty()).then(|| differences.join("; ")),
        };
    }
    let asked = asked(one);
    let said = one.successor.clone().or_else(|| sunset::family(&asked).map(|family| family.move_to.to_owned()));
    let to = said.as_deref().filter(|to| to.starts_with('/'));
    let older = sunset::family(&asked).is_some();
    Successor {
        to: to.map(|to| to.split([' ', ';']).next().unwrap_or(to).trim_end_matches(',').to_owned()),
        beta: said.as_deref().is_some_and(|said| said.contains("beta")),
        difference: to.filter(|_| older).map(|_| "it is older than v3, so bodies, IDs and paging differ".to_owned()),
    }
}

/// The most fields that are named in one difference.
const FIELDS_SHOWN: usize = 4;

/// A difference of the table, as sentences.
fn in_words(difference: &str) -> String {
    let one = |part: &str| {
        let Some((kind, what)) = part.split_once(": ").or_else(|| part.trim_end().strip_suffix(':').map(|kind| (kind, ""))) else {
            return match part.trim() {
                "not published" => Some("HubSpot publishes only the new operation, so compare the answers".to_owned()),
                _ => None,
            };
        };
        let all: Vec<&str> = what.split(',').map(str::trim).filter(|field| !field.is_empty()).collect();
        let more = all.len().saturating_sub(FIELDS_SHOWN);
        let mut fields = all.iter().take(FIELDS_SHOWN).copied().collect::<Vec<_>>().join(", ");
        if more > 0 {
            fields.push_str(&format!(" and {more} more"));
        }
        let change = what.split_once(" to ").map(|(from, to)| (from.trim(), to.trim())).filter(|(_, to)| !to.is_empty());
        Some(match (kind, change) {
            ("response field removed", _) => format!("the answer no longer holds {fields}"),
            ("request field removed", _) => format!("the body no longer takes {fields}"),
            ("request field now required", _) => format!("the body must hold {fields}"),
            ("query removed", _) => format!("the query no longer takes {fields}"),
            ("path parameter to request field", _) => format!("{fields} moves from the path to the body"),
            ("method", Some((from, to))) => format!("send {to} in place of {from}"),
            ("success status", Some((from, to))) => format!("success is {to} (before: {from})"),
            _ => return None,
        })
    };
    difference.split("; ").filter_map(one).collect::<Vec<_>>().join("; ")
}
