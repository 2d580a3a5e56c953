//! Codes of an authenticator app (RFC 6238): HMAC-SHA-1, six digits, steps of thirty seconds, which
//! is what every such app takes.
//!
//! Decides only; keys and the last step that was used are kept by `store::second_factor`.

use ring::hmac;

/// Seconds of a step.
const STEP_S: i64 = 30;
/// Steps before and after the present one that are taken: clocks differ (RFC 6238, section 5.2).
const DRIFT: i64 = 1;
/// Bytes of a key: as long as the hash's (RFC 4226, section 4, R6).
pub(crate) const KEY_BYTES: usize = 20;

/// The step of a code that is right at a moment and was not used before; `last` is the last step used.
pub(crate) fn check(key: &[u8], code: &str, now_ms: i64, last: i64) -> Option<i64> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let present = now_ms / 1_000 / STEP_S;
    // A code that was seen on its way is of no use to who saw it (RFC 6238, section 5.2).
    (present - DRIFT..=present + DRIFT).find(|step| *step > last && code_at(key, *step) == code)
}

/// The code of a step (RFC 4226, section 5.3).
fn code_at(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes[bytes.len() - 1] & 0x0f);
    let mut part = [0; 4];
    part.copy_from_slice(&bytes[offset..offset + 4]);
    format!("{:06}", (u32::from_be_bytes(part) & 0x7fff_ffff) % 1_000_000)
}

/// The code of a moment, for tests.
#[cfg(test)]
pub(crate) fn now(key: &[u8], at: keyway_core::time::Timestamp) -> String {
    code_at(key, at.as_ms() / 1_000 / STEP_S)
}

/// A key as authenticator apps take it: base32 (RFC 4648, section 6) without padding.
pub(crate) fn written(key: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = key.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let letter = |bits: &[u8]| {
        let value = bits.iter().fold(0_u8, |value, bit| value << 1 | bit) << (5 - bits.len());
        char::from(LETTERS[usize::from(value)])
    };
    bits.chunks(5).map(letter).collect()
}

/// Reads what [`written`] wrote.
pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::with_capacity(text.len() * 5);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits.extend((0..5).rev().map(|bit| value >> bit & 1));
    }
    Some(bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect())
}

/// What an authenticator app reads: the key, and whose it is.
pub(crate) fn uri(key: &[u8], email: &str) -> String {
    let mut label = String::new();
    keyway_core::path::encode_component(email, &mut label);
    format!("otpauth://totp/Keyway:{label}?secret={}&issuer=Keyway", written(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, of which six digits are the last six of eight.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(KEY, second / STEP_S), code, "{second}");
            assert_eq!(check(KEY, code, second * 1_000, 0), Some(second / STEP_S));
        }
    }

    #[test]
    fn a_code_is_taken_once_and_near_its_step_alone() {
        let at = |second: i64| second * 1_000;
        assert_eq!(check(KEY, "287082", at(59), 1), None, "used before");
        assert_eq!(check(KEY, "287 082", at(59 + 30), 0), Some(1), "a step late");
        assert_eq!(check(KEY, "287082", at(59 - 30), 0), Some(1), "a step early");
        assert_eq!(check(KEY, "287082", at(59 + 61), 0), None, "two steps late");
        for wrong in ["287083", "28708", "2870822", "", "28708x", "２８７０８２"] {
            assert_eq!(check(KEY, wrong, at(59), 0), None, "{wrong}");
        }
    }

    #[test]
    fn keys_are_written_in_base32() {
        assert_eq!(written(KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(read(&written(KEY)).as_deref(), Some(KEY));
        assert_eq!(written(b"f"), "MY");
        assert_eq!(read("0"), None);
        assert_eq!(uri(b"f", "a b@example.com"), "otpauth://totp/Keyway:a%20b%40example.com?secret=MY&issuer=Keyway");
    }
}
