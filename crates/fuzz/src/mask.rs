//! Calls and answers of an account, masked so that they can be shared.

use keyway_core::mask::rules::Rules;
use keyway_core::mask::{Masker, Vocabulary};

/// The same bytes get the same replacement, at each place where a cassette has bytes of others.
pub fn mask(bytes: &[u8]) {
    let masker = Masker::new([7; 32], Rules::built_in(), Vocabulary::default());
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let path = masker.path("GET", line);
        assert!(path.starts_with('/') && path == masker.path("GET", line), "{line:?} becomes {path:?}");
        assert_eq!(masker.query(line), masker.query(line), "two answers about {line:?}");
        let _ = (masker.url(line), masker.property(line, line), masker.header(line, line), masker.media_type(line));
    }
    if let Ok(json) = serde_json::from_slice(bytes) {
        assert_eq!(masker.json(&json), masker.json(&json), "two answers about {text:?}");
    }
}
