//! The accounts: how each is connected and how it is, its limits, and the changes to it.

use askama::Template;
use axum::response::Response;
use keyway_api::OperationId;
use keyway_api::view::{Account, AccountAnswer, Accounts, Connection};
use serde_json::{Value, json};

use super::account_words::{AccountWords, ConnectionWords, settings};
use super::api::Refused;
use super::app_words::{self, App, AppWords};
use super::columns::{Columns, LeftOut, Optional};
use super::page;
use super::path::Path;
use super::shell::Shell;
use super::sign_in::see_other;
use super::sorted::{Sorted, SortedPage};
use super::sorting::{Column, Head};
use super::threshold::percent;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/accounts";
/// Apps named on the account's page.
const APPS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    state: &'a str,
    accounts: Vec<Account>,
    heads: Vec<Head>,
    columns: Columns,
    sort: &'a str,
    found: usize,
    all: usize,
    earlier: Option<String>,
    later: Option<String>,
}

const COLUMNS: [Column; 2] =
    [Column { key: "", words: "Account", numbers: false }, Column { key: "used", words: "Used today", numbers: false }];

/// Columns that may be left out.
pub(super) const OPTIONAL: [Optional; 5] =
    [("hub", "Hub ID"), ("backend", "Backend"), ("health", "Health"), ("tier", "Tier"), ("used", "Used today")];

impl AccountsPage<'_> {
    fn states(&self) -> [(&'static str, &'static str); 5] {
        [("", "Any"), ("embedded", "Embedded"), ("connected", "Connected"), ("refused", "Credential refused"), ("due", "Due for rotation")]
    }
}

fn is_in_state(account: &Account, state: &str) -> bool {
    let connection = account.connection.as_ref();
    match state {
        "embedded" => connection.is_none(),
        "connected" => connection.is_some(),
        "refused" => connection.is_some_and(|connection| connection.state == "refused"),
        "due" => connection.is_some_and(|connection| connection.rotation_due),
        _ => true,
    }
}

const LIST: Sorted<Account> = Sorted {
    section: SECTION,
    filters: &["state"],
    columns: &COLUMNS,
    text: |account| format!("{} {}", account.name.to_lowercase(), account.hub_id),
    fits: |account, fields| is_in_state(account, fields.get("state")),
    first: |accounts| accounts.sort_by_cached_key(|account| (account.name.to_lowercase(), account.hub_id)),
    // By the share of the day, then by the calls.
    orders: &[("used", |accounts| {
        accounts.sort_by_key(|account| std::cmp::Reverse((percent(account.used_today, account.limits.daily), account.used_today)));
    })],
};

/// The list.
pub(super) async fn list(visitor: Visitor, left_out: LeftOut, fields: Fields) -> Page {
    let accounts = visitor.api.all::<Accounts>("/api/v1/accounts", &[]).await;
    let accounts = accounts.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let SortedPage { search, sort, things: accounts, found, all, heads, earlier, later } = LIST.page(accounts, &fields);
    let columns = Columns::of(SECTION, &OPTIONAL, left_out, &fields);
    let (shell, state) = (visitor.shell(SECTION), fields.get("state"));
    Ok(page::render(&AccountsPage { shell, search, state, accounts, heads, columns, sort, found, all, later, earlier }))
}

#[derive(Template)]
#[template(path = "hubspot_account.html")]
struct AccountPage<'a> {
    shell: Shell<'a>,
    account: &'a Account,
    apps: Vec<App>,
    more: usize,
}

/// The account's page.
pub(super) async fn show(visitor: Visitor, Path(hub_id): Path<u64>) -> Page {
    let account = get(&visitor, hub_id).await?;
    let mut apps = app_words::all(&visitor.api, &hub_id.to_string()).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let more = apps.len().saturating_sub(APPS_MAX);
    apps.truncate(APPS_MAX);
    Ok(page::render(&AccountPage { shell: visitor.shell(SECTION), account: &account, apps, more }))
}

pub(super) async fn get(visitor: &Visitor, hub_id: u64) -> Result<Account, Response> {
    let found: Result<AccountAnswer, Refused> = visitor.api.get(&format!("/api/v1/accounts/{hub_id}")).await;
    found.map(|found| found.account).map_err(|refused| visitor.refused(SECTION, &refused))
}

