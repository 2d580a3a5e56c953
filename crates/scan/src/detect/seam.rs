//! Concatenation joins pieces of a value at run time: the text without the seams between them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// A text without the seams of string concatenation.
pub(super) struct Seamless {
    pub bytes: Vec<u8>,
    /// Offsets in `bytes` where something was removed, and the bytes removed up to there.
    seams: Vec<(usize, usize)>,
}

/// Removes `" + "`, `' . '`, `" "` and line continuations, where there are any.
pub(super) fn seamless(text: &[u8]) -> Option<Seamless> {
    const TEXT_MAX: usize = 4 << 20;
    static SEAM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?:\\\r?\n|"\s*(?:\+|\.\.?|&|\|\||<>|\\)?\s*[\\_]?\s*@?"|'\s*(?:\+|\.\.?|&|\|\||\\)?\s*\\?\s*'|`\s*\+\s*`|"\s*(?:\+|\.|&)\s*'|'\s*(?:\+|\.|&)\s*")"#)
            .expect("a constant")
    });
    if text.len() > TEXT_MAX {
        return None;
    }
    let mut seams: Vec<(usize, usize)> = Vec::new();
    let mut copied = 0;
    let mut out = Vec::new();
    let mut taken = 0;
    for seam in SEAM.find_iter(text) {
        // A seam is removed only where there is a piece of a key on both sides.
        let before = seam.start().checked_sub(1).map(|at| text[at]);
        let after = text.get(seam.end());
        let joins = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/');
        if seam.len() < 2 || !before.is_some_and(joins) || !after.is_some_and(|byte| joins(*byte)) {
            continue;
        }
        out.extend_from_slice(&text[copied..seam.start()]);
        copied = seam.end();
        taken += seam.len();
        seams.push((out.len(), taken));
    }
    if seams.is_empty() {
        return None;
    }
    out.extend_from_slice(&text[copied..]);
    Some(Seamless { bytes: out, seams })
}

impl Seamless {
    /// The span in the original of a value of the seamless text. None where no seam crosses the value.
    pub fn across_a_seam(&self, at: &Range<usize>) -> Option<Range<usize>> {
        self.seams.iter().any(|(seam, _)| at.start < *seam && *seam < at.end).then_some(())?;
        let shift = |offset: usize| self.seams.iter().take_while(|(seam, _)| *seam <= offset).last().map_or(0, |(_, taken)| *taken);
        Some(at.start + shift(at.start)..at.end + shift(at.end - 1))
    }
}
