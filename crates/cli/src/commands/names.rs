//! Finds the app, account or other thing that a person names, by id or by name without regard to case. If there
//! is none, suggests the nearest names.

use std::collections::HashMap;

use anyhow::bail;
use http::{Method, StatusCode};
use keyway_core::shown::line;
use serde_json::Value;

use super::{encoded, list, text};
use crate::args::Connection;
use crate::client::{Refused, call, list_all};
use crate::near::nearest;

/// A kind of thing with names.
pub struct Kind {
    /// As sentences name one, such as `app`.
    pub noun: &'static str,
    /// The command that lists them.
    pub list_with: &'static str,
}

/// Something that can be meant.
pub struct Named {
    /// What the admin API takes.
    pub id: String,
    /// What people call it.
    pub name: String,
}

impl Named {
    /// From an entry of a list.
    pub fn of(entry: &Value, id: &str, name: &str) -> Self {
        Self { id: text(&entry[id]), name: text(&entry[name]) }
    }
}

/// The app that is meant, by its id.
///
/// # Errors
/// There is none, or several; the text names the nearest.
pub async fn app(connection: &Connection, typed: &str) -> anyhow::Result<String> {
    const KIND: Kind = Kind { noun: "app", list_with: "keyway app list" };
    find(connection, &KIND, typed, ("/api/v1/apps", "apps", "name"), Some("app")).await
}

/// The same of an option that may be left out.
///
/// # Errors
/// As of [`app`].
pub async fn app_if_any(connection: &Connection, typed: Option<String>) -> anyhow::Result<Option<String>> {
    match typed {
        // Records of an app that was deleted are found by its number.
        Some(typed) if typed.parse::<u64>().is_ok() => Ok(Some(typed)),
        Some(typed) => app(connection, &typed).await.map(Some),
        None => Ok(None),
    }
}

/// The same of several apps.
///
/// # Errors
/// As of [`app`].
pub async fn apps(connection: &Connection, typed: &[String]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::with_capacity(typed.len());
    for typed in typed {
        found.push(app(connection, typed).await?);
    }
    Ok(found)
}

/// The public app that is meant, by its id.
///
/// # Errors
/// As of [`app`].
pub async fn public_app(connection: &Connection, typed: &str) -> anyhow::Result<String> {
    const KIND: Kind = Kind { noun: "public app", list_with: "keyway public-app list" };
    find(connection, &KIND, typed, ("/api/v1/public-apps", "publicApps", "name"), Some("publicApp")).await
}

/// The admin token that is meant, by its id.
///
/// # Errors
/// As of [`app`].
pub async fn admin_token(connection: &Connection, typed: &str) -> anyhow::Result<String> {
    const KIND: Kind = Kind { noun: "admin token", list_with: "keyway admin-token list" };
    find(connection, &KIND, typed, ("/api/v1/admin-tokens", "adminTokens", "name"), None).await
}

/// The e-mail address of the person who is meant.
///
/// # Errors
/// As of [`app`].
pub async fn user(connection: &Connection, typed: &str) -> anyhow::Result<String> {
    const KIND: Kind = Kind { noun: "user", list_with: "keyway user list" };
    let answer = list_all(connection, "/api/v1/users", "users").await?;
    let users: Vec<Named> = list(&answer, "users").iter().map(|user| Named::of(user, "email", "email")).collect();
    choose(&KIND, &users, typed)
}

/// The notification channel that is meant, by its name.
///
/// # Errors
/// As of [`app`].
pub async fn channel(connection: &Connection, typed: &str) -> anyhow::Result<String> {
    const KIND: Kind = Kind { noun: "notification channel", list_with: "keyway notify list" };
    let answer = call(connection, Method::GET, "/api/v1/notifications/channels", None).await?;
    let channels: Vec<Named> = list(&answer, "channels").iter().map(|channel| Named::of(channel, "name", "name")).collect();
    choose(&KIND, &channels, typed)
}

/// The hub id of the account that is meant.
///
/// # Errors
/// As of [`app`].
pub async fn account(connection: &Connection, typed: &str) -> anyhow::Result<u64> {
    const KIND: Kind = Kind { noun: "account", list_with: "keyway account list" };
    if let Ok(hub_id) = typed.parse() {
        return Ok(hub_id);
    }
    let answer = list_all(connection, "/api/v1/accounts", "accounts").await?;
    let accounts: Vec<Named> = list(&answer, "accounts").iter().map(|account| Named::of(account, "hubId", "name")).collect();
    Ok(choose(&KIND, &accounts, typed)?.parse()?)
}

/// The same of an option that may be left out.
///
/// # Errors
/// As of [`app`].
pub async fn account_if_any(connection: &Connection, typed: Option<&str>) -> anyhow::Result<Option<u64>> {
    match typed {
        Some(typed) => account(connection, typed).await.map(Some),
        None => Ok(None),
    }
}

/// The names of all apps that the caller sees, by id, for people to read beside the ids; none where they can't be read.
pub async fn of_apps(connection: &Connection) -> HashMap<String, String> {
    let answer = list_all(connection, "/api/v1/apps", "apps").await.unwrap_or_default();
    list(&answer, "apps").iter().map(|app| (text(&app["id"]), text(&app["name"]))).collect()
}

