//! The shapes of values: the forms of `core::credential`, and those inside of base64 (hubspot facts, section 1).
//!
//! Each reader takes the text and returns the length of a credential of its shape at the start. None of them reads the
//! surroundings: a bare UUID is a shape, but not yet a credential.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use keyway_core::credential::region;
pub use keyway_core::credential::{pat, routed, uuid};

/// Base64 as found in real files: with or without padding, and with trailing bits ignored.
pub const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// Base64 with `-` and `_`.
const LENIENT_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// The shape of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `8-4-4-4-12` hex digits.
    Uuid,
    /// A region, then `4-4-4-4-12` hex digits.
    Routed,
    /// `pat-<region>-<uuid>`.
    Pat,
    /// A personal access key: base64 of a protobuf message that starts with a region.
    PersonalAccessKey,
    /// An OAuth access token: base64url of a protobuf message that starts with a time in milliseconds.
    OauthAccess,
    /// As [`Shape::OauthAccess`], by the first letters and the length only.
    OauthAccessLoose,
}

/// The length of a personal access key at the start of `text`: field 1 has 36 bytes, which begin with a region.
pub fn personal_access_key(text: &[u8]) -> Option<usize> {
    text.starts_with(b"CiR").then_some(())?;
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')).count();
    let body = trim_padding(&text[..length]);
    ((80..=200).contains(&body.len())).then_some(())?;
    let start = decode_any(&body[..12])?;
    (start[0] == 0x0a && start[1] == 0x24 && region(&start[2..]).is_some()).then_some(length)
}

/// The length of an OAuth access token at the start of `text`, and its shape: whether its content decodes as one.
pub fn oauth_access(text: &[u8]) -> Option<(usize, Shape)> {
    (text.first() == Some(&b'C') && text.get(1).is_some_and(|byte| (b'I'..=b'P').contains(byte))).then_some(())?;
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    ((60..=600).contains(&length)).then_some(())?;
    // Field 1 is a varint of six bytes (milliseconds since 1970), field 2 is bytes: 08 xx xx xx xx xx 2A..3F 12 len.
    let inside = decode_any(&text[..12]).is_some_and(|bytes| {
        bytes[0] == 0x08 && bytes[1..6].iter().all(|byte| *byte >= 0x80) && (0x28..0x40).contains(&bytes[6]) && bytes[7] == 0x12
    });
    if inside {
        return Some((length, Shape::OauthAccess));
    }
    // Words and runs of hex digits may share the first letters. A token has both cases and digits throughout.
    let head = &text[..60];
    let varied = head.iter().any(u8::is_ascii_lowercase)
        && head.iter().filter(|byte| byte.is_ascii_uppercase()).count() >= 8
        && head.iter().filter(|byte| byte.is_ascii_digit()).count() >= 3;
    varied.then_some((length, Shape::OauthAccessLoose))
}

fn trim_padding(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    &text[..end]
}

/// Decodes either alphabet of base64.
pub fn decode_any(text: &[u8]) -> Option<Vec<u8>> {
    let text = trim_padding(text);
    if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { LENIENT_URL.decode(text).ok() } else { LENIENT.decode(text).ok() }
}

/// Why a value can't be a real credential, where it is one of the usual placeholders.
pub fn placeholder(value: &str) -> Option<&'static str> {
    let digits: Vec<u8> = hex_tail(value);
    if digits.is_empty() {
        return None;
    }
    let mut seen = [false; 256];
    digits.iter().for_each(|digit| seen[usize::from(*digit)] = true);
    // 32 random hex digits have 14 different ones on average; seven or fewer occur once in ten million.
    if seen.iter().filter(|seen| **seen).count() <= if digits.len() < 32 { 6 } else { 7 } {
        return Some("too few different digits to be random");
    }
    let value_of = |digit: u8| i16::from(char::from(digit).to_digit(16).unwrap_or_default() as u8);
    // One in five random digits is equal to the one before, or next to it in value.
    let runs = digits.windows(2).filter(|pair| (value_of(pair[1]) - value_of(pair[0])).abs() <= 1).count();
    if runs * 10 >= (digits.len() - 1) * 6 {
        return Some("the digits repeat or count up or down");
    }
    let mut quads: Vec<&[u8]> = digits.chunks_exact(4).collect();
    let all = quads.len();
    quads.sort_unstable();
    quads.dedup();
    if quads.len() * 2 <= all {
        return Some("the same digits again and again");
    }
    None
}

/// The hex digits of a UUID-like value, lower case, without its prefix.
fn hex_tail(value: &str) -> Vec<u8> {
    let value = value.strip_prefix("pat-").unwrap_or(value);
    let tail = match region(value.as_bytes()) {
        Some(region) if value.as_bytes().get(region) == Some(&b'-') => &value[region + 1..],
        _ => value,
    };
    let hex = tail.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if hex { tail.bytes().filter(|byte| *byte != b'-').map(|byte| byte.to_ascii_lowercase()).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "3f9c2b7e-5a1d-4c86-9e02-b7d41f6a8c53";

    #[test]
    fn a_personal_access_key_is_known_by_what_it_decodes_to() {
        let mut inside = vec![0x0a, 0x24];
        inside.extend(b"na1-3f9c-2b7e-5a1d-4c86-9e02b7d41f6a");
        inside.extend((0..42u8).map(|number| number.wrapping_mul(37)));
        let key = LENIENT.encode(inside);
        assert_eq!(personal_access_key(key.as_bytes()), Some(key.len()));
        let other = format!("CiR{}", "QUJD".repeat(30));
        assert_eq!(personal_access_key(other.as_bytes()), None);
    }

    #[test]
    fn an_access_token_is_known_by_what_it_decodes_to() {
        let mut inside = vec![0x08, 0xd4, 0x8f, 0xe6, 0xa7, 0xf5, 0x2a, 0x12, 0x07];
        inside.extend((0..50u8).map(|number| number.wrapping_mul(91)));
        let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(inside);
        assert_eq!(oauth_access(token.as_bytes()), Some((token.len(), Shape::OauthAccess)));
        assert_eq!(oauth_access(&[b"CLASSNAMES".as_slice(), &[b'a'; 70]].concat()), None);
    }

    #[test]
    fn what_people_write_in_place_of_a_key_is_told_from_one() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "12345678-1234-1234-1234-123456789012",
            "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "01234567-89ab-cdef-0123-456789abcdef",
            "12345678-aaaa-bbbb-cccc-ddddeeeeffff",
            "pat-na1-11111111-2222-3333-4444-555555555555",
            "na1-aaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        assert_eq!(placeholder(UUID), None);
        assert_eq!(placeholder("eu1-3f9c-2b7e-5a1d-4c86-9e02b7d41f6a"), None);
    }
}
