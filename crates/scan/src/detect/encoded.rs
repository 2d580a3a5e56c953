//! Credentials inside base64: Kubernetes Secrets, Basic authentication, settings kept as one blob.
//!
//! The text is looked at once more with each promising run of base64 replaced by what it decodes
//! to, so that a decoded value keeps the name that the run had.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::credential::{judge_value, values};
use super::{Candidate, Text, sent};
use crate::prefilter::Hits;
use crate::shape;

/// Longest run that is decoded, in bytes. A Secret may hold a mebibyte; a settings file in it is far smaller.
const RUN_MAX: usize = 256 << 10;

/// Finds credentials that stand in base64.
pub fn find(text: Text<'_>, hits: &Hits, found: &mut Vec<Candidate>) {
    if !hits.hubspot && hits.encoded.is_empty() {
        return;
    }
    let Some(view) = decoded_view(text.bytes, hits) else { return };
    let inner = Text { path: text.path, bytes: &view.bytes };
    let mut inner_hits = Hits::default();
    super::search(inner, &mut inner_hits);
    for value in values(inner.bytes, &inner_hits) {
        if let Some(at) = view.original(&value.at) {
            found.extend(judge_value(inner, &value, inner_hits.hubspot).map(|candidate| {
                // What is decoded ends a URL; the URL of the run does not.
                let sent_to = candidate.sent_to.or_else(|| sent::foreign_host(text, &at));
                Candidate { at, sent_to, ..candidate }
            }));
        }
    }
}

/// A text with base64 decoded in place.
struct View {
    bytes: Vec<u8>,
    /// Decoded parts: where in `bytes`, and the run they came from.
    parts: Vec<(Range<usize>, Range<usize>)>,
}

impl View {
    /// The run that a value came from, if it came from one.
    fn original(&self, at: &Range<usize>) -> Option<Range<usize>> {
        self.parts.iter().find(|(decoded, _)| decoded.start <= at.start && at.end <= decoded.end).map(|(_, run)| run.clone())
    }
}

fn decoded_view(text: &[u8], hits: &Hits) -> Option<View> {
    // 44 letters are the shortest that hold a UUID, and no longer word of code has as many.
    static RUN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)[A-Za-z0-9+/_-]{44,}={0,2}").expect("a constant"));
    let mut view = View { bytes: Vec::new(), parts: Vec::new() };
    let mut copied = 0;
    let runs: Vec<Range<usize>> = if hits.hubspot {
        RUN.find_iter(text).map(|run| run.range()).collect()
    } else {
        hits.encoded.iter().map(|hit| run_around(text, *hit)).collect()
    };
    for run in runs {
        if run.start < copied || run.len() > RUN_MAX || run.len() < 44 {
            continue;
        }
        let Some(decoded) = shape::decode_any(&text[run.clone()]) else { continue };
        if !holds_a_value(&decoded) {
            continue;
        }
        view.bytes.extend_from_slice(&text[copied..run.start]);
        let start = view.bytes.len();
        view.bytes.extend_from_slice(decoded.trim_ascii_end());
        view.parts.push((start..view.bytes.len(), run.clone()));
        copied = run.end;
    }
    if view.parts.is_empty() {
        return None;
    }
    view.bytes.extend_from_slice(&text[copied..]);
    Some(view)
}

fn run_around(text: &[u8], at: usize) -> Range<usize> {
    let in_run = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let floor = at.saturating_sub(RUN_MAX);
    let start = text[floor..at].iter().rposition(|byte| !in_run(byte) || *byte == b'=').map_or(floor, |found| floor + found + 1);
    let end = text[at..].iter().take(RUN_MAX).position(|byte| !in_run(byte)).map_or(text.len().min(at + RUN_MAX), |found| at + found);
    start..end
}

/// Whether decoded bytes are text that holds something of a credential's shape.
fn holds_a_value(decoded: &[u8]) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)[0-9a-fA-F]{4}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\bC[I-P][0-9A-Za-z_-]{58}|\bCiR[0-9A-Za-z+/_-]{70}")
            .expect("a constant")
    });
    let text = decoded.iter().take(64).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80);
    text && VALUE.is_match(decoded)
}
