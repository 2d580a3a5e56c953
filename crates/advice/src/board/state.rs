//! How far an integration is. Derived each time from what reports, apps and calls show; nobody sets it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use keyway_core::sunset;
use keyway_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgeingCalls, Kept, Traffic, ageing, ageing_operations, ageing_use};
use crate::plan::steps::quoted;
use crate::plan::{Integration, Leak, Loose, PlannedApp, ends, goes_through_keyway};

/// Operations and places that a sentence names.
const NAMED_MAX: usize = 3;

/// A step of the way, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// A report has it.
    Found,
    /// Keyway has an app for it.
    AppMade,
    /// Its code holds no credential of HubSpot and no call that ends.
    CodeMoved,
    /// Its app calls endpoints that stay, and no others.
    CallsSeen,
    /// What it used before is neither in the code nor in use at Keyway.
    CredentialEnded,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Found, Self::AppMade, Self::CodeMoved, Self::CallsSeen, Self::CredentialEnded];

    /// As the API and the command line write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::AppMade => "appMade",
            Self::CodeMoved => "codeMoved",
            Self::CallsSeen => "callsSeen",
            Self::CredentialEnded => "credentialEnded",
        }
    }

    /// The step of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::AppMade => "app made",
            Self::CodeMoved => "code moved",
            Self::CallsSeen => "calls seen on the new path",
            Self::CredentialEnded => "old credential ended",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// Whether a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// A report, an app or calls show it.
    Done,
    /// They show that it is not.
    Open,
    /// Neither; the text says what Keyway can't see, or that the step is not needed.
    Unknown,
}

/// A step of one integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// Which one.
    pub step: Step,
    /// Whether it is done.
    pub standing: Standing,
    /// What shows it; of an open step, what remains.
    pub text: String,
    /// The command that does it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// The first end among the calls and credentials that must move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// ISO date.
    pub date: Cow<'static, str>,
    /// What ends.
    pub what: Cow<'static, str>,
    /// How firm the day is: `published`, `month only` or `inferred`.
    pub certainty: Cow<'static, str>,
}

/// How far an integration is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The last step that is done with all steps before it done, or not needed.
    pub state: Step,
    /// Whether no step is open.
    pub done: bool,
    /// Every step.
    pub steps: Vec<Fact>,
    /// None where nothing must move by a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
}

/// The app of an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether an admin linked it; else it has the integration's name.
    pub linked: bool,
    /// Its calls of the last days; none where they are not counted yet.
    pub traffic: Option<&'a Traffic>,
}

/// Which app an integration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked<'a> {
    /// None.
    No,
    /// One.
    One(AppFacts<'a>),
    /// Several have its name, so that somebody must say which one it is.
    Several(usize),
}

/// Who at Keyway holds a credential that looks like one of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The connection of an account.
    Account {
        /// Its hub id.
        hub_id: u64,
        /// Its name.
        name: String,
    },
    /// A token of an app.
    Token {
        /// Its id.
        id: u64,
        /// The app's name.
        app: String,
    },
}

/// What Keyway knows of a credential by its mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who holds it.
    pub holder: Holder,
    /// Whether it is still in use there.
    pub live: bool,
}

/// The credentials in the newest report of a repository, wherever they are.
#[derive(Clone, Debug, Default)]
pub struct Present<'a>(HashMap<String, Vec<&'a Leak>>);

impl<'a> Present<'a> {
    /// Those of all integrations of the repository, and those of none.
    pub fn of(integrations: impl Iterator<Item = &'a Integration>, loose: &'a [Loose]) -> Self {
        let mut all: HashMap<_, Vec<&Leak>> = HashMap::new();
        for leak in integrations.flat_map(|one| &one.leaks).chain(loose.iter().map(|one| &one.leak)) {
            all.entry(same_as(leak)).or_default().push(leak);
        }
        Self(all)
    }

    fn get(&self, leak: &Leak) -> &[&'a Leak] {
        self.0.get(&same_as(leak)).map_or(&[], Vec::as_slice)
    }
}

/// What makes two findings the same credential.
fn same_as(leak: &Leak) -> String {
    format!("{} {}", leak.kind, leak.masked)
}

/// How far an integration is. With `planned`, the command that makes its app has the plan's scopes.
pub fn row(
    kept: &Kept,
    app: &Linked<'_>,
    present: &Present<'_>,
    known: &dyn Fn(&Leak) -> Option<Known>,
    planned: Option<&PlannedApp>,
    now: Timestamp,
) -> Row {
    let needs_app = kept.found.as_ref().is_none_or(goes_through_keyway);
    let steps = vec![
        found(kept),
        app_made(kept, app, needs_app, planned),
        code_moved(kept),
        calls_seen(app, needs_app, now),
        credential_ended(kept, present, known),
    ];
    let reached = steps.iter().take_while(|fact| fact.standing != Standing::Open);
    let state = reached.filter(|fact| fact.standing == Standing::Done).map(|fact| fact.step).last().unwrap_or(Step::Found);
    let deadline = deadline(kept.found.as_ref(), still_called(app, now));
    Row { state, done: steps.iter().all(|fact| fact.standing != Standing::Open), steps, deadline }
}

