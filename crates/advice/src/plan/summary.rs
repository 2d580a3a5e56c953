//! The content of the first page: the number of integrations, the work, and the risks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CredentialKind, End, Found, Integration, PlannedApp, by_hand, need};

/// The first page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Integrations.
    pub integrations: usize,
    /// Places that call HubSpot.
    pub calls: usize,
    /// Ends that have passed or come within six months.
    pub urgent: usize,
    /// Credentials in plain text, in integrations and elsewhere, each once.
    pub credentials: usize,
    /// The work of all of them.
    pub work: Work,
    /// What may go wrong, and where.
    pub risks: Vec<String>,
}

/// How much work: counted, and estimated from that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Work {
    /// Places that `keyway fix` changes.
    pub by_fix: usize,
    /// Things that a person changes in the code.
    pub by_hand: usize,
    /// Credentials to rotate.
    pub credentials: usize,
    /// Working hours at least.
    pub hours_least: usize,
    /// Working hours at most.
    pub hours_most: usize,
}

/// The method of the estimate, printed below the figures.
pub(super) const ESTIMATE: &str = "The hours are an estimate: 4 for each integration (app, settings, test, roll-out), 4 more where it becomes a project app or an OAuth app, 2 for each change by hand, 1 for each credential to rotate, and 1 for each 8 places that `keyway fix` changes (review); at most twice that.";

pub(super) fn work(app: &PlannedApp, integration: &Integration) -> Work {
    let by_fix = match &integration.fix {
        Some(notes) => notes.iter().filter(|note| !note.by_hand).count(),
        None => app.operations.iter().filter(|one| one.moves_by_itself()).map(|one| one.places.len()).sum(),
    };
    let by_hand = by_hand::items(app).len() + app.fix_leaves.len();
    let credentials = masks(app).len();
    let project = matches!(app.credential, CredentialKind::ProjectApp | CredentialKind::Oauth);
    let hours_least = 4 + if project { 4 } else { 0 } + 2 * by_hand + credentials + by_fix.div_ceil(8);
    Work { by_fix, by_hand, credentials, hours_least, hours_most: 2 * hours_least }
}

fn masks(app: &PlannedApp) -> Vec<(&str, &str)> {
    let mut masks: Vec<(&str, &str)> = app.leaks.iter().map(|leak| (leak.kind.as_str(), leak.masked.as_str())).collect();
    masks.sort_unstable();
    masks.dedup();
    masks
}

pub(super) fn of(apps: &[PlannedApp], found: &Found, ends: &[End]) -> Summary {
    let mut all: Vec<(&str, &str)> = apps.iter().flat_map(masks).collect();
    all.extend(found.loose.iter().map(|loose| (loose.leak.kind.as_str(), loose.leak.masked.as_str())));
    all.sort_unstable();
    all.dedup();
    let sum = |of: fn(&Work) -> usize| apps.iter().map(|app| of(&app.work)).sum();
    let places = |app: &PlannedApp| {
        app.operations.iter().map(|one| one.places.len()).sum::<usize>() + app.clues.iter().map(|clue| clue.places.len()).sum::<usize>()
    };
    Summary {
        integrations: apps.len(),
        calls: apps.iter().map(places).sum(),
        urgent: ends.iter().filter(|end| end.when != "later").count(),
        credentials: all.len(),
        work: Work {
            by_fix: sum(|work| work.by_fix),
            by_hand: sum(|work| work.by_hand),
            credentials: all.len(),
            hours_least: sum(|work| work.hours_least),
            hours_most: sum(|work| work.hours_most),
        },
        risks: risks(apps, found, ends, all.len()),
    }
}

fn risks(apps: &[PlannedApp], found: &Found, ends: &[End], credentials: usize) -> Vec<String> {
    let mut risks = Vec::new();
    let names = |wanted: &dyn Fn(&PlannedApp) -> bool| {
        let names: Vec<&str> = apps.iter().filter(|app| wanted(app)).map(|app| app.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    for end in ends.iter().filter(|end| end.when == "past") {
        risks.push(format!("{} has ended ({}: {}): {}.", end.what, end.date, end.effect, end.apps.join(", ")));
    }
    if credentials > 0 {
        let leaks = apps.iter().flat_map(|app| &app.leaks).chain(found.loose.iter().map(|loose| &loose.leak));
        let history = if leaks.clone().any(|leak| leak.in_history) { "; git's history keeps them, so only rotation helps" } else { "" };
        let (stand, them) =
            if credentials == 1 { ("1 credential is".to_owned(), "it") } else { (format!("{credentials} credentials are"), "them") };
        risks.push(format!("{stand} in plain text: whoever can read the files can use HubSpot with {them}{history}."));
    }
    if let Some(names) = names(&|app| app.writes_records) {
        risks.push(format!("CRM writes: from API version 2026-09 on HubSpot enforces the account's rules (conditionally required properties, properties that the create form requires, permission to associate). A write that worked before may get a 400. Test each against the account's own rules: {names}."));
    }
    if let Some(names) = names(&|app| !app.unknown.is_empty() || !app.clues.is_empty()) {
        risks.push(format!("Not every scope is known, so the new token may get a 403 until the missing scope is added: {names}."));
    }
    if let Some(names) = names(&|app| {
        app.operations.iter().any(|one| one.beta || (one.successor.is_none() && one.ends.is_some() && !one.operation.contains("/20")))
    }) {
        risks.push(format!("Some calls have no generally available successor yet: {names}."));
    }
    if let Some(names) = names(&|app| app.operations.iter().any(|one| need::is_introspection(&one.operation))) {
        risks.push(format!("The path `{}` carries no date. HubSpot documents no replacement and has announced no end of it by name. Keep the call, and watch HubSpot's changelog: {names}.", need::INTROSPECTION));
    }
    if let Some(names) = names(&|app| app.credential == CredentialKind::Oauth) {
        risks.push(format!("OAuth: where accounts have installed the app, move it with `hs app migrate`, which keeps the installs; each account would have to install a new app again: {names}."));
    }
    if let Some(names) = names(&|app| app.built_only) {
        risks.push(format!("Only build output was found; find the source before you change anything: {names}."));
    }
    if let Some(names) = names(&|app| !app.least) {
        risks.push(format!("The search for the least scopes was cut short; a set that opens less may be enough: {names}."));
    }
    let mut shared: Vec<&str> = Vec::new();
    for (at, app) in apps.iter().enumerate() {
        let places = |app: &PlannedApp| {
            app.operations.iter().flat_map(|one| one.places.clone()).filter(|place| !place.contains(" recorded call")).collect::<Vec<_>>()
        };
        let own = places(app);
        if apps.iter().enumerate().any(|(other, one)| other != at && places(one).iter().any(|place| own.contains(place))) {
            shared.push(&app.name);
        }
    }
    if !shared.is_empty() {
        risks.push(format!("Shared code: a library is part of several programs, so a change reaches all of them: {}.", shared.join(", ")));
    }
    if let Some(names) = names(&|app| app.owner.is_none()) {
        risks.push(format!("No owner is known: {names}."));
    }
    risks
}
