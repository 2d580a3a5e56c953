//! What one call needs: the scopes of its operation and of the one that takes its place, so that the
//! app's scopes are enough before the code is changed, and after.

use super::Use;
use crate::catalog::{Catalog, Method, Operation, Resolution};
use crate::path::NormalPath;
use crate::requirement::Requirement;
use crate::scope::ScopeSet;
use crate::sunset;
use crate::translate::agrees;

/// What a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// An alternative of each list.
    Scopes(Vec<Vec<ScopeSet>>),
    /// No scope.
    Nothing,
    /// It is not known, and why.
    Unknown(&'static str),
}

/// What a call needs.
pub fn need(one: &Use) -> Need {
    let (method, path) = one.operation.split_once(' ').unwrap_or(("GET", &one.operation));
    let Some(method) = Method::parse(method) else { return Need::Unknown("it has no method that is known") };
    let catalog = Catalog::get();
    let listed: Vec<ScopeSet> = one.scopes.iter().filter_map(|names| ScopeSet::from_names(names.split('+')).ok()).collect();
    let Some(operation) = catalog.find(method, path) else {
        return if one.auth == "none" { Need::Nothing } else { of_family(method, path) };
    };
    if !listed.is_empty() {
        return Need::Scopes(vec![listed]);
    }
    match catalog.requirement_on(operation, one.object.as_deref()) {
        Some(requirement) => of_requirement(&requirement),
        None => Need::Unknown("its object type is not to be seen; look at the call"),
    }
}

fn of_requirement(requirement: &Requirement) -> Need {
    match requirement {
        Requirement::Token => Need::Nothing,
        Requirement::Scopes(_) | Requirement::Both(..) => Need::Scopes(vec![requirement.alternatives()]),
        Requirement::DeveloperKey => Need::Unknown("it takes the developer API key, and no scope"),
        Requirement::Nothing => Need::Unknown("HubSpot publishes no scope that opens it"),
        Requirement::Unstated => Need::Unknown("no source states which scope opens it"),
    }
}

/// A family older than v3 needs what its successor needs: reading or writing by its method.
fn of_family(method: Method, path: &str) -> Need {
    let Some(family) = sunset::family(path) else {
        return Need::Unknown("it is older than HubSpot's reference, and where it went is not known");
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
    if lists.is_empty() { Need::Unknown("the scopes of what takes its place are not known; look at the call") } else { Need::Scopes(lists) }
}

/// The paths of `/crm/objects/2026-09/{notes,calls}`; none of a sentence.
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

/// An operation of a collection that reads or writes as the method does. Generic paths are tried
/// with contacts where no type is named.
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

/// What takes an operation's place, and what differs there.
pub(super) fn successor(operation: &str) -> (Option<String>, Option<&'static str>) {
    let (method, path) = operation.split_once(' ').unwrap_or(("GET", operation));
    match Method::parse(method).and_then(|method| sunset::successor(method, path)) {
        Some(row) => {
            (row.successor.map(str::to_owned), Some(row.difference).filter(|difference| *difference != "-" && !agrees(difference)))
        }
        None => (sunset::family(path).map(|family| family.move_to.to_owned()), None),
    }
}
