//! Turns a text that a person has into evidence: a curl command with or without its answer, a HAR file, HubSpot's error as
//! JSON or in a program's output, the page of a browser, or lines of a log.
//!
//! Every text may be hostile: its size is bounded, and nothing in it is run or looked up.

mod curl;
mod har;
mod log;
mod loose;
mod sdk;
mod unwrap;

use serde_json::Value;

pub(super) use log::error_in;
pub(super) use loose::container;

use super::words::speaks_of_failure;
use super::{Answer, Evidence, rules};

/// The largest text that is read, in bytes: enough for the HAR file of a long session.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads a text. In a HAR file, each failed call to HubSpot is evidence of its own; any other text is about one call. Empty
/// where the text contains neither a request nor a failure.
pub fn read(text: &str) -> Vec<Evidence> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Vec::new();
    }
    let straight = with_straight_quotes(text);
    let text = straight.as_deref().unwrap_or(text);
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        if json["log"]["entries"].is_array() {
            return har::read(&json);
        }
        let evidence = log::of_json(&json, text);
        return if says_nothing(&evidence) { Vec::new() } else { vec![evidence] };
    }
    let evidence = match curl::find(text) {
        Some((call, rest)) => Evidence { call: Some(call), answer: log::answer(&rest), ..Evidence::default() },
        None => log::behind(text).unwrap_or_else(|| log::of_text(text)),
    };
    if says_nothing(&evidence) { Vec::new() } else { vec![evidence] }
}

/// The text with straight quotes, where an editor has made typographic ones of the quotes of JSON: `{“status”:“error”}`.
fn with_straight_quotes(text: &str) -> Option<String> {
    const QUOTES: [char; 3] = ['\u{201c}', '\u{201d}', '\u{201e}'];
    let is_json = text.contains('{') && ["\u{201d}:", "\u{201d} :", "\u{201c}:"].iter().any(|end| text.contains(end));
    is_json.then(|| text.replace(QUOTES, "\""))
}

/// Whether a text contains neither a request nor a failure.
fn says_nothing(evidence: &Evidence) -> bool {
    let told = |answer: &Answer| {
        answer.envelope
            || answer.status.is_some()
            || answer.keyway_rule.is_some()
            || speaks_of_failure(&answer.message.to_lowercase().replace('\u{2019}', "'"))
            || answer.message.contains(rules::SCOPE_LIST)
            || rules::is_known(&answer.words)
            || rules::is_known_sentence(&answer.message.to_ascii_lowercase())
    };
    evidence.call.is_none() && !evidence.answer.as_ref().is_some_and(told)
}
