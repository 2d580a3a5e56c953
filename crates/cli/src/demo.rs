//! `keyway serve --demo`: sample records, two apps, requests to try, a past, and a migration board.

mod board;
mod past;

use anyhow::Context;
use keyway_gateway::audit::AuditLog;
use keyway_gateway::clock;
use keyway_gateway::control::{AppChange, Control, FirstToken, NewApp};
use keyway_portal::Portal;

/// The two apps' tokens. They follow from the master key, so that requests copied from the first screen work after a restart. An app that was
/// deleted and made again gets another token.
pub struct Demo {
    full: String,
    reader: String,
}

const FULL: (&str, &str, &[&str]) = (
    "Demo sync",
    "Reads and writes the CRM",
    &[
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.objects.companies.read",
        "crm.objects.companies.write",
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.objects.owners.read",
        "crm.schemas.contacts.read",
        "crm.schemas.companies.read",
        "crm.schemas.deals.read",
        "tickets",
    ],
);
const READER: (&str, &str, &[&str]) = ("Read-only report", "Reads contacts and nothing else", &["crm.objects.contacts.read"]);

/// Fills the account, and makes the apps where they are missing.
pub async fn prepare(control: &Control, portal: &Portal, hub_id: u64) -> anyhow::Result<Demo> {
    portal.seed_demo(hub_id, clock::now()).await.map_err(|error| anyhow::anyhow!("{error}")).context("the sample records can't be made")?;
    Ok(Demo { full: token(control, hub_id, FULL).await?, reader: token(control, hub_id, READER).await? })
}

/// Gives a server without a record some days of calls that never were, and the apps that made them. How many calls
/// those are comes back.
pub async fn remember(control: &Control, audit: &AuditLog, hub_id: u64, days: u32) -> anyhow::Result<usize> {
    const DAY_MS: i64 = 86_400_000;
    if days == 0 || audit.oldest().await?.is_some() {
        return Ok(0);
    }
    let now = clock::now();
    let mut callers = Vec::new();
    for habit in &past::HABITS {
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let new = NewApp {
            hub_id,
            name: habit.name.into(),
            description: format!("{} (demo)", habit.description),
            owner: habit.owner.into(),
            dependents: strings(habit.dependents),
            scopes: strings(habit.scopes),
            ..NewApp::default()
        };
        let (app, token) = control.create_app(new).await?;
        callers.push(past::Caller { habit, app_id: app.id, token_id: token.token.id });
    }
    let calls = past::calls(&callers, hub_id, days, now);
    for caller in &callers {
        let last_used = calls.iter().rev().find(|call| call.app_id == Some(caller.app_id)).map(|call| call.at);
        control.backdate(caller.app_id, now.plus_ms(-caller.habit.days_old * DAY_MS), last_used).await?;
    }
    let count = calls.len();
    audit.record_all(calls).await?;
    board::fill(control, now).await?;
    Ok(count)
}

async fn token(control: &Control, hub_id: u64, (name, description, scopes): (&str, &str, &[&str])) -> anyhow::Result<String> {
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    let known = control.apps(Some(hub_id)).await.into_iter().find(|(app, _)| app.name == name);
    let id = match known {
        Some((app, _)) => {
            // Whatever was tried on it before, the printed requests do what they say.
            let id = app.id.to_string();
            control.update_app(&id, AppChange { scopes: Some(scopes), enabled: Some(true), ..AppChange::default() }).await?;
            id
        }
        None => {
            let owner = "demo@example.com".to_owned();
            let new = NewApp {
                hub_id,
                name: name.into(),
                description: description.into(),
                owner,
                scopes,
                token: FirstToken::FromMasterKey,
                ..NewApp::default()
            };
            control.create_app(new).await?.0.id.to_string()
        }
    };
    Ok(control.same_token(&id).await?.expose().to_owned())
}

impl Demo {
    /// The screen that a new user sees. `data` is where clients reach the data listener.
    pub fn screen(&self, data: &str) -> String {
        let Self { full, reader } = self;
        format!(
            "Try these requests, with the tokens of two private apps, \"Demo sync\" and \"Read-only report\":

1. Read contacts, as the app \"Demo sync\":

   curl -s '{data}/crm/v3/objects/contacts?limit=2' \\
     -H 'Authorization: Bearer {full}'

2. Search companies, on the newest version of the API:

   curl -s {data}/crm/objects/2026-09/companies/search \\
     -H 'Authorization: Bearer {full}' \\
     -H 'Content-Type: application/json' \\
     -d '{{\"filterGroups\":[{{\"filters\":[{{\"propertyName\":\"name\",\"operator\":\"HAS_PROPERTY\"}}]}}],\"limit\":2}}'

3. A refused call: \"Read-only report\" may not create contacts, and the answer names the missing scope:

   curl -s {data}/crm/v3/objects/contacts \\
     -H 'Authorization: Bearer {reader}' \\
     -H 'Content-Type: application/json' \\
     -d '{{\"properties\":{{\"email\":\"new@example.com\"}}}}'
"
        )
    }

    /// For `--ready-file`: the apps' names and tokens.
    pub fn tokens(&self) -> [(&'static str, &str); 2] {
        [(FULL.0, &self.full), (READER.0, &self.reader)]
    }
}
