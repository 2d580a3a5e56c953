//! Access tokens (RFC 6749, section 1.4). A token holds its own claims and a keyed hash of them, so issuing one
//! writes nothing to the store, and every instance with the key can check it.
//!
//! A token names its grant. Keyway looks the grant up at every call, so revoking the grant also ends its access
//! tokens.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_core::scope::ScopeSet;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;

/// Shows what it is to people and scanners.
const PREFIX: &str = "kwo_";
/// Bytes before the hash: version, kind, id, moments, random bytes.
const BODY: usize = 1 + 1 + 8 + 8 + 8;
const HASH: usize = 32;
/// The form of the bytes; another number is another form.
const VERSION: u8 = 1;

/// The grant or the app that a token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A grant of an install, by the id of its refresh token.
    Grant(u64),
    /// A public app itself, which acts on no account.
    App(u64),
    /// A session of an app, by the id of its token: for the listener of agents alone.
    Session(u64),
}

/// The claims of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The grant or the app that it was issued to.
    pub subject: Subject,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its scopes, if they are fewer than those of the grant.
    pub narrowed: Option<ScopeSet>,
}

/// The key of the hashes.
pub struct AccessKey(Secret<[u8; 32]>);

/// An access token as text.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Secret<String>);

impl AccessToken {
    /// The text itself, for the client it is given to.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

impl AccessKey {
    /// Takes the key into custody.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(Secret::new(key))
    }

    /// Makes a token. The random bytes make two tokens with the same claims and times differ.
    pub fn issue(&self, claims: &Claims, random: [u8; 8]) -> AccessToken {
        let (kind, id) = match claims.subject {
            Subject::Grant(id) => (0, id),
            Subject::App(id) => (1, id),
            Subject::Session(id) => (2, id),
        };
        let mut bytes = Vec::with_capacity(BODY + HASH);
        bytes.extend([VERSION, kind | if claims.narrowed.is_some() { NARROWED } else { 0 }]);
        bytes.extend(id.to_be_bytes());
        bytes.extend(claims.expires_at.as_ms().to_be_bytes());
        bytes.extend(random);
        bytes.extend(
            claims.narrowed.iter().flat_map(|scopes| scopes.iter().collect::<Vec<_>>()).flat_map(|scope| scope.number().to_be_bytes()),
        );
        let hash = blake3::keyed_hash(self.0.expose(), &bytes);
        bytes.extend(hash.as_bytes());
        AccessToken(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Reads the claims of a token; none if this key did not make it. The caller must check whether the token
    /// has expired.
    pub fn read(&self, text: &str) -> Option<Claims> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
        // blake3::Hash compares in constant time.
        if blake3::keyed_hash(self.0.expose(), body) != blake3::Hash::from_bytes(hash.try_into().ok()?) {
            return None;
        }
        let [version, kind, rest @ ..] = body else { return None };
        let (id, rest) = rest.split_first_chunk::<8>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (_, scopes) = rest.split_first_chunk::<8>()?;
        let id = u64::from_be_bytes(*id);
        let subject = match (version, kind & !NARROWED) {
            (&VERSION, 0) => Subject::Grant(id),
            (&VERSION, 1) => Subject::App(id),
            (&VERSION, 2) => Subject::Session(id),
            _ => return None,
        };
        let narrowed = (kind & NARROWED != 0)
            .then(|| ScopeSet::from_numbers(scopes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))));
        Some(Claims { subject, expires_at: Timestamp::from_ms(i64::from_be_bytes(*expires)), narrowed })
    }
}

/// Whether a text has the prefix of an access token. It may still not be one of ours.
pub fn looks_like_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The bit of the kind that says that scopes follow.
const NARROWED: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims(narrowed: Option<ScopeSet>) -> Claims {
        Claims { subject: Subject::Grant(7), expires_at: Timestamp::from_ms(1_790_000_000_000), narrowed }
    }

    #[test]
    fn a_token_says_to_its_own_key_what_it_was_made_with_and_to_no_other() {
        let key = AccessKey::new([1; 32]);
        for narrowed in [None, Some(ScopeSet::EMPTY), Some(ScopeSet::from_names(["oauth", "tickets"]).unwrap())] {
            let token = key.issue(&claims(narrowed), [2; 8]);
            assert_eq!(key.read(token.expose()), Some(claims(narrowed)));
            assert_eq!(AccessKey::new([2; 32]).read(token.expose()), None);
        }
        // The same number is another thing for each subject.
        for subject in [Subject::Grant(7), Subject::App(7), Subject::Session(7)] {
            let said = Claims { subject, ..claims(None) };
            assert_eq!(key.read(key.issue(&said, [2; 8]).expose()), Some(said));
        }
        assert!(!format!("{:?}", key.issue(&claims(None), [2; 8])).contains("kwo_"));
    }

    proptest! {
        #[test]
        fn no_changed_token_is_known_and_no_text_panics(at in 4usize..80, byte in 33u8..127, text in ".{0,120}") {
            let key = AccessKey::new([1; 32]);
            let mut changed = key.issue(&claims(None), [2; 8]).expose().to_owned().into_bytes();
            prop_assume!(at < changed.len() && changed[at] != byte);
            changed[at] = byte;
            prop_assert_eq!(key.read(&String::from_utf8(changed).unwrap()), None);
            prop_assert_eq!(key.read(&text), None);
        }
    }
}
