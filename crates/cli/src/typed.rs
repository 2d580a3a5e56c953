//! Reads answers of the admin API into types.

use anyhow::Context;
use http::Method;
use keyway_api::List;
use keyway_core::shown;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::Connection;
use crate::client::call;
use crate::exit::Exit;
use crate::output::is_json;
use crate::print::{print_json, show};

/// The page size of requests for lists, which is the API's maximum.
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

/// Prints the JSON unchanged, or lines for a person from the typed answer.
///
/// # Errors
/// Those of [`typed`], if lines are printed.
pub fn show_typed<T: DeserializeOwned>(answer: &Value, lines: impl FnOnce(&T) -> String) -> anyhow::Result<Exit> {
    if is_json() {
        print_json(answer)?;
        return Ok(Exit::Fine);
    }
    let shaped = typed(&in_lines(answer))?;
    show(answer, |_| lines(&shaped))
}

/// Lines for a person of an answer in its type; where it has another form, that it has.
pub fn lines_of<T: DeserializeOwned>(answer: &Value, lines: impl FnOnce(&T) -> String) -> String {
    typed(&in_lines(answer)).map_or_else(|error| format!("{error:#}"), |shaped| lines(&shaped))
}

/// Prepares an answer for output: no text in it can add a line of its own.
fn in_lines(answer: &Value) -> Value {
    match answer {
        Value::String(text) => line(text).into(),
        Value::Array(entries) => entries.iter().map(in_lines).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), in_lines(value))).collect(),
        other => other.clone(),
    }
}

/// Text of others, on one line.
pub fn line(text: &str) -> String {
    shown::line(text).into_owned()
}

/// A value on one line, or a dash where there is none.
pub fn or_dash(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| line(&value.to_string()))
}

#[cfg(test)]
mod tests {
    use keyway_api::view::App;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_of_several_lines_is_shown_on_one() {
        let app = App { name: "Sync\nid 7".to_owned(), dependents: vec!["a\rb".to_owned()], ..App::default() };
        let shown = lines_of(&json!(app), |app: &App| format!("{} {}", app.name, app.dependents.join(", ")));
        assert_eq!(shown, format!("{} {}", line("Sync\nid 7"), line("a\rb")));
        assert!(!shown.contains(['\n', '\r']), "{shown}");
    }

    #[test]
    fn an_answer_of_another_form_says_so() {
        let shown = lines_of(&json!({ "id": "seven" }), |app: &App| app.name.clone());
        assert!(shown.contains("another version"), "{shown}");
    }
}