fn fact(step: Step, standing: Standing, text: String, command: Option<String>) -> Fact {
    Fact { step, standing, text, command }
}

impl Deadline {
    /// The day, or the month where HubSpot published no day.
    pub fn shown(&self) -> &str {
        match &*self.certainty {
            "month only" => self.date.get(..7).unwrap_or(&self.date),
            _ => &self.date,
        }
    }
}

/// The operations that end and that the app of an integration still calls.
fn still_called<'a>(app: &Linked<'a>, now: Timestamp) -> &'a [AgeingCalls] {
    match app {
        Linked::One(AppFacts { traffic: Some(traffic), .. }) if !traffic.is_moved(now) => &traffic.operations,
        _ => &[],
    }
}

/// The earliest end of a call that must move, in the code or of the app, and of the API key.
fn deadline(found: Option<&Integration>, called: &[AgeingCalls]) -> Option<Deadline> {
    let in_code = found.into_iter().flat_map(|found| found.uses.iter().filter_map(ageing_use).chain(ends::of_key(found)));
    let of_app = called.iter().filter_map(|one| ageing(one.operation.split_once(' ').map_or("", |(_, path)| path)));
    // No day ends the tokens of private apps, but the apps that have them lose their support.
    let is_token = |leak: &Leak| leak.kind == "private_app_token" && !leak.only_in_history;
    let token = found.is_some_and(|found| found.leaks.iter().any(is_token));
    let rows = in_code.chain(of_app).chain(token.then(|| sunset::of_app("legacy-private")).flatten());
    let row = rows.min_by_key(|row| row.date)?;
    Some(Deadline { date: row.date.into(), what: row.what.into(), certainty: row.certainty.into() })
}

fn found(kept: &Kept) -> Fact {
    let text = match &kept.found {
        Some(one) => format!(
            "The newest report has {} and {}",
            counted(one.uses.len(), "place that calls HubSpot", "places that call HubSpot"),
            counted(one.leaks.len(), "credential", "credentials")
        ),
        None => "An earlier report had it. The newest report has nothing of it".to_owned(),
    };
    fact(Step::Found, Standing::Done, text, None)
}

fn app_made(kept: &Kept, app: &Linked<'_>, needs_app: bool, planned: Option<&PlannedApp>) -> Fact {
    let of = |standing, text: String, command| fact(Step::AppMade, standing, text, command);
    match app {
        Linked::One(app) if app.linked => of(Standing::Done, format!("The app {} is linked to it", app.name), None),
        Linked::One(app) => of(Standing::Done, format!("The app {} has its name", app.name), None),
        Linked::Several(apps) => {
            of(Standing::Open, format!("{apps} apps have the name {}. Link the one that the integration uses", kept.name), None)
        }
        Linked::No if !needs_app => {
            of(Standing::Unknown, "It needs no app: what it calls takes no token, or the developer API key alone".to_owned(), None)
        }
        Linked::No => {
            let scopes: Vec<&str> = planned.iter().flat_map(|planned| &planned.scopes).map(|reason| &*reason.scope).collect();
            let scopes = if scopes.is_empty() { String::new() } else { format!(" --scopes {}", scopes.join(",")) };
            let owner = planned.and_then(|planned| planned.owner.as_deref());
            let owner = owner.map(|owner| format!(" --owner {}", quoted(owner))).unwrap_or_default();
            let command = format!("keyway app create {}{scopes}{owner}", quoted(&kept.name));
            of(Standing::Open, "Create its app, or link an app that exists".to_owned(), Some(command))
        }
    }
}

fn code_moved(kept: &Kept) -> Fact {
    let of = |standing, text: String, command| fact(Step::CodeMoved, standing, text, command);
    let Some(found) = &kept.found else {
        let text = "Keyway can't tell code that was deleted from code that was not scanned. Send a report of the whole repository; if the code is deleted, remove the row";
        return of(Standing::Open, text.to_owned(), None);
    };
    let (operations, credentials) = (ageing_operations(found), in_code(found).count());
    if operations.is_empty() && credentials == 0 {
        let earlier = &kept.earlier;
        let text = if earlier.operations.is_empty() && earlier.credentials.is_empty() {
            "The code holds no credential of HubSpot and no call that ends".to_owned()
        } else {
            format!(
                "Since an earlier report, {} and {} are gone from the code",
                counted(earlier.operations.len(), "ending operation", "ending operations"),
                counted(earlier.credentials.len(), "credential", "credentials")
            )
        };
        return of(Standing::Done, text, None);
    }
    let mut left = Vec::new();
    if !operations.is_empty() {
        left.push(format!("{} ({})", counted(operations.len(), "ending operation", "ending operations"), named(&operations)));
    }
    if credentials > 0 {
        left.push(counted(credentials, "credential", "credentials"));
    }
    // Steps of workflow tools have settings and no code.
    let in_tool = !found.uses.is_empty() && found.uses.iter().all(|one| one.by_tool);
    let folder = quoted(found.folder.as_deref().unwrap_or("."));
    let command = (!in_tool).then(|| format!("keyway fix {folder}\nkeyway fix {folder} --write"));
    of(Standing::Open, format!("The newest report still has {}. Change the code, then send a new report", left.join(" and ")), command)
}

