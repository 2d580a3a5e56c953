//! `keyway export`: writes the file of `keyway apply` from a running server.

use anyhow::Context;
use http::Method;
use keyway_core::shown;
use serde_json::Value;

use super::apply::{account_of, app_of, unknown, write};
use super::{counted, list, print_exactly, say};
use crate::Exit;
use crate::args::Connection;
use crate::args::apply::Export;
use crate::client::{call, list_all};

pub async fn run(connection: &Connection, asked: Export) -> anyhow::Result<Exit> {
    let Export { account, output } = asked;
    refuse_partial(connection).await?;
    let all = list_all(connection, "/api/v1/accounts", "accounts").await?;
    let apps = list_all(connection, "/api/v1/apps", "apps").await?;
    let of = |one: &&Value| account.is_none_or(|hub_id| one["hubId"] == hub_id);
    let mut accounts: Vec<_> = list(&all, "accounts").iter().filter(of).map(account_of).collect();
    if let Some(hub_id) = account.filter(|_| accounts.is_empty()) {
        return Err(unknown(hub_id, &all));
    }
    let mut apps: Vec<_> = list(&apps, "apps").iter().filter(of).map(app_of).collect();
    // The same server always gives the same file, whatever the order in which its apps were made.
    accounts.sort_by_key(|account| account.hub_id);
    apps.sort_by(|one, other| (one.account, &one.name).cmp(&(other.account, &other.name)));
    let counts = [counted(accounts.len() as u64, "account"), counted(apps.len() as u64, "app")].join(" and ");
    let text = write(accounts, apps)?;
    match output {
        Some(path) => {
            std::fs::write(&path, text).with_context(|| format!("{} can't be written", shown::path(&path)))?;
            say(&format!("wrote {counts} to {}", shown::path(&path)));
        }
        None => print_exactly(shown::lines(text.trim_end()).as_ref())?,
    }
    Ok(Exit::Fine)
}

/// A file of some apps would have `keyway apply --prune` delete the others.
async fn refuse_partial(connection: &Connection) -> anyhow::Result<()> {
    let me = call(connection, Method::GET, "/api/v1/me", None).await?;
    match me["role"].as_str() {
        Some("super-admin" | "auditor") => Ok(()),
        role => anyhow::bail!("the role {} does not see all apps. Use a token with the role auditor", role.unwrap_or("of this token")),
    }
}
