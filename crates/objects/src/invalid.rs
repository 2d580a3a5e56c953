//! Every validation error of an embedded account: one row of one table.
//!
//! A row has the status, HubSpot's category and sub-category, the message, the keys of `context`, the entries of `errors`,
//! and the source that shows HubSpot's form. Code that refuses a call uses the row's function. docs/validation-errors.md
//! and the test that reaches each row read the table. The refusals of Keyway itself are in `core::refusal`.

mod page;
mod table;

use keyway_core::error_body::ErrorDetail;

pub use page::page;
pub use table::*;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The heading of the page that it is below.
    pub family: &'static str,
    /// The name of its function.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// HubSpot's category.
    pub category: &'static str,
    /// The finer category; empty where there is none.
    pub sub_category: &'static str,
    /// The message, with the words of a call as names in braces.
    pub message: &'static str,
    /// The keys of `context`.
    pub context: &'static [&'static str],
    /// The entries of `errors`.
    pub entries: &'static [Entry],
    /// What shows that HubSpot answers so.
    pub source: Source,
}

/// What a row puts into `errors`.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The message, as that of a row.
    pub message: &'static str,
    /// Such as `INVALID_OPTION`; empty where there is none.
    pub code: &'static str,
    /// Whether `in` names the field.
    pub has_place: bool,
    /// The keys of its own `context`.
    pub context: &'static [&'static str],
}

/// What may be wrong with one value: an entry of `errors` beside `values_invalid`, and of the list in its message.
#[derive(Clone, Copy, Debug)]
pub struct ValueRow {
    /// The name of its function.
    pub name: &'static str,
    /// HubSpot's code.
    pub code: &'static str,
    /// The message, with the words of a call as names in braces.
    pub message: &'static str,
    /// What shows that HubSpot answers so.
    pub source: Source,
}

/// An entry of `errors` beside a row, one for each fault.
#[derive(Clone, Copy, Debug)]
pub struct DetailRow {
    /// The row that it is an entry of.
    pub of: &'static str,
    /// The name of its function.
    pub name: &'static str,
    /// What kind of fault it is, such as `REQUIRED_FIELD`; empty where there is none.
    pub error_type: &'static str,
    /// The finer category; empty where there is none.
    pub sub_category: &'static str,
    /// The message, with the words of a call as names in braces.
    pub message: &'static str,
    /// The keys of its `context`.
    pub context: &'static [&'static str],
    /// What shows that HubSpot answers so.
    pub source: Source,
}

/// What shows how HubSpot answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page of HubSpot's documentation, below developers.hubspot.com.
    Page(&'static str),
    /// An answer of HubSpot that somebody published, or a client that branches on it.
    Seen(&'static str),
    /// No public source is known: the words are Keyway's.
    Unconfirmed,
    /// A bound of the embedded account that HubSpot does not have, or has elsewhere.
    Own,
}

/// Why a value is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadValue {
    /// HubSpot's code, such as `INVALID_OPTION`.
    pub code: &'static str,
    /// The sentence a person reads.
    pub message: String,
}

impl BadValue {
    /// The entry of `errors` for the property.
    pub(crate) fn detail(&self, property: &str) -> ErrorDetail {
        ErrorDetail::new(&self.message).code(self.code).context("propertyName", vec![property.to_owned()])
    }
}

impl DetailRow {
    /// Whether an entry has the form of the row.
    pub fn fits(&self, entry: &serde_json::Value) -> bool {
        let text = |field: &str| entry[field].as_str().unwrap_or_default();
        (text("errorType"), text("subCategory")) == (self.error_type, self.sub_category)
            && fits(self.message, text("message"))
            && entry["context"].as_object().map_or(0, serde_json::Map::len) == self.context.len()
            && self.context.iter().all(|key| entry["context"][key].is_array())
    }
}

impl Row {
    /// Whether an answer has the form of the row.
    pub fn fits(&self, status: u16, body: &serde_json::Value) -> bool {
        let text = |field: &str| body[field].as_str().unwrap_or_default();
        let has_context = |keys: &[&str], of: &serde_json::Value| {
            let own = of["context"].as_object().map_or(0, serde_json::Map::len);
            own == keys.len() && keys.iter().all(|key| of["context"][key].is_array())
        };
        let entry_fits = self.entries.iter().enumerate().all(|(at, entry)| {
            let shown = &body["errors"][at];
            fits(entry.message, shown["message"].as_str().unwrap_or_default())
                && shown["code"].as_str().unwrap_or_default() == entry.code
                && shown["in"].is_string() == entry.has_place
                && has_context(entry.context, shown)
        });
        let is_category = (text("category"), text("subCategory")) == (self.category, self.sub_category);
        status == self.status && is_category && fits(self.message, text("message")) && has_context(self.context, body) && entry_fits
    }
}

/// Whether a message is that of a template.
pub fn fits(template: &str, message: &str) -> bool {
    let mut parts = template.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let Some(mut rest) = message.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut is_open = false;
    for part in parts {
        is_open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || is_open
}
