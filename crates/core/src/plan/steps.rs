//! What to do, in an order in which nothing stops working on the way.

use serde::Serialize;

use super::{CredentialKind, Integration, PlannedApp};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// Who can do it.
    pub who: Who,
    /// What.
    pub what: String,
    /// How, where a command does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Who can do a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// HubSpot has no API for it: a person does it on HubSpot's pages.
    Person,
    /// A command.
    Command,
    /// A person who knows the code.
    Developer,
}

struct Steps(Vec<Step>);

impl Steps {
    fn add(&mut self, who: Who, what: impl Into<String>, command: Option<String>) {
        self.0.push(Step { number: self.0.len() + 1, who, what: what.into(), command });
    }
}

pub(super) fn of(apps: &[PlannedApp], scopes: &[&str], integrations: &[Integration]) -> Vec<Step> {
    let mut steps = Steps(Vec::new());
    if apps.is_empty() {
        return steps.0;
    }
    connect(&mut steps, apps, scopes);
    steps.add(
        Who::Command,
        "Make one app for each integration on the Keyway, with the scopes above; each token is shown once",
        Some("keyway plan REPORT --apply".to_owned()),
    );
    steps.add(Who::Command, "See what changes in the code, then change it", Some("keyway fix && keyway fix --write".to_owned()));
    for app in apps {
        code(&mut steps, app);
    }
    steps.add(Who::Developer, "Where each integration runs, set HUBSPOT_ACCESS_TOKEN to its app's token (and HUBSPOT_BASE_URL to the Keyway's address where it has no setting for it yet), test, and roll out", None);
    steps.add(
        Who::Command,
        "Watch that each app calls, and that nothing calls the old way any more",
        Some("keyway sunset; keyway app list".to_owned()),
    );
    retire(&mut steps, apps, integrations);
    steps.add(Who::Command, "After some weeks take away what no call needed", Some("keyway app tighten APP --apply".to_owned()));
    steps.0
}

fn connect(steps: &mut Steps, apps: &[PlannedApp], scopes: &[&str]) {
    let has = |kind: CredentialKind| apps.iter().any(|app| app.credential == kind);
    if has(CredentialKind::ServiceKey) {
        steps.add(
            Who::Person,
            format!(
                "Make a service key in HubSpot (Development > Keys > Service keys) with these scopes, as a user who holds them: {}",
                scopes.join(", ")
            ),
            None,
        );
        steps.add(
            Who::Command,
            "Connect the account with it; the key is kept sealed, and no integration ever sees it",
            Some("keyway account add --connect --credential-env HUBSPOT_SERVICE_KEY".to_owned()),
        );
    }
    for app in apps.iter().filter(|app| app.credential == CredentialKind::ProjectApp) {
        steps.add(Who::Command, format!("Write the project of {}", app.name), Some("keyway plan REPORT --project DIR".to_owned()));
        steps.add(
            Who::Person,
            format!("Upload and install {}: `hs project upload`, then install it in the account and copy its static token", app.name),
            None,
        );
    }
    for app in apps.iter().filter(|app| app.credential == CredentialKind::Oauth) {
        steps.add(Who::Command, format!("Write the project of {}", app.name), Some("keyway plan REPORT --project DIR".to_owned()));
        steps.add(
            Who::Person,
            format!("Upload {}: `hs project upload`; an app that exists is moved with `hs app migrate`, and keeps its installs", app.name),
            None,
        );
        steps.add(
            Who::Command,
            format!("Tell the Keyway of {}'s client id and secret; accounts then connect by OAuth", app.name),
            Some("keyway oauth-client add NAME".to_owned()),
        );
    }
}

/// What `keyway fix` leaves to people: operations whose successor differs, or that have none.
fn code(steps: &mut Steps, app: &PlannedApp) {
    for one in &app.operations {
        let place = one.places.first().map_or("", String::as_str);
        match (&one.successor, one.difference) {
            (Some(successor), Some(difference)) => {
                steps.add(
                    Who::Developer,
                    format!("{}: move {} to {successor} ({place}); mind what differs: {difference}", app.name, one.operation),
                    None,
                );
            }
            (None, _) if one.ends.is_some() && !one.operation.contains("/20") => {
                steps.add(Who::Developer, format!("{}: {} ({place}) ends, and HubSpot has published no successor that is generally available: plan for a beta, or do without", app.name, one.operation), None);
            }
            _ => {}
        }
    }
    for unknown in &app.unknown {
        steps.add(Who::Developer, format!("{}: {unknown}", app.name), None);
    }
}

fn retire(steps: &mut Steps, apps: &[PlannedApp], integrations: &[Integration]) {
    let leaks: Vec<_> = apps.iter().flat_map(|app| app.leaks.iter().map(move |leak| (app, leak))).collect();
    let history = leaks.iter().filter(|(_, leak)| leak.in_history).count();
    let mut told: Vec<(&str, &str)> = Vec::new();
    for (app, leak) in &leaks {
        if told.contains(&(leak.kind.as_str(), leak.masked.as_str())) {
            continue;
        }
        told.push((&leak.kind, &leak.masked));
        let what = match leak.kind.as_str() {
            "hapikey" => "deactivate the account's API key in HubSpot",
            "developer_key" => "regenerate the developer API key",
            "oauth_client_secret" | "webhook_secret" => "rotate the app's client secret",
            "oauth_refresh_token" => "revoke the refresh token, and have the account install the app again",
            "personal_access_key" => "deactivate the personal access key",
            "keyway_token" => "rotate the token with `keyway token rotate`",
            _ => "rotate the token in HubSpot, and delete its legacy private app once nothing uses it",
        };
        steps.add(Who::Person, format!("{} ({}): {what}; it stands in plain text at {}", leak.masked, app.name, leak.place), None);
    }
    if history > 0 {
        steps.add(
            Who::Person,
            format!("{history} of these stand in git's history, and stay there: what was pushed is known, so rotating is the only remedy"),
            None,
        );
    }
    let keyed = integrations.iter().any(|one| one.uses.iter().any(|one| one.auth == "hapikey"));
    if keyed && told.iter().all(|(kind, _)| *kind != "hapikey") {
        steps.add(Who::Person, "Deactivate the account-wide API key in HubSpot, once nothing sends it any more", None);
    }
}
