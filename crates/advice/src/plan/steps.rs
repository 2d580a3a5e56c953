//! The steps of the plan, in an order in which everything keeps working.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Clue, CredentialKind, Found, Leak, PlannedApp, PlannedOperation, by_hand};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// Who can do it.
    pub who: Who,
    /// Whether it comes after the last integration.
    pub last: bool,
    /// What.
    pub what: String,
    /// How, where a command does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Who can do a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// HubSpot has no API for it: a person does it on HubSpot's pages.
    Person,
    /// A command.
    Command,
    /// A person who knows the code.
    Developer,
}

impl Who {
    /// For a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Person => "on HubSpot's pages",
            Self::Command => "command",
            Self::Developer => "developer",
        }
    }
}

#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    last: bool,
}

impl Steps {
    fn add(&mut self, who: Who, what: impl Into<String>, command: Option<String>) {
        self.steps.push(Step { number: self.steps.len() + 1, who, last: self.last, what: what.into(), command });
    }
}

/// The most places of one step that are named.
const PLACES_SHOWN: usize = 4;

/// The steps for the account, done once before the first integration and once after the last.
pub(super) fn of_account(apps: &[PlannedApp], found: &Found, scopes: &[&str], input: &str) -> Vec<Step> {
    let mut steps = Steps::default();
    if apps.iter().any(|app| app.credential == CredentialKind::ServiceKey) {
        let list = if scopes.is_empty() { String::new() } else { format!(". Its scopes: `{}`", scopes.join("`, `")) };
        steps.add(
            Who::Person,
            format!("Create a service key (Development > Keys > Service keys), as a user who holds its scopes, and give it a name that says Keyway{list}"),
            None,
        );
        steps.add(
            Who::Command,
            "Connect the account with the key. Keyway keeps it encrypted, and no integration sees it",
            Some("keyway account create --connect --credential-env HUBSPOT_SERVICE_KEY".to_owned()),
        );
    }
    if !apps.is_empty() {
        steps.add(
            Who::Command,
            "Create one app on Keyway for each integration below, with its scopes. Keyway shows each token once",
            Some(format!("keyway plan {} --apply", quoted(input))),
        );
    }
    steps.last = true;
    if !apps.is_empty() {
        steps.add(
            Who::Command,
            "List the recorded calls that end, with their dates: only calls of the newest dated version may be left",
            Some("keyway sunset".to_owned()),
        );
    }
    let mut told: Vec<(&str, &str)> =
        apps.iter().flat_map(|app| &app.leaks).map(|leak| (leak.kind.as_str(), leak.masked.as_str())).collect();
    for loose in &found.loose {
        if !told.contains(&(&loose.leak.kind, &loose.leak.masked)) {
            told.push((&loose.leak.kind, &loose.leak.masked));
            retire(&mut steps, &loose.leak);
        }
    }
    let keyed = found.integrations.iter().any(|one| one.uses.iter().any(|one| one.auth == "hapikey"));
    if keyed && told.iter().all(|(kind, _)| *kind != "hapikey") {
        steps.add(Who::Person, "Deactivate the account-wide API key, once nothing sends it any more", None);
    }
    steps.steps
}

/// The variable that `keyway fix` has code read the token from.
pub(super) const TOKEN: &str = "HUBSPOT_ACCESS_TOKEN";

