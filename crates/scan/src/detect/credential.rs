//! Credentials: values of a known shape, judged by their surroundings.

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::secret::Secret;
use keyway_core::token;
use regex::bytes::Regex;

use super::seam::seamless;
use super::surroundings::Surroundings;
use super::{Candidate, Text, dress, parts, sent};
use crate::finding::{Confidence, Kind};
use crate::prefilter::Hits;
use crate::rules::Rules;
use crate::shape::{self, Shape};
use crate::text::{follows_a_word, is_word};

/// Finds the credentials that a text contains unencoded.
pub fn find(text: Text<'_>, hits: &Hits, found: &mut Vec<Candidate>) {
    for value in values(text.bytes, hits) {
        found.extend(judge_value(text, &value, hits.hubspot));
    }
    if hits.hubspot || !hits.values.is_empty() || !hits.encoded.is_empty() {
        dress::find(text, hits.hubspot, found);
    }
    // Concatenation joins pieces at run time: search the text without the seams between them.
    if let Some(seamless) = seamless(text.bytes) {
        let joined = Text { path: text.path, bytes: &seamless.bytes };
        let mut joined_hits = Hits::default();
        super::search(joined, &mut joined_hits);
        for value in values(joined.bytes, &joined_hits) {
            if let Some(at) = seamless.across_a_seam(&value.at) {
                found.extend(judge_value(joined, &value, joined_hits.hubspot).map(|candidate| Candidate { at, ..candidate }));
            }
        }
    }
    parts::find(text, hits.hubspot, found);
}

/// A value of a known shape.
pub(super) struct Value {
    /// The span of the value.
    pub at: Range<usize>,
    shape: Shape,
}

/// Every value of a known shape that may be a credential.
pub(super) fn values(text: &[u8], hits: &Hits) -> Vec<Value> {
    let mut values = Vec::new();
    for start in &hits.values {
        values.extend(value_at(text, *start));
    }
    if hits.hubspot {
        // A bare UUID counts only in a text that names HubSpot, and so does a token whose prefix the prefilter does not know.
        static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?-u)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-|\b[a-z]{2}[0-9]{1,2}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-|\bC[I-P][0-9A-Za-z_-]{58}").expect("a constant")
        });
        for found in SHAPES.find_iter(text) {
            values.extend(value_at(text, found.start()));
        }
    }
    values.sort_by_key(|value| (value.at.start, std::cmp::Reverse(value.at.end)));
    values.dedup_by(|later, earlier| later.at.start < earlier.at.end);
    values
}

/// The value that starts at an offset, unless it is part of a longer word.
pub(super) fn value_at(text: &[u8], start: usize) -> Option<Value> {
    let rest = &text[start..];
    let read = |length: Option<usize>, shape| length.map(|length| (length, shape));
    // A UUID may begin with a C, too. No value matches two of these forms.
    let (length, shape) = read(shape::pat(rest), Shape::Pat)
        .or_else(|| read(shape::personal_access_key(rest), Shape::PersonalAccessKey))
        .or_else(|| shape::oauth_access(rest))
        .or_else(|| read(shape::routed(rest), Shape::Routed))
        .or_else(|| read(shape::uuid(rest), Shape::Uuid))?;
    let end = start + length;
    let after_word = follows_a_word(text, start);
    let before_word =
        text.get(end).is_some_and(|byte| is_word(*byte) || (*byte == b'-' && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)));
    (!after_word && !before_word).then_some(Value { at: start..end, shape })
}

/// Makes a candidate of a value. None where the value is not a credential.
pub(super) fn judge_value(text: Text<'_>, value: &Value, file_names_hubspot: bool) -> Option<Candidate> {
    let secret = String::from_utf8_lossy(&text.bytes[value.at.clone()]).into_owned();
    if shape::placeholder(&secret).is_some() {
        return None;
    }
    let rules = Rules::get();
    let mut surroundings = Surroundings::new(text, value.at.clone(), file_names_hubspot);
    if matches!(value.shape, Shape::Uuid | Shape::Routed)
        && let Some((kind, callee)) = surroundings.handed_to()
    {
        let (confidence, reason) = surroundings.confidence(Confidence::High, &format!("an argument of {callee} that is a secret"), rules);
        return Some(Candidate {
            at: value.at.clone(),
            value: Secret::new(secret),
            kind,
            rule: "client-argument",
            confidence,
            reason,
            sent_to: None,
        });
    }
    let rule = rules.all().iter().find(|rule| rule.shapes.contains(&value.shape) && surroundings.satisfy(rule, rules))?;
    let mut kind = rule.kind;
    let mut why = rule.why.as_str();
    if value.shape == Shape::Pat && token::looks_like_ours(&secret) {
        kind = Kind::KeywayToken;
        why = "HubSpot's form of a token, with Keyway's checksum";
    }
    // The same parameter has the developer account's key where HubSpot accepts only that key.
    if kind == Kind::Hapikey && super::usage::developer_call(text.bytes, value.at.start) {
        kind = Kind::DeveloperKey;
    }
    let most = if surroundings.by_sole_provider { rule.confidence.min(Confidence::Medium) } else { rule.confidence };
    let (confidence, reason) = surroundings.confidence(most, why, rules);
    Some(Candidate {
        at: value.at.clone(),
        value: Secret::new(secret),
        kind,
        rule: &rule.id,
        confidence,
        reason,
        sent_to: sent::foreign_host(text, &value.at),
    })
}
