//! Credentials inside base64: Kubernetes Secrets, Basic authentication, settings stored as one blob.
//!
//! Keyway decodes each promising run of base64 in place and searches the result. A decoded value so keeps the name
//! of its run.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::credential::{judge_value, values};
use super::{Candidate, Text, sent};
use crate::prefilter::Hits;
use crate::shape;

/// The longest run that is decoded, in bytes. A Secret may be one mebibyte; a settings file in it is far smaller.
const RUN_MAX: usize = 256 << 10;

/// Finds credentials inside base64.
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
                // The decoded text breaks a URL around the run, so the original text is searched for the host, too.
                let sent_to = candidate.sent_to.or_else(|| sent::foreign_host(text, &at));
                Candidate { at, sent_to, ..candidate }
            }));
        }
    }
}

/// A text with base64 decoded in place.
struct View {
    bytes: Vec<u8>,
    /// Decoded parts: their spans in `bytes`, and the spans of their runs.
    parts: Vec<(Range<usize>, Range<usize>)>,
}

impl View {
    /// The run that holds a value, if the value was decoded.
    fn original(&self, at: &Range<usize>) -> Option<Range<usize>> {
        self.parts.iter().find(|(decoded, _)| decoded.start <= at.start && at.end <= decoded.end).map(|(_, run)| run.clone())
    }
}

fn decoded_view(text: &[u8], hits: &Hits) -> Option<View> {
    // The shortest run that can hold a UUID has 44 letters; words of code are shorter.
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

/// Whether decoded bytes are text with something of a credential's shape.
fn holds_a_value(decoded: &[u8]) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)[0-9a-fA-F]{4}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\bC[I-P][0-9A-Za-z_-]{58}|\bCiR[0-9A-Za-z+/_-]{70}")
            .expect("a constant")
    });
    let text = decoded.iter().take(64).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80);
    text && VALUE.is_match(decoded)
}