/// An app as people read it beside its calls: its name, or its number where it was deleted.
pub fn caller(name: Option<&str>, id: u64) -> String {
    name.map_or_else(|| format!("app {id} (deleted)"), |name| line(name).into_owned())
}

/// The same by the names of all apps; the number alone where they could not be read.
pub fn caller_of(names: &HashMap<String, String>, id: &Value) -> String {
    match id.as_u64() {
        Some(number) if !names.is_empty() && !names.contains_key(&text(id)) => caller(None, number),
        _ => shown(names, id),
    }
}

/// An app in a table: its name, or its id where that is all that is known, as of one that was deleted.
pub fn shown(names: &HashMap<String, String>, id: &Value) -> String {
    let id = text(id);
    names.get(&id).map_or_else(|| id.clone(), |name| format!("{name} ({id})"))
}

/// Asks for the one of that very name where the API shows one, and looks through the list where there is none.
async fn find(
    connection: &Connection,
    kind: &Kind,
    typed: &str,
    (path, entries, name): (&str, &str, &str),
    shown_as: Option<&str>,
) -> anyhow::Result<String> {
    if let Some(field) = shown_as {
        match call(connection, Method::GET, &format!("{path}/{}", encoded(typed)), None).await {
            Ok(answer) => return Ok(text(&answer[field]["id"])),
            Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::NOT_FOUND) => {}
            Err(error) => return Err(error),
        }
    }
    let answer = list_all(connection, path, entries).await?;
    let candidates: Vec<Named> = list(&answer, entries).iter().map(|entry| Named::of(entry, "id", name)).collect();
    choose(kind, &candidates, typed)
}

/// The id of the one that is meant: of that id or name, else of that name in another case.
///
/// # Errors
/// There is none, or there are several.
pub fn choose(kind: &Kind, candidates: &[Named], typed: &str) -> anyhow::Result<String> {
    if let Some(one) = candidates.iter().find(|one| one.id == typed) {
        return Ok(one.id.clone());
    }
    let small = typed.trim().to_lowercase();
    let exact: Vec<&Named> = candidates.iter().filter(|one| one.name == typed).collect();
    let found = if exact.is_empty() { candidates.iter().filter(|one| one.name.to_lowercase() == small).collect() } else { exact };
    match found[..] {
        [one] => Ok(one.id.clone()),
        [] => {
            let names: Vec<&str> = candidates.iter().map(|one| one.name.as_str()).collect();
            bail!("{}", unknown(kind, typed, &names))
        }
        ref several => {
            let ids: Vec<&str> = several.iter().map(|one| one.id.as_str()).collect();
            bail!("several have the name {}: {} {}. Use an ID", line(typed), kind.noun, ids.join(", "))
        }
    }
}

/// The error for a name that is not known, with the names that are near to it.
fn unknown(kind: &Kind, typed: &str, names: &[&str]) -> String {
    let near: Vec<String> = nearest(typed, names.iter().copied()).iter().map(|name| format!("\"{}\"", line(name))).collect();
    let unknown = keyway_core::shown::unknown(kind.noun, typed, kind.list_with);
    if near.is_empty() {
        return unknown;
    }
    let begins = format!("there is no {} {}", kind.noun, line(typed));
    format!("{begins}; did you mean {}? {}", near.join(" or "), unknown[begins.len()..].trim_start_matches(". "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { noun: "app", list_with: "keyway app list" };

    fn candidates() -> Vec<Named> {
        [("1", "Order sync"), ("2", "Billing"), ("3", "billing"), ("4", "Größe"), ("7", "5")]
            .map(|(id, name)| Named { id: id.to_owned(), name: name.to_owned() })
            .into()
    }

    #[test]
    fn the_one_that_is_meant_is_found_by_id_by_name_and_in_any_case() {
        for (typed, id) in [
            ("1", "1"),
            ("Order sync", "1"),
            ("ORDER SYNC", "1"),
            ("Billing", "2"),
            ("billing", "3"),
            ("GRÖSSE", ""),
            ("größe", "4"),
            ("5", "7"),
        ] {
            let found = choose(&KIND, &candidates(), typed).unwrap_or_default();
            assert_eq!(found, id, "{typed}");
        }
    }

    #[test]
    fn two_that_fit_are_named_by_their_ids() {
        let error = choose(&KIND, &candidates(), "BILLING").unwrap_err().to_string();
        assert_eq!(error, "several have the name BILLING: app 2, 3. Use an ID");
    }

    #[test]
    fn an_unknown_name_has_the_nearest_ones() {
        let error = |typed: &str| choose(&KIND, &candidates(), typed).unwrap_err().to_string();
        assert_eq!(error("Order snyc"), "there is no app Order snyc; did you mean \"Order sync\"? List the apps: keyway app list");
        assert_eq!(error("order"), "there is no app order; did you mean \"Order sync\"? List the apps: keyway app list");
        assert_eq!(error("warehouse"), "there is no app warehouse. List the apps: keyway app list");
        assert_eq!(error("\u{1b}[31m"), "there is no app \\u{1b}[31m. List the apps: keyway app list");
    }
}
