//! `keyway export`: writes the file of `keyway apply` from a running server.

use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::shown;

use super::apply::channels;
use super::apply::server::{Server, account_of, app_of, check_role};
use super::{counted, note, print_exactly};
use crate::args::Connection;
use crate::args::apply::Export;
use crate::exit::Exit;
use crate::output::progress::Watch;
use crate::register::yaml;

pub async fn run(connection: &Connection, asked: Export) -> anyhow::Result<Exit> {
    let Export { account, output } = asked;
    let account = super::names::account_if_any(connection, account.as_deref()).await?;
    check_role(connection, false).await?;
    let watch = Watch::of_work("reading accounts and apps");
    let server = Server::read(connection, |hub_id| account.is_none_or(|only| only == hub_id), account.is_none()).await?;
    drop(watch);
    if let Some(hub_id) = account.filter(|_| server.accounts.is_empty()) {
        bail!("there is no account {hub_id} on this server. \"keyway account list\" shows its accounts");
    }
    let mut accounts: Vec<_> = server.accounts.iter().map(account_of).collect();
    let mut apps: Vec<_> = server.apps.iter().map(app_of).collect();
    // The same server always gives the same file, whatever the order in which its apps were made.
    accounts.sort_by_key(|account| account.hub_id);
    apps.sort_by(|one, other| (one.account, &one.name).cmp(&(other.account, &other.name)));
    let channels = channels::of_server(&server.channels);
    let [of_accounts, of_apps] = [counted(accounts.len() as u64, "account"), counted(apps.len() as u64, "app")];
    let counts = match channels.len() {
        0 => format!("{of_accounts} and {of_apps}"),
        count => format!("{of_accounts}, {of_apps} and {}", counted(count as u64, "channel")),
    };
    let text = yaml::write(accounts, apps, channels)?;
    match output {
        Some(path) if path != Path::new("-") => {
            std::fs::write(&path, text).with_context(|| format!("{} can't be written", shown::path(&path)))?;
            note(&format!("wrote {counts} to {}", shown::path(&path)));
        }
        _ => print_exactly(text.trim_end())?,
    }
    Ok(Exit::Fine)
}
