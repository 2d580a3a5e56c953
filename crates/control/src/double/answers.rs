//! The answers of the last requests of an embedded account. They have bounds of their own, so that long answers
//! push no request out of the log.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::recent::{Keep, Recent};

/// Answers kept of one account.
const ANSWERS_MAX: usize = 2_000;
/// Bytes of bodies kept of one account.
const BODIES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest body kept; of a longer one only its length is known.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// An answer as it left.
#[derive(Debug)]
pub struct Answered {
    /// The number of its request.
    pub of: u64,
    /// Its headers, except for those that the server adds to every answer.
    pub headers: HeaderMap,
    /// Its body, where it was short enough to be kept.
    pub body: Bytes,
    /// The body's length.
    pub body_bytes: u64,
}

impl Answered {
    /// An answer to a request whose number is not known yet.
    pub fn new(headers: HeaderMap, body: Bytes) -> Self {
        let body_bytes = body.len() as u64;
        Self { of: 0, headers, body: if body.len() > BODY_BYTES_MAX { Bytes::new() } else { body }, body_bytes }
    }
}

impl Keep for Answered {
    fn set_number(&mut self, _: u64) {}

    fn bytes(&self) -> usize {
        self.body.len()
    }
}

/// The answers of one account.
pub(super) struct Answers(Recent<Answered>);

impl Default for Answers {
    fn default() -> Self {
        Self(Recent::new(ANSWERS_MAX, BODIES_BYTES_MAX))
    }
}

impl Answers {
    /// Keeps that of a request.
    pub(super) fn note(&self, of: u64, answered: Answered) {
        self.0.note(Answered { of, ..answered });
    }

    /// All that are kept, in the order in which they left.
    pub(super) fn all(&self) -> Vec<Arc<Answered>> {
        self.0.find(|_| true)
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_not_kept_and_many_push_out_the_oldest() {
        let answers = Answers::default();
        let answer = |length: usize| Answered::new(HeaderMap::new(), vec![b'x'; length].into());
        answers.note(1, answer(BODY_BYTES_MAX + 1));
        let kept = answers.all();
        assert_eq!((kept[0].body.len(), kept[0].body_bytes as usize), (0, BODY_BYTES_MAX + 1));
        (2..100).for_each(|of| answers.note(of, answer(BODY_BYTES_MAX)));
        let kept = answers.all();
        assert_eq!((kept.len(), kept[0].of), (BODIES_BYTES_MAX / BODY_BYTES_MAX, 100 - 32));
    }
}
