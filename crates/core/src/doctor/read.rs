//! From a text that a person has at hand to evidence: a curl command with or without its answer, a
//! HAR file, HubSpot's error as JSON, or lines of a log.
//!
//! Every text is hostile: its size is bounded, and nothing in it is run or looked up.

mod curl;
mod har;
mod log;

use serde_json::Value;

use super::{Answer, Evidence};

/// Largest text that is read, in bytes: a HAR file of a long session.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads a text. Of a HAR file each call to HubSpot that failed becomes evidence of its own; any
/// other text is about one call. Empty where the text is.
pub fn read(text: &str) -> Vec<Evidence> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Vec::new();
    }
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        if json["log"]["entries"].is_array() {
            return har::read(&json);
        }
        return vec![log::of_json(&json, text)];
    }
    vec![match curl::find(text) {
        Some((call, rest)) => Evidence { call: Some(call), answer: log::answer(&rest), ..Evidence::default() },
        None => log::of_text(text),
    }]
}

/// The answer in a JSON value, or none where it holds no error.
fn answer_in(json: &Value) -> Option<Answer> {
    Answer::of_json(json)
}
