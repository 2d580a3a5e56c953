//! The text of a token: how Keyway makes its own tokens, and recognises them.
//!
//! A token has the form of HubSpot's (`pat-<region>-<uuid>`), since clients check the prefix. The UUID is version 8 (RFC 9562,
//! section 5.8), and its last three bytes are a checksum over the rest. So Keyway and its scanner recognise Keyway's tokens
//! without a look-up. The caller passes in the random bytes.

use std::fmt;

use crate::credential;
use crate::secret::Secret;

/// A token in plain text. It is shown once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(Secret<String>);

/// The stored form of a token: a keyed hash, useless to a reader without the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// The key of the hashes. Derived from the master key; all instances on one store have the same.
pub struct TokenKey(Secret<[u8; 32]>);

/// The form of a presented credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A token issued by Keyway: the checksum is correct.
    Ours,
    /// `pat-<region>-<uuid>`, not Keyway's.
    Pat,
    /// Anything else.
    Other,
}

/// The number of checksum bytes in the UUID.
const CHECKSUM_BYTES: usize = 3;

impl PlainToken {
    /// Makes a token for a region such as `na1` from 16 random bytes (98 of whose bits remain).
    pub fn generate(region: &str, random: [u8; 16]) -> Self {
        let mut bytes = random;
        bytes[6] = 0x80 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let check = checksum(region, &bytes);
        bytes[16 - CHECKSUM_BYTES..].copy_from_slice(&check);
        Self(Secret::new(format!("pat-{region}-{}", uuid_text(&bytes))))
    }

    /// Accepts a token that somebody chose: `pat-<region>-<uuid>` as a whole, so at most 45 bytes. None for any other form.
    pub fn given(text: &str) -> Option<Self> {
        (shape(text) != Shape::Other).then(|| Self(Secret::new(text.to_owned())))
    }

    /// The text itself, to be shown once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// A part that Keyway may show and store: the region and the last four characters.
    pub fn hint(&self) -> String {
        credential::hint(self.expose())
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainToken({})", self.hint())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl TokenKey {
    /// Wraps the key.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(Secret::new(key))
    }

    /// The hash that is stored for a token and looked up.
    pub fn hash(&self, token: &str) -> TokenHash {
        TokenHash(*blake3::keyed_hash(self.0.expose(), token.as_bytes()).as_bytes())
    }
}

/// The form of a presented credential, which may be unknown.
pub fn shape(text: &str) -> Shape {
    let Some((region, bytes)) = parse(text) else { return Shape::Other };
    let versioned = bytes[6] >> 4 == 8 && bytes[8] >> 6 == 2;
    if versioned && checksum(region, &bytes) == bytes[16 - CHECKSUM_BYTES..] { Shape::Ours } else { Shape::Pat }
}

/// Whether this is a token issued by Keyway, by its checksum.
pub fn looks_like_ours(text: &str) -> bool {
    shape(text) == Shape::Ours
}

/// Whether this is a region as HubSpot names its data centres: `na1`, `eu1`.
pub fn is_region(text: &str) -> bool {
    credential::region(text.as_bytes()) == Some(text.len())
}

fn parse(text: &str) -> Option<(&str, [u8; 16])> {
    let (region, uuid) = text.strip_prefix("pat-")?.split_once('-')?;
    let groups = [8, 4, 4, 4, 12];
    if !is_region(region) || !uuid.split('-').map(str::len).eq(groups) {
        return None;
    }
    let mut bytes = [0; 16];
    let mut digits = uuid.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
    for byte in &mut bytes {
        *byte = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    Some((region, bytes))
}

fn checksum(region: &str, bytes: &[u8; 16]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    // A change of this text would invalidate the checksum of every token issued before.
    hasher.update(b"keyway token v1\0").update(region.as_bytes()).update(&bytes[..16 - CHECKSUM_BYTES]);
    let mut check = [0; CHECKSUM_BYTES];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM_BYTES]);
    check
}

/// The text of a UUID.
pub fn uuid_text(bytes: &[u8; 16]) -> String {
    let hex = |range: std::ops::Range<usize>| bytes[range].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{}-{}-{}-{}-{}", hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_has_hubspots_form_and_is_known_as_ours() {
        let token = PlainToken::generate("na1", [7; 16]);
        assert_eq!(token.expose().len(), 44);
        assert!(token.expose().starts_with("pat-na1-07070707-0707-8707-8707-"));
        assert_eq!(shape(token.expose()), Shape::Ours);
    }

    #[test]
    fn debug_output_and_hint_show_four_characters_only() {
        let token = PlainToken::generate("eu1", [9; 16]);
        let tail = &token.expose()[40..];
        assert_eq!(token.hint(), format!("pat-eu1-…{tail}"));
        assert!(!format!("{token:?}").contains(&token.expose()[8..40]));
    }

    #[test]
    fn a_foreign_token_is_told_apart_from_nonsense() {
        let foreign = format!("pat-na2-{}", uuid_text(&[0x44; 16]));
        assert_eq!(shape(&foreign), Shape::Pat);
        for text in ["", "pat-", "pat-na1-", "pat-xx-1", &foreign[..43], &format!("{foreign}0"), "Bearer"] {
            assert_eq!(shape(text), Shape::Other, "{text}");
        }
    }

    #[test]
    fn a_chosen_token_has_hubspots_form_or_is_refused() {
        let chosen = format!("pat-eu1-{}", uuid_text(&[0x44; 16]));
        assert_eq!(PlainToken::given(&chosen).unwrap().expose(), chosen);
        for text in [&chosen[1..], &format!("{chosen} "), &format!("{chosen}\n"), "secret", ""] {
            assert!(PlainToken::given(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_token_made_is_known_and_no_changed_one_is(random: [u8; 16], at in 8usize..44, digit in 0u32..16) {
            let token = PlainToken::generate("na1", random);
            prop_assert_eq!(shape(token.expose()), Shape::Ours);
            let mut changed: Vec<char> = token.expose().chars().collect();
            let new = char::from_digit(digit, 16).unwrap();
            prop_assume!(changed[at] != '-' && changed[at] != new);
            changed[at] = new;
            prop_assert_ne!(shape(&changed.into_iter().collect::<String>()), Shape::Ours);
        }

        #[test]
        fn reading_any_text_never_panics(text in ".{0,60}") {
            let _ = shape(&text);
        }
    }
}