fn calls_seen(app: &Linked<'_>, needs_app: bool, now: Timestamp) -> Fact {
    let of = |standing, text: String, command| fact(Step::CallsSeen, standing, text, command);
    let Linked::One(app) = app else {
        return if needs_app {
            of(Standing::Open, "Its calls are seen once it has an app".to_owned(), None)
        } else {
            of(Standing::Unknown, "Its calls do not go through Keyway".to_owned(), None)
        };
    };
    let command = || Some(format!("keyway audit list --app {}", quoted(app.name)));
    let Some(traffic) = app.traffic else {
        return of(Standing::Open, "The calls of the app are being counted. Look again in a minute".to_owned(), None);
    };
    let (current, ageing) = (traffic.current.calls, traffic.ageing.calls);
    if traffic.is_moved(now) {
        let text = format!("The app called endpoints that stay {}, the last time on {}", times(current), date(traffic.current.last));
        return of(Standing::Done, text, None);
    }
    let text = if ageing > 0 {
        let operations: Vec<String> = traffic.operations.iter().map(|one| one.operation.clone()).collect();
        format!(
            "The app still calls endpoints that end: {}, the last time on {} ({})",
            times(ageing),
            date(traffic.ageing.last),
            named(&operations)
        )
    } else {
        "The app made no call that succeeded in the last 30 days. Give the program the app's token and Keyway's address".to_owned()
    };
    of(Standing::Open, text, command())
}

fn credential_ended(kept: &Kept, present: &Present<'_>, known: &dyn Fn(&Leak) -> Option<Known>) -> Fact {
    let of = |standing, text: String, command| fact(Step::CredentialEnded, standing, text, command);
    let mut all: Vec<&Leak> = Vec::new();
    for leak in kept.found.iter().flat_map(|found| &found.leaks).chain(&kept.earlier.credentials) {
        if !all.iter().any(|known| (&known.kind, &known.masked) == (&leak.kind, &leak.masked)) {
            all.push(leak);
        }
    }
    if all.is_empty() {
        let text = "No report had a credential of it, so Keyway can't see what it used before. If it used one, end it at HubSpot";
        return of(Standing::Unknown, text.to_owned(), None);
    }
    let mut unproven = Vec::new();
    for leak in &all {
        let there = present.get(leak);
        if let Some(place) = there.iter().find(|there| !there.only_in_history) {
            return of(Standing::Open, format!("{} is still in the code: {}", leak.masked, place.place), None);
        }
        if there.iter().any(|there| there.alive == Some(true)) {
            return of(
                Standing::Open,
                format!("{} is in git's history alone, and HubSpot accepts it. End it at HubSpot", leak.masked),
                None,
            );
        }
        match known(leak) {
            Some(Known { holder, live: true }) => {
                let (text, command) = in_use(&leak.masked, &holder);
                return of(Standing::Open, text, Some(command));
            }
            Some(Known { live: false, .. }) => {}
            None if there.iter().any(|there| there.alive == Some(false)) => {}
            None => unproven.push(leak.masked.clone()),
        }
    }
    let text = if unproven.is_empty() {
        format!("{} gone from the code, and no longer accepted", counted(all.len(), "credential is", "credentials are"))
    } else {
        format!(
            "{} gone from the code. Keyway can't know whether HubSpot still accepts {}: make sure that it is ended there",
            counted(all.len(), "credential is", "credentials are"),
            named(&unproven)
        )
    };
    of(Standing::Done, text, None)
}

/// What to do about a credential that Keyway uses or accepts. Keyway knows it by its mask, so another one may look alike.
fn in_use(masked: &str, holder: &Holder) -> (String, String) {
    match holder {
        Holder::Account { hub_id, name } => (
            format!("{masked} looks like the credential that connects the account {name}. Replace that credential"),
            format!("keyway account rotate {hub_id} --credential-env HUBSPOT_SERVICE_KEY"),
        ),
        Holder::Token { id, app } => (
            format!("{masked} looks like a token that Keyway still accepts from the app {app}. Revoke that token"),
            format!("keyway token revoke {id}"),
        ),
    }
}

fn in_code(found: &Integration) -> impl Iterator<Item = &Leak> {
    found.leaks.iter().filter(|leak| !leak.only_in_history)
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn times(calls: u64) -> String {
    if calls == 1 { "once".to_owned() } else { format!("{calls} times") }
}

fn date(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_date).unwrap_or_default()
}

/// The first of some names, and how many more there are.
fn named(all: &[String]) -> String {
    let first = all.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
