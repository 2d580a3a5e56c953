//! The text forms of HubSpot's keys and tokens (hubspot facts, section 1), and their masks.
//!
//! Each reader returns the length of a value of its form at the start of a text. It does not check the text after the value.

use std::borrow::Cow;

/// A region as HubSpot names its data centres: `na1`, `eu1`. Two letters and one or two digits.
pub fn region(text: &[u8]) -> Option<usize> {
    text.get(..3)?;
    let lettered = text[0].is_ascii_lowercase() && text[1].is_ascii_lowercase() && text[2].is_ascii_digit();
    lettered.then(|| if text.get(3).is_some_and(u8::is_ascii_digit) { 4 } else { 3 })
}

/// A UUID.
pub fn uuid(text: &[u8]) -> Option<usize> {
    groups(text, [8, 4, 4, 4, 12])
}

/// A routed key: a region, then five groups of hex digits, the first shorter than a UUID's.
pub fn routed(text: &[u8]) -> Option<usize> {
    let region = region(text)?;
    (text.get(region) == Some(&b'-')).then_some(())?;
    Some(region + 1 + groups(&text[region + 1..], [4, 4, 4, 4, 12])?)
}

/// A private-app token: `pat-<region>-<uuid>`.
pub fn pat(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"pat-")?;
    let region = region(rest)?;
    (rest.get(region) == Some(&b'-')).then_some(())?;
    Some(4 + region + 1 + uuid(&rest[region + 1..])?)
}

/// Whether the whole text is a UUID.
pub fn is_uuid(text: &str) -> bool {
    uuid(text.as_bytes()) == Some(text.len())
}

/// Whether the whole text has the form of an account-wide key.
pub fn is_account_key(text: &str) -> bool {
    let text = text.as_bytes();
    [uuid(text), routed(text)].contains(&Some(text.len()))
}

/// A part that Keyway may show and store: the region where there is one, and the last four characters.
pub fn hint(text: &str) -> String {
    let tail = text.char_indices().rev().nth(3).map_or(text, |(at, _)| &text[at..]);
    match text.strip_prefix("pat-").and_then(|rest| rest.split('-').next()) {
        Some(region) => format!("pat-{region}-…{tail}"),
        None => format!("…{tail}"),
    }
}

/// A text in which every private-app token is masked, for errors: they go into logs.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("pat-") {
        let (before, token) = rest.split_at(at);
        out.push_str(before);
        match pat(token.as_bytes()) {
            Some(length) => {
                out.push_str(&hint(&token[..length]));
                rest = &token[length..];
            }
            None => {
                out.push_str("pat-");
                rest = &token[4..];
            }
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Groups of hex digits joined by dashes.
fn groups(text: &[u8], lengths: [usize; 5]) -> Option<usize> {
    let mut at = 0;
    for (number, length) in lengths.into_iter().enumerate() {
        if number > 0 {
            (text.get(at) == Some(&b'-')).then_some(())?;
            at += 1;
        }
        text.get(at..at + length)?.iter().all(u8::is_ascii_hexdigit).then_some(())?;
        at += length;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "3f9c2b7e-5a1d-4c86-9e02-b7d41f6a8c53";

    #[test]
    fn each_form_is_read_to_its_end() {
        assert_eq!(uuid(UUID.as_bytes()), Some(36));
        assert_eq!(pat(format!("pat-na1-{UUID} ").as_bytes()), Some(44));
        assert_eq!(pat(format!("pat-xyz-{UUID}").as_bytes()), None);
        assert_eq!(routed(b"eu1-3f9c-2b7e-5a1d-4c86-9e02b7d41f6a"), Some(36));
        assert_eq!(routed(b"na1-2024"), None);
    }

    #[test]
    fn an_account_key_is_a_uuid_or_a_routed_key() {
        let digits = "0123456789abcdef".repeat(2);
        let uuid = format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
        let routed = format!("eu1-{}-{}-{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..16], &digits[16..28]);
        assert!(is_account_key(&uuid) && is_account_key(&routed));
        for key in ["", "demo", &uuid[1..], &format!("{uuid}0"), &format!("pat-na1-{uuid}"), &routed[1..]] {
            assert!(!is_account_key(key), "{key}");
        }
    }

    #[test]
    fn a_hint_shows_the_region_and_four_characters() {
        assert_eq!(hint(&format!("pat-eu1-{UUID}")), "pat-eu1-…8c53");
        assert_eq!(hint(UUID), "…8c53");
        assert_eq!(hint("üü"), "…üü");
    }
}