fn to(hub_id: u64, done: &str) -> Response {
    see_other(&format!("/accounts/{hub_id}?done={done}"))
}

#[derive(Template)]
#[template(path = "account_edit.html")]
struct Edit<'a> {
    shell: Shell<'a>,
    account: &'a Account,
}

/// The form of what can be changed.
pub(super) async fn edit(visitor: Visitor, Path(hub_id): Path<u64>) -> Page {
    let account = get(&visitor, hub_id).await?;
    Ok(page::render(&Edit { shell: visitor.shell(SECTION), account: &account }))
}

/// Takes that form.
pub(super) async fn change(Path(hub_id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let changed = visitor.api.patch(&format!("/api/v1/accounts/{hub_id}"), &settings(&fields)).await;
    changed.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(to(hub_id, "changed"))
}

/// Asks HubSpot about the credential again.
pub(super) async fn check(Path(hub_id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    act(&visitor, hub_id, "check", "checked").await
}

/// Restores the previous credential.
pub(super) async fn roll_back(Path(hub_id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    act(&visitor, hub_id, "credential/rollback", "restored").await
}

async fn act(visitor: &Visitor, hub_id: u64, action: &str, done: &str) -> Page {
    let acted = visitor.api.post::<Value>(&format!("/api/v1/accounts/{hub_id}/{action}"), &json!({})).await;
    acted.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(to(hub_id, done))
}

#[derive(Template)]
#[template(path = "account_rotate.html")]
struct Rotate<'a> {
    shell: Shell<'a>,
    account: &'a Account,
    connection: &'a Connection,
    /// What the new credential must hold: what this one holds, and what the apps lack.
    scopes: Vec<&'a str>,
    wrong: Option<String>,
}

fn rotation<'a>(visitor: &'a Visitor, account: &'a Account, wrong: Option<String>) -> Result<Rotate<'a>, Response> {
    let connection = account.connection.as_ref().filter(|connection| !connection.oauth);
    let Some(connection) = connection else {
        let detail = "only a credential that was pasted is rotated by hand".to_owned();
        return Err(visitor.refused(SECTION, &Refused { status: 400, detail }));
    };
    let mut scopes: Vec<&str> = connection.scopes.iter().chain(&connection.missing_scopes).map(String::as_str).collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(Rotate { shell: visitor.shell(SECTION), account, connection, scopes, wrong })
}

/// The rotation of a credential, step by step.
pub(super) async fn ask_rotation(visitor: Visitor, Path(hub_id): Path<u64>) -> Page {
    let account = get(&visitor, hub_id).await?;
    Ok(page::render(&rotation(&visitor, &account, None)?))
}

/// Puts a new credential in place, after HubSpot was asked about it.
pub(super) async fn rotate(Path(hub_id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let body = json!({ "credential": fields.get("credential") });
    match visitor.api.put::<Value>(&format!("/api/v1/accounts/{hub_id}/credential"), &body).await {
        Ok(_) => Ok(to(hub_id, "replaced")),
        Err(refused) if matches!(refused.status, 400 | 409 | 422) => {
            let account = get(&visitor, hub_id).await?;
            Ok(page::render(&rotation(&visitor, &account, Some(sentence(&refused.detail)))?))
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

#[derive(Template)]
#[template(path = "account_delete.html")]
struct Delete<'a> {
    shell: Shell<'a>,
    account: &'a Account,
    apps: Vec<App>,
}

/// What deleting it would break.
pub(super) async fn ask_deletion(visitor: Visitor, Path(hub_id): Path<u64>) -> Page {
    let account = get(&visitor, hub_id).await?;
    let apps = app_words::all(&visitor.api, &hub_id.to_string()).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&Delete { shell: visitor.shell(SECTION), account: &account, apps }))
}

/// Deletes it, if its hub id was typed.
pub(super) async fn delete(Path(hub_id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    if fields.get("confirm") != hub_id.to_string() {
        return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "type the hub ID to delete the account".into() }));
    }
    visitor.api.delete(&format!("/api/v1/accounts/{hub_id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/accounts?done=deleted"))
}
