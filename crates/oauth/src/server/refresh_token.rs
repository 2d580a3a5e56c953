//! Refresh tokens (RFC 6749, section 1.5). With rotation, a client can repeat a request whose answer it lost,
//! and Keyway detects a stolen token (RFC 9700, section 4.14.2).
//!
//! A token names its grant and its generation, with a keyed hash. The hash needs both the server's key and a
//! value that the store keeps for the grant, so neither alone is enough to make a token. The same generation
//! always gives the same text. So a client that lost an answer gets the same token again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_core::secret::Secret;

const PREFIX: &str = "kwr_";
const VERSION: u8 = 1;

/// The key of the hashes.
pub struct RefreshKey(Secret<[u8; 32]>);

/// The claims of a token. They are not trusted before [`RefreshKey::made`] has checked the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id of the stored token that holds the grant.
    pub grant: u64,
    /// How often it was rotated when the token was made.
    pub generation: u64,
}

/// Whether a refresh token may be used, with rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is the newest: Keyway replaces it.
    Rotate,
    /// It is the one before, replaced a moment ago. The client lost the answer, and gets it again.
    Repeat,
    /// It was replaced earlier, so two parties hold the grant, and one of them stole it.
    Stolen,
}

/// How long after a rotation a client gets the same answer again, in milliseconds.
pub const REPEAT_MS: i64 = 60_000;

impl RefreshKey {
    /// Takes the key into custody.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(Secret::new(key))
    }

    /// The token of a grant in a generation; `kept` is what the store keeps of the grant.
    pub fn token(&self, named: Named, kept: &[u8; 32]) -> Secret<String> {
        let mut bytes = vec![VERSION];
        bytes.extend(named.grant.to_be_bytes());
        bytes.extend(named.generation.to_be_bytes());
        let hash = self.hash(&bytes, kept);
        bytes.extend(hash.as_bytes());
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Whether a token is one of this grant's.
    pub fn made(&self, text: &str, kept: &[u8; 32]) -> bool {
        let Some((body, hash)) = parts(text) else { return false };
        // blake3::Hash compares in constant time.
        self.hash(&body, kept) == blake3::Hash::from_bytes(hash)
    }

    fn hash(&self, body: &[u8], kept: &[u8; 32]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(self.0.expose());
        hasher.update(kept).update(body);
        hasher.finalize()
    }
}

/// Reads the claims of a token, unchecked; none if the text does not have the form of one.
pub fn read(text: &str) -> Option<Named> {
    let (body, _) = parts(text)?;
    let number = |at: usize| body.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    Some(Named { grant: number(1)?, generation: number(9)? })
}

/// What a token of a generation means where `last` is the last one, made this many milliseconds ago.
pub fn judge(generation: u64, last: u64, since_ms: i64) -> Use {
    if generation == last {
        Use::Rotate
    } else if generation.checked_add(1).is_some_and(|next| next == last) && since_ms <= REPEAT_MS {
        Use::Repeat
    } else {
        Use::Stolen
    }
}

fn parts(text: &str) -> Option<(Vec<u8>, [u8; 32])> {
    let mut bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    if bytes.len() != 1 + 8 + 8 + 32 || bytes[0] != VERSION {
        return None;
    }
    let hash = bytes.split_off(17).try_into().ok()?;
    Some((bytes, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_grants_and_no_other_key_or_grant_makes_it() {
        let key = RefreshKey::new([1; 32]);
        let named = Named { grant: 7, generation: 3 };
        let token = key.token(named, &[9; 32]);
        assert_eq!(read(token.expose()), Some(named));
        assert!(key.made(token.expose(), &[9; 32]));
        assert_eq!(key.token(named, &[9; 32]), token);
        assert!(!key.made(token.expose(), &[8; 32]));
        assert!(!RefreshKey::new([2; 32]).made(token.expose(), &[9; 32]));
        for text in ["", "kwr_", "kwr_AAAA", &token.expose()[..60], &format!("{}A", token.expose())] {
            assert!(read(text).is_none() && !key.made(text, &[9; 32]), "{text}");
        }
    }

    #[test]
    fn a_lost_answer_is_repeated_and_a_replaced_token_is_a_theft() {
        assert_eq!(judge(3, 3, 0), Use::Rotate);
        assert_eq!(judge(3, 4, REPEAT_MS), Use::Repeat);
        assert_eq!(judge(3, 4, REPEAT_MS + 1), Use::Stolen);
        assert_eq!(judge(2, 4, 0), Use::Stolen);
        assert_eq!(judge(u64::MAX, 4, 0), Use::Stolen);
    }
}
