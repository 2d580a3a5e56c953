//! The list of apps, searched and filtered.

use std::collections::HashMap;

use askama::Template;
use keyway_api::OperationId;
use keyway_api::view::Account;
use keyway_gateway::clock;

use super::account_words::{self, AccountWords};
use super::app_words::{App, AppWords, all};
use super::columns::{Columns, LeftOut, Optional};
use super::page;
use super::several::{Bar, List};
use super::shell::Shell;
use super::sorted::{Sorted, SortedPage};
use super::sorting::{Column, Head};
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;

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

fn is_in_state(app: &App, state: &str) -> bool {
    match state {
        "enabled" => app.enabled,
        "disabled" => !app.enabled,
        "unused" => app.is_unused(clock::now()),
        "due" => app.is_due(),
        _ => true,
    }
}

const LIST: Sorted<App> = Sorted {
    section: "/apps",
    filters: &["hub_id", "state"],
    columns: &COLUMNS,
    text: App::searched,
    fits: |app, fields| is_in_state(app, fields.get("state")),
    first: |apps| apps.sort_by_cached_key(|app| (app.name.to_lowercase(), app.id)),
    orders: &[
        ("calls", |apps| apps.sort_by_key(|app| std::cmp::Reverse(app.calls_of_day().map(|(calls, _)| calls)))),
        ("errors", |apps| apps.sort_by_key(|app| std::cmp::Reverse(app.calls_of_day().map(|(_, failed)| failed)))),
        ("last", |apps| apps.sort_by_key(|app| std::cmp::Reverse(app.last_used().map(str::to_owned)))),
    ],
};

/// The list.
pub(super) async fn list(visitor: Visitor, left_out: LeftOut, fields: Fields) -> Page {
    let hub_id = fields.get("hub_id");
    let apps = all(&visitor.api, hub_id).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    let accounts = account_words::few(&visitor.api).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    let SortedPage { search, sort, things: apps, found, all, heads, earlier, later } = LIST.page(apps, &fields);
    Ok(page::render(&AppsPage {
        shell: visitor.shell("/apps"),
        search,
        hub_id,
        state: fields.get("state"),
        sort,
        names: accounts.iter().map(|account| (account.hub_id, account.name.clone())).collect(),
        accounts,
        bar: Bar::of(&visitor.api, List::Apps, &fields),
        columns: Columns::of("/apps", &OPTIONAL, left_out, &fields),
        heads,
        later,
        earlier,
        apps,
        found,
        all,
    }))
}