/// The steps for one integration.
pub(super) fn of_app(app: &PlannedApp, input: &str) -> Vec<Step> {
    let mut steps = Steps::default();
    let name = quoted(&app.name);
    let folder = app.folder.as_deref().map(quoted);
    if app.owner.is_none() {
        let who = folder.as_ref().map(|folder| format!("git shortlog -sne HEAD -- {folder}"));
        steps.add(Who::Developer, "Find the owner: who changes this code, and who is called when it stops", who);
    }
    if app.built_only {
        steps.add(Who::Developer, "Find the source of this build output; the changes below belong there", None);
    }
    // Keyway refuses operations that take the developer API key.
    let calls_hubspot_itself = !app.operations.is_empty() && app.operations.iter().all(PlannedOperation::takes_developer_key);
    project(&mut steps, app, input, calls_hubspot_itself);
    let through_keyway = app.credential != CredentialKind::None && !calls_hubspot_itself;
    if through_keyway {
        let scopes: Vec<&str> = app.scopes.iter().map(|reason| &*reason.scope).collect();
        let scopes = if scopes.is_empty() { String::new() } else { format!(" --scopes {}", scopes.join(",")) };
        let owner = app.owner.as_deref().map(|owner| format!(" --owner {}", quoted(owner))).unwrap_or_default();
        steps.add(
            Who::Command,
            "Create its app on Keyway, if `keyway plan … --apply` has not; keep the token where the program's other secrets are",
            Some(format!("keyway app create {name}{scopes}{owner}")),
        );
    }
    developer_key(&mut steps, app);
    if app.work.by_fix > 0 || !app.fix_leaves.is_empty() {
        let folder = folders(app);
        steps.add(
            Who::Command,
            "Read what `keyway fix` would change, then let it write",
            Some(format!("keyway fix {folder}\nkeyway fix {folder} --write")),
        );
    }
    for item in by_hand::items(app) {
        steps.add(Who::Developer, format!("{}{}", item.what, places(&item.places)), None);
    }
    if !app.fix_leaves.is_empty() {
        steps.add(Who::Developer, "Do what `keyway fix` leaves by hand (listed above)", None);
    }
    let for_agent = app.clues.iter().any(Clue::is_of_agent) || app.leaks.iter().any(|leak| leak.agent.is_some());
    if through_keyway && for_agent {
        steps.add(
            Who::Command,
            "For each agent: start a session of the app, with the least classes and the shortest time that do. Then replace the HubSpot server and its credential in the agent's settings by what `keyway mcp snippet` prints. The audit log has each call under the session, and you can end the session at any time",
            Some(format!("keyway session create --app {name} --classes read --lifetime 8h --on-behalf-of EMAIL --purpose 'what the agent is for'\nkeyway mcp snippet")),
        );
    }
    if through_keyway && !(for_agent && app.operations.is_empty()) {
        let names = if app.variables.is_empty() { vec![TOKEN] } else { app.variables.iter().map(String::as_str).collect() };
        let variables = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        steps.add(
            Who::Developer,
            if app.in_a_tool {
                "In the tool, give its HubSpot connection the app's token, and Keyway's address where it has a setting for it".to_owned()
            } else if app.operations.iter().any(|one| one.by_client) || app.clues.iter().any(|clue| clue.what.starts_with("a client")) {
                format!("Where the program runs, set {variables} to the app's token and `HUBSPOT_BASE_URL` to Keyway's address. A client library does not read these by itself: give it both in the code (docs/private-apps.md names the setting of each library)")
            } else {
                format!("Where the program runs, set {variables} to the app's token and `HUBSPOT_BASE_URL` to Keyway's address")
            },
            None,
        );
    }
    let rules = if app.writes_records {
        ". Try each write with a record that breaks one of the account's rules (a required property left out): from 2026-09 on HubSpot answers 400"
    } else {
        ""
    };
    steps.add(Who::Developer, format!("Test, then roll out{rules}"), None);
    if through_keyway {
        steps.add(
            Who::Command,
            "See that it calls through Keyway, and that no call is refused",
            Some(format!("keyway app show {name}\nkeyway audit list --app {name}")),
        );
    }
    let mut told: Vec<(&str, &str)> = Vec::new();
    for leak in &app.leaks {
        if !told.contains(&(&leak.kind, &leak.masked)) {
            told.push((&leak.kind, &leak.masked));
            retire(&mut steps, leak);
        }
    }
    if through_keyway {
        steps.add(
            Who::Command,
            "After some weeks remove the scopes that no call needed",
            Some(format!("keyway app tighten {name} --apply")),
        );
    }
    steps.steps
}

/// Where a call's successor takes the developer API key: create the key and store it. No app's token opens such a call, so
/// the program sends it to HubSpot itself.
fn developer_key(steps: &mut Steps, app: &PlannedApp) {
    let calls: Vec<String> =
        app.operations.iter().filter(|one| one.takes_developer_key()).map(|one| format!("`{}`", one.operation)).collect();
    if calls.is_empty() {
        return;
    }
    steps.add(
        Who::Person,
        format!(
            "In the developer account that owns the app, create the developer API key (Keys > Developer API key), or copy the one that exists, for {} or what takes its place",
            calls.join(", ")
        ),
        None,
    );
    steps.add(
        Who::Developer,
        "Keep the key where the program's other secrets are, as `HUBSPOT_DEVELOPER_API_KEY`. Send these calls to HubSpot itself, `https://api.hubapi.com`, with `?hapikey=` and the key: no app's token opens them, so Keyway refuses them (`developer-key-only`)",
        None,
    );
}

