//! The list of apps, searched and filtered, and what all pages on one app know of it.

use std::collections::HashMap;

use askama::Template;
use keyway_api::Moment;
use keyway_api::OperationId;
use keyway_api::view::{Account, AppAnswer, Apps, Token};
use keyway_core::safety::{self, Class, Classes};
use keyway_core::time::Timestamp;
use keyway_gateway::admin::UNUSED_DAYS;
use keyway_gateway::clock;

use super::accounts::AccountWords;
use super::api::{Api, Refused, with_query};
use super::columns::{Columns, LeftOut, Optional};
use super::new_app;
use super::page;
use super::rows::Rows;
use super::several::{Bar, List};
use super::shell::Shell;
use super::sorting::{Column, Head, heads};
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;

pub(super) use keyway_api::view::AppWithTokens as App;

const DAY_MS: i64 = 86_400_000;

/// A class of operations in a form.
pub(super) struct ClassChoice {
    pub name: &'static str,
    pub meaning: &'static str,
    pub open: bool,
}

impl ClassChoice {
    /// Each class and bulk; open are those that the words name.
    pub fn all(words: &[String]) -> Vec<Self> {
        let open = |name: &str| words.iter().any(|word| word == name || word == safety::EVERYTHING);
        let classes = Class::ALL.into_iter().map(|class| (class.name(), class.meaning()));
        let bulk = (safety::BULK, "change many records in one call, of the classes above");
        classes.chain([bulk]).map(|(name, meaning)| Self { name, meaning, open: open(name) }).collect()
    }
}

/// The words that a form names; all of them are `all`.
pub(super) fn chosen_classes(fields: &Fields) -> Vec<String> {
    let words = fields.all("allow");
    Classes::parse(&words).map_or(words, |classes| classes.words().into_iter().map(str::to_owned).collect())
}

/// What pages say of a token.
pub(super) trait TokenWords {
    fn is_live(&self) -> bool;
    /// The mark of its state.
    fn sign(&self) -> &'static str;
    fn state_words(&self) -> String;
    /// When its lifetime ends, while it works and nobody has rotated it.
    fn lifetime_ends(&self) -> Option<&Moment>;
}

impl TokenWords for Token {
    fn is_live(&self) -> bool {
        matches!(self.state.as_str(), "active" | "expiring")
    }

    fn sign(&self) -> &'static str {
        match self.state.as_str() {
            "active" => "fine",
            "expiring" => "warn",
            _ => "",
        }
    }

    fn state_words(&self) -> String {
        match (self.state.as_str(), &self.expires_at) {
            ("expiring", Some(at)) => format!("ends {}, on {}", super::words::ahead(at, clock::now()), super::words::date(at)),
            (state, _) => state.to_owned(),
        }
    }

    fn lifetime_ends(&self) -> Option<&Moment> {
        self.expires_at.as_ref().filter(|_| self.state == "active")
    }
}

/// One app.
pub(super) async fn get(api: &Api, id: u64) -> Result<App, Refused> {
    Ok(api.get::<AppAnswer>(&format!("/api/v1/apps/{id}")).await?.app)
}

/// What pages say of an app.
pub(super) trait AppWords {
    /// Its tokens that are accepted, the newest first.
    fn live_tokens(&self) -> Vec<&Token>;
    fn last_used(&self) -> Option<&str>;
    fn dependents_text(&self) -> String;
    /// The setting for unlisted operations, a rule on each line.
    fn unlisted_text(&self) -> String;
    /// The classes of operations, each with what it opens and whether the app may call it.
    fn classes(&self) -> Vec<ClassChoice>;
    /// Which of its calls need a person's approval, in words; empty where none does.
    fn approval_words(&self) -> String;
    /// Whether calls of a class need a person's approval.
    fn needs_approval(&self, class: &str) -> bool;
    /// Calls of the last day, and those that failed; none where the counts can't be read.
    fn calls_of_day(&self) -> Option<(u64, u64)>;
    fn is_unused(&self, now: Timestamp) -> bool;
    fn is_due(&self) -> bool;
    fn matches(&self, search: &str) -> bool;
}

