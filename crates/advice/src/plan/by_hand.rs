//! Changes that a person must make, because `keyway fix` can't know the meaning; and the notes of `keyway fix`.

use std::collections::BTreeMap;

use super::{Integration, Placed, PlannedApp, PlannedOperation, clue};

/// The beginning of the note of `keyway fix` on a client that gets a token in place of a key.
const TOKEN_GIVEN: &str = "the client is given a bearer token";

/// Changes for a person, in words, each with its places.
pub(super) fn items(app: &PlannedApp) -> Vec<Placed> {
    let mut items = Vec::new();
    let by_client: Vec<&PlannedOperation> = app.operations.iter().filter(|one| one.by_client && one.successor.is_some()).collect();
    if !by_client.is_empty() {
        items.push(Placed {
            what: format!(
                "Update what sends {} of the calls above (a client library, the node of a workflow tool) to a release that sends the dated versions; replace it where there is none",
                by_client.len()
            ),
            places: by_client.iter().flat_map(|one| one.places.iter().cloned()).collect(),
        });
    }
    for one in app.operations.iter().filter(|one| !one.by_client && one.moved_by_fix != Some(true)) {
        let what = match (&one.successor, &one.difference) {
            (Some(to), _) if one.beta => {
                format!(
                    "Plan the move of `{}`: its successor `{to}` is a beta, which may change until HubSpot makes it generally available",
                    one.operation
                )
            }
            (Some(to), Some(difference)) => format!("Move `{}` to `{to}`; {difference}", one.operation),
            (None, _) if one.ends.is_some() && !is_dated(&one.operation) => {
                format!("Replace `{}`: HubSpot names no successor for it; find another way, or do without", one.operation)
            }
            _ => continue,
        };
        items.push(Placed { what, places: one.places.clone() });
    }
    let given_a_token = |place: &String| {
        let changes = app.fix_changes.iter().flatten();
        changes.into_iter().any(|change| change.what.starts_with(TOKEN_GIVEN) && change.places.contains(place))
    };
    items.extend(app.clues.iter().map(|clue| {
        let look = clue.look.strip_prefix(clue::TOKEN_MISSING).filter(|_| clue.places.iter().all(given_a_token)).unwrap_or(&clue.look);
        Placed { what: format!("Look at {}. {look}", clue.what), places: clue.places.clone() }
    }));
    items.extend(app.unknown.iter().map(|unknown| {
        let operation = unknown.split('`').nth(1).unwrap_or_default();
        let places = app.operations.iter().filter(|one| one.operation == operation).flat_map(|one| one.places.iter().cloned()).collect();
        Placed { what: format!("Find the scope of {unknown}"), places }
    }));
    items
}

fn is_dated(operation: &str) -> bool {
    operation.contains("/20")
}

/// Adds the notes of `keyway fix` that the items do not cover yet.
pub(super) fn fixes(app: &mut PlannedApp, integration: &Integration) {
    let Some(notes) = &integration.fix else { return };
    let told = |what: &str| {
        what.contains("client library's call")
            || app.operations.iter().any(|one| !one.moves_by_itself() && !one.operation.is_empty() && what.starts_with(&one.operation))
            || (what.contains("/oauth/v1/")
                && app.operations.iter().any(|one| one.operation.contains("/oauth/v1/") && one.difference.is_some()))
    };
    let mut changes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut leaves: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for note in notes {
        if note.by_hand && told(&note.what) {
            continue;
        }
        let group = if note.by_hand { &mut leaves } else { &mut changes };
        // The page already describes what the account's rules require of writes.
        let what = note.what.split("; a call that creates or updates records").next().unwrap_or(&note.what);
        group.entry(what).or_default().push(format!("{}:{}", note.path, note.line));
    }
    let placed =
        |group: BTreeMap<&str, Vec<String>>| group.into_iter().map(|(what, places)| Placed { what: what.to_owned(), places }).collect();
    let (changes, leaves): (Vec<Placed>, Vec<Placed>) = (placed(changes), placed(leaves));
    for one in &mut app.operations {
        let path = one.operation.split(' ').nth(1).unwrap_or_default();
        let of_path = |found: &Placed, place: &String| {
            found.what.strip_prefix(path).is_some_and(|rest| rest.starts_with(' ')) && found.places.contains(place)
        };
        let by_hand = one.places.iter().any(|place| leaves.iter().any(|left| of_path(left, place)));
        let by_fix = one.places.iter().all(|place| changes.iter().any(|change| of_path(change, place)));
        one.moved_by_fix = if by_hand { Some(false) } else { by_fix.then_some(true) };
    }
    app.fix_changes = Some(changes);
    app.fix_leaves = leaves;
}