/// The folder, and those of the libraries that it depends on.
fn folders(app: &PlannedApp) -> String {
    let own = app.folder.as_deref().unwrap_or(".");
    let mut folders = vec![quoted(own)];
    let paths = app.operations.iter().flat_map(|one| &one.places).filter_map(|place| place.rsplit_once(':'));
    for folder in paths.map(|(path, _)| path.rsplit_once('/').map_or(".", |(folder, _)| folder)) {
        let inside = own == "." || folder == own || folder.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
        if !inside && !folders.contains(&quoted(folder)) {
            folders.push(quoted(folder));
        }
    }
    folders.join(" ")
}

fn project(steps: &mut Steps, app: &PlannedApp, input: &str, calls_hubspot_itself: bool) {
    let oauth = match app.credential {
        CredentialKind::ProjectApp => false,
        CredentialKind::Oauth => true,
        CredentialKind::ServiceKey | CredentialKind::None => return,
    };
    let name = quoted(&app.name);
    steps.add(Who::Command, "Write its HubSpot project", Some(format!("keyway plan {} --project hubspot-projects", quoted(input))));
    if oauth {
        steps.add(
            Who::Person,
            "Upload the project with `hs project upload`. Move an app that exists with `hs app migrate`; it keeps its installs",
            None,
        );
        steps.add(
            Who::Command,
            "Give Keyway the app's client ID and secret; accounts then connect by OAuth",
            Some(format!("keyway oauth-client add {name} --client-id CLIENT_ID --credential-env HUBSPOT_CLIENT_SECRET")),
        );
    } else if calls_hubspot_itself {
        steps.add(Who::Person, "Upload the project with `hs project upload`, and install the app in the account", None);
    } else {
        steps.add(
            Who::Person,
            "Upload the project with `hs project upload`, install the app in the account, and copy its static token",
            None,
        );
        steps.add(
            Who::Command,
            "Connect the account with that token",
            Some("keyway account create --connect --credential-env HUBSPOT_STATIC_TOKEN".to_owned()),
        );
    }
}

fn retire(steps: &mut Steps, leak: &Leak) {
    let what = match leak.kind.as_str() {
        "hapikey" => "Deactivate the account's API key",
        "developer_key" => "Regenerate the developer API key",
        "oauth_client_secret" | "webhook_secret" => "Rotate the app's client secret",
        "oauth_refresh_token" => "Revoke the refresh token, and have the account install the app again",
        "oauth_access_token" => "Find out why an access token was written down; it lives half an hour",
        "personal_access_key" => "Deactivate the personal access key",
        "keyway_token" => "Rotate the token of its app",
        _ => "Rotate the token, and delete its private app once nothing uses it",
    };
    let history = if leak.in_history { "; git's history keeps it" } else { "" };
    let agent = leak.agent.as_ref().map(|agent| format!(", where {agent} can use it")).unwrap_or_default();
    let sent = match &leak.sent_to {
        Some(host) if leak.kind == "keyway_token" => format!(". It is sent to `{host}`: rotate it unless that is your Keyway"),
        Some(host) => {
            format!(". It is sent to `{host}`, which is not a HubSpot host: do this first, because whoever runs that host has it")
        }
        None => String::new(),
    };
    let what = format!("{what}: `{}` is in plain text at `{}`{agent}{history}{sent}", leak.masked, leak.place);
    match leak.kind.as_str() {
        "keyway_token" => steps.add(Who::Command, what, Some("keyway token rotate APP".to_owned())),
        _ => steps.add(Who::Person, what, None),
    }
}

/// `(at a.py:1, a.py:2 and 5 more)`.
pub(super) fn places(places: &[String]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = places.iter().take(PLACES_SHOWN).map(|place| format!("`{place}`")).collect();
    let more = places.len().saturating_sub(PLACES_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(" ({}{more})", shown.join(", "))
}

/// A word, quoted for a shell.
pub(crate) fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./@:+,".contains(letter));
    // A shell command would read a word with a leading dash as an option.
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_owned() };
    if plain { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
