//! The list of apps, searched and filtered, and what all pages on one app know of it.

use std::collections::HashMap;

use askama::Template;
use keyway_api::OperationId;
use keyway_core::time::Timestamp;
use serde::Deserialize;

use super::api::{Api, Refused, with_query};
use super::new_app::{self, AccountChoice};
use super::page;
use super::rows::Rows;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;
use crate::admin::UNUSED_DAYS;
use crate::clock;

const DAY_MS: i64 = 86_400_000;

/// An app, as the API has it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct App {
    pub id: u64,
    pub hub_id: u64,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub dependents: Vec<String>,
    pub scopes: Vec<String>,
    pub enabled: bool,
    pub weight: u64,
    pub reserve: u64,
    pub max_wait_ms: u64,
    pub translate: bool,
    #[serde(default)]
    pub unlisted: Vec<String>,
    pub created_at: String,
    pub updated_at: String,
    #[serde(default)]
    pub tokens: Vec<Token>,
}

/// A token, as the API has it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    pub id: u64,
    pub kind: String,
    pub hint: String,
    pub state: String,
    pub created_at: String,
    pub expires_at: Option<String>,
    pub last_used_at: Option<String>,
    pub rotation_due: bool,
}

impl Token {
    pub fn is_live(&self) -> bool {
        matches!(self.state.as_str(), "active" | "expiring")
    }

    /// The mark of its state.
    pub fn sign(&self) -> &'static str {
        match self.state.as_str() {
            "active" => "fine",
            "expiring" => "warn",
            _ => "",
        }
    }

    /// What is said of its state.
    pub fn state_words(&self) -> String {
        match (self.state.as_str(), &self.expires_at) {
            ("expiring", Some(at)) => format!("ends {}", super::words::ahead(at, clock::now())),
            (state, _) => state.to_owned(),
        }
    }

    /// When its lifetime ends, while it works and nobody has rotated it.
    pub fn lifetime_ends(&self) -> Option<&String> {
        self.expires_at.as_ref().filter(|_| self.state == "active")
    }
}

impl App {
    pub async fn get(api: &Api, id: u64) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Shown {
            app: App,
        }
        Ok(api.get::<Shown>(&format!("/api/v1/apps/{id}")).await?.app)
    }

    /// Those that are accepted, the newest first.
    pub fn live_tokens(&self) -> Vec<&Token> {
        let mut live: Vec<&Token> = self.tokens.iter().filter(|token| token.is_live()).collect();
        live.sort_by_key(|token| std::cmp::Reverse(token.id));
        live
    }

    pub fn last_used(&self) -> Option<&str> {
        self.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max()
    }

    pub fn dependents_text(&self) -> String {
        self.dependents.join("\n")
    }

    /// The setting for unlisted operations, a rule on each line.
    pub fn unlisted_text(&self) -> String {
        self.unlisted.join("\n")
    }

    fn is_unused(&self, now: Timestamp) -> bool {
        let last = self.last_used().unwrap_or(&self.created_at);
        Timestamp::parse_iso(last).is_some_and(|last| now.as_ms() - last.as_ms() >= UNUSED_DAYS * DAY_MS)
    }

    fn is_due(&self) -> bool {
        self.tokens.iter().any(|token| token.rotation_due)
    }

    fn matches(&self, search: &str) -> bool {
        let text = format!("{} {} {} {} {}", self.name, self.description, self.owner, self.dependents.join(" "), self.scopes.join(" "))
            .to_lowercase();
        search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// Every app that the person may see, page by page.
pub(super) async fn all(api: &Api, hub_id: &str) -> Result<Vec<App>, Refused> {
    api.all("/api/v1/apps", &[("hubId", hub_id)]).await
}

#[derive(Template)]
#[template(path = "apps.html")]
struct AppsPage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    hub_id: &'a str,
    state: &'a str,
    accounts: Vec<AccountChoice>,
    names: HashMap<u64, String>,
    apps: Vec<App>,
    found: usize,
    all: usize,
    later: Option<String>,
    earlier: Option<String>,
}

impl AppsPage<'_> {
    fn account(&self, hub_id: &u64) -> String {
        self.names.get(hub_id).cloned().unwrap_or_else(|| hub_id.to_string())
    }

    fn states(&self) -> [(&'static str, &'static str); 5] {
        [
            ("", "Any state"),
            ("enabled", "Enabled"),
            ("disabled", "Disabled"),
            ("unused", "No call in 90 days"),
            ("due", "Token due for rotation"),
        ]
    }
}

/// The list.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let (search, hub_id, state) = (fields.get("q"), fields.get("hub_id"), fields.get("state"));
    let now = clock::now();
    let mut apps = all(&visitor.api, hub_id).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    let accounts = new_app::accounts(&visitor).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    let known = apps.len();
    apps.retain(|app| {
        let fits = match state {
            "enabled" => app.enabled,
            "disabled" => !app.enabled,
            "unused" => app.is_unused(now),
            "due" => app.is_due(),
            _ => true,
        };
        fits && app.matches(search)
    });
    apps.sort_by_cached_key(|app| (app.name.to_lowercase(), app.id));
    let Rows { things: apps, found, earlier, later } =
        Rows::of(apps, &fields, |page| with_query("/apps", &[("q", search), ("hub_id", hub_id), ("state", state), ("page", page)]));
    Ok(page::render(&AppsPage {
        shell: visitor.shell("/apps"),
        search,
        hub_id,
        state,
        names: accounts.iter().map(|account| (account.hub_id, account.name.clone())).collect(),
        accounts,
        later,
        earlier,
        apps,
        found,
        all: known,
    }))
}
