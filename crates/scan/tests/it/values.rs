//! Credentials that are made at run time, so that no scanner stops at these files.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyway_core::token::PlainToken;

/// Bytes that look random and are the same in every run.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A UUID.
pub fn uuid(seed: u64) -> String {
    let digits = hex(&bytes(seed, 16));
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

/// A routed key of a region.
pub fn routed(seed: u64, region: &str) -> String {
    let digits = hex(&bytes(seed, 14));
    format!("{region}-{}-{}-{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..16], &digits[16..])
}

/// A private-app token.
pub fn pat(seed: u64) -> String {
    format!("pat-na1-{}", uuid(seed))
}

/// A token of a Keyway.
pub fn keyway(seed: u64) -> String {
    PlainToken::generate("eu1", bytes(seed, 16).try_into().expect("sixteen bytes")).expose().to_owned()
}

/// An OAuth access token: the time it ends, then bytes.
pub fn access(seed: u64) -> String {
    let mut inside = vec![0x08, 0xd4, 0x8f, 0xe6, 0xa7, 0xf5, 0x2a, 0x12, 0x07];
    inside.extend(bytes(seed, 60));
    URL_SAFE_NO_PAD.encode(inside)
}

/// As long and mixed as an access token, with another inside.
pub fn loose_access(seed: u64) -> String {
    let mut inside = vec![0x08, 0x01];
    inside.extend(bytes(seed, 64));
    format!("CK{}", &URL_SAFE_NO_PAD.encode(inside)[2..])
}

/// A personal access key: a routed key, then bytes.
pub fn personal_access_key(seed: u64) -> String {
    let mut inside = vec![0x0a, 0x24];
    inside.extend(routed(seed, "na1").bytes());
    inside.extend(bytes(seed + 1, 42));
    STANDARD.encode(inside)
}

/// Fills in the values that rules and tests write as `{uuid}` and the like.
pub fn fill(text: &str) -> String {
    text.replace("{uuid}", &uuid(1))
        .replace("{routed}", &routed(2, "na2"))
        .replace("{pat}", &pat(3))
        .replace("{access}", &access(4))
        .replace("{loose_access}", &loose_access(7))
        .replace("{pak}", &personal_access_key(5))
        .replace("{keyway}", &keyway(6))
        .replace("{uuid_placeholder}", "12345678-1234-1234-1234-123456789012")
}