impl AppWords for App {
    fn live_tokens(&self) -> Vec<&Token> {
        let mut live: Vec<&Token> = self.tokens.iter().filter(|token| token.is_live()).collect();
        live.sort_by_key(|token| std::cmp::Reverse(token.id));
        live
    }

    fn last_used(&self) -> Option<&str> {
        self.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max()
    }

    fn dependents_text(&self) -> String {
        self.dependents.join("\n")
    }

    fn unlisted_text(&self) -> String {
        self.unlisted.join("\n")
    }

    fn classes(&self) -> Vec<ClassChoice> {
        ClassChoice::all(&self.allow)
    }

    fn approval_words(&self) -> String {
        let rule = &self.approval;
        let above = rule.above.map(|above| format!("changes of more than {}", super::words::counted(above, "record", "records")));
        let parts: Vec<String> = rule.classes.iter().cloned().chain(above).chain(rule.operations.iter().cloned()).collect();
        parts.join(", ")
    }

    fn needs_approval(&self, class: &str) -> bool {
        self.approval.classes.iter().any(|one| one == class)
    }

    fn calls_of_day(&self) -> Option<(u64, u64)> {
        self.day.as_ref().map(|day| (day.calls, day.failed))
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
    api.all::<Apps>("/api/v1/apps", &[("hubId", hub_id)]).await
}

#[derive(Template)]
#[template(path = "apps.html")]
struct AppsPage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    hub_id: &'a str,
    state: &'a str,
    sort: &'a str,
    accounts: Vec<Account>,
    names: HashMap<u64, String>,
    apps: Vec<App>,
    found: usize,
    all: usize,
    heads: Vec<Head>,
    bar: Bar,
    columns: Columns,
    later: Option<String>,
    earlier: Option<String>,
}

const COLUMNS: [Column; 4] = [
    Column { key: "", words: "App", numbers: false },
    Column { key: "calls", words: "Calls, last day", numbers: true },
    Column { key: "errors", words: "Failed", numbers: true },
    Column { key: "last", words: "Last call", numbers: false },
];

/// Columns that may be left out.
pub(super) const OPTIONAL: [Optional; 7] = [
    ("calls", "Calls, last day"),
    ("errors", "Failed"),
    ("last", "Last call"),
    ("account", "Account"),
    ("owner", "Owner"),
    ("scopes", "Scopes"),
    ("tokens", "Tokens"),
];

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
pub(super) async fn list(visitor: Visitor, left_out: LeftOut, fields: Fields) -> Page {
    let (search, hub_id, state, sort) = (fields.get("q"), fields.get("hub_id"), fields.get("state"), fields.get("sort"));
    let now = clock::now();
    let mut apps = all(&visitor.api, hub_id).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    let accounts = new_app::accounts(&visitor.api).await.map_err(|refused| visitor.refused("/apps", &refused))?;
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
    // Stable: rows that are equal stay in the order of their names.
    match sort {
        "calls" => apps.sort_by_key(|app| std::cmp::Reverse(app.calls_of_day().map(|(calls, _)| calls))),
        "errors" => apps.sort_by_key(|app| std::cmp::Reverse(app.calls_of_day().map(|(_, failed)| failed))),
        "last" => apps.sort_by_key(|app| std::cmp::Reverse(app.last_used().map(str::to_owned))),
        _ => {}
    }
    let Rows { things: apps, found, earlier, later } = Rows::of(apps, &fields, |page| {
        with_query("/apps", &[("q", search), ("hub_id", hub_id), ("state", state), ("sort", sort), ("page", page)])
    });
    Ok(page::render(&AppsPage {
        shell: visitor.shell("/apps"),
        search,
        hub_id,
        state,
        sort,
        names: accounts.iter().map(|account| (account.hub_id, account.name.clone())).collect(),
        accounts,
        bar: Bar::of(&visitor.api, List::Apps, &fields),
        columns: Columns::of("/apps", &OPTIONAL, left_out, &fields),
        heads: heads(&COLUMNS, "/apps", &["q", "hub_id", "state"], &fields),
        later,
        earlier,
        apps,
        found,
        all: known,
    }))
}
