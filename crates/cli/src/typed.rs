//! Answers of the admin API in their types.

use anyhow::Context;
use http::Method;
use keyway_api::List;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Exit;
use crate::args::Connection;
use crate::client::call;
use crate::commands::show;

/// Entries asked for at once, the most that the API gives.
const PAGE: &str = "limit=1000";

/// An answer in its type.
///
/// # Errors
/// It has another shape.
pub fn typed<T: DeserializeOwned>(answer: &Value) -> anyhow::Result<T> {
    T::deserialize(answer).context("the server's answer has another form: it is of another version than this program")
}

/// Reads something.
///
/// # Errors
/// As of [`call`] and [`typed`].
pub async fn get<T: DeserializeOwned>(connection: &Connection, path: &str) -> anyhow::Result<T> {
    typed(&call(connection, Method::GET, path, None).await?)
}

/// The entries of a list, page after page; `path` has no `after` and no `limit`.
///
/// # Errors
/// As of [`get`].
pub async fn all<L: List + DeserializeOwned>(connection: &Connection, path: &str) -> anyhow::Result<Vec<L::Entry>> {
    let first = format!("{path}{}{PAGE}", if path.contains('?') { '&' } else { '?' });
    let (mut all, mut after) = get::<L>(connection, &first).await?.into_entries();
    while let Some(last) = after {
        let (entries, next) = get::<L>(connection, &format!("{first}&after={last}")).await?.into_entries();
        all.extend(entries);
        after = next;
    }
    Ok(all)
}

/// JSON as it came, or lines for a person of an answer in its type.
///
/// # Errors
/// As of [`typed`], where lines are asked for.
pub fn show_typed<T: DeserializeOwned>(answer: &Value, json: bool, lines: impl FnOnce(&T) -> String) -> anyhow::Result<Exit> {
    if json {
        return show(answer, true, |_| String::new());
    }
    let shaped = typed(answer)?;
    show(answer, false, |_| lines(&shaped))
}

/// Lines for a person of an answer in its type; where it has another form, that it has.
pub fn lines_of<T: DeserializeOwned>(answer: &Value, lines: impl FnOnce(&T) -> String) -> String {
    typed(answer).map_or_else(|error| format!("{error:#}"), |shaped| lines(&shaped))
}

/// A value, or a dash where there is none.
pub fn or_dash(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
