//! The decision table: each row has a cause, and how to recognise it.
//!
//! All rows are tried in order on the same facts. The texts of a row are in the file of its topic.

mod accounts;
mod command_line;
mod credentials;
mod data;
mod forms;
mod gateway;
mod install;
mod judged;
mod libraries;
mod limits;
mod network;
mod oauth;
mod pages;
mod path;
mod records;
mod requests;
mod row;
mod said;
mod scopes;
mod service;
mod source;
mod unrecognised;
mod values;
mod webhooks;

use std::sync::LazyLock;

use keyway_core::refusal::Refusal;

use super::Certainty;
use super::facts::{self, Facts};
use judged::{JUDGED, TELLING};
pub(super) use limits::bucket;
pub use row::Rule;
use row::{Found, Holds, Say};
pub(super) use scopes::LIST as SCOPE_LIST;
pub use source::Source;
pub(super) use unrecognised::unrecognised;

/// The whole table. Rows for Keyway's own refusals come first, since Keyway names them. Then come rows for HubSpot's answers,
/// then rows for the request.
pub fn table() -> &'static [Rule] {
    static TABLE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let mut table: Vec<Rule> = Refusal::all().filter_map(Rule::refused).collect();
        table.extend(Vec::from(TELLING));
        table.extend(network::ROWS.iter().map(|row| Rule::said(row).of_any()));
        table.extend(install::ROWS.iter().map(Rule::said));
        for rows in [accounts::ROWS, libraries::ROWS, command_line::ROWS, forms::ROWS, values::ROWS, requests::ROWS, records::ROWS] {
            table.extend(rows.iter().map(|row| Rule::said(row).with_sign()));
        }
        table.extend(webhooks::ROWS.iter().map(|row| Rule::said(row).weak()));
        table.extend(network::LAST.iter().map(|row| Rule::said(row).last().of_any()));
        table.extend(values::LAST.iter().map(|row| Rule::said(row).last()));
        table.extend(Vec::from(JUDGED));
        table
    });
    &TABLE
}

/// Whether a text in lower case has a sentence with which HubSpot refuses a call, or one of its tools ends. Such a sentence is a failure, whatever words it
/// has.
pub(super) fn is_known_sentence(small: &str) -> bool {
    let rows = table().iter().filter_map(|rule| match (&rule.holds, rule.source) {
        (_, Source::Program(_)) => None,
        (Holds::Said(row), _) if !row.statuses.is_empty() && !row.in_answer && !row.of_oauth => Some(row.says),
        _ => None,
    });
    let of_tools = [command_line::ROWS, libraries::ROWS, forms::ROWS, install::ROWS];
    let of_tools = of_tools.into_iter().flatten().filter(|row| !row.of_oauth && !row.of_library).map(|row| row.says);
    rows.chain(of_tools).flatten().any(|parts| facts::stand_together(small, parts))
}

/// Whether one of these words in capitals identifies a row.
pub(super) fn is_known(words: &[String]) -> bool {
    let rows = table().iter().filter_map(|rule| match rule.holds {
        Holds::Said(row) => Some(row.words),
        Holds::Judged(_) | Holds::Refused(_) => None,
    });
    rows.flatten().any(|known| words.iter().any(|word| word == known))
}
