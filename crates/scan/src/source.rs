//! Where texts come from. All IO of a scan is under here.

pub mod archive;
pub mod git;
pub mod tree;
pub mod windows;

use serde::Serialize;

/// Something that was not looked through, and why. A scan names what it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skip {
    /// As in reports.
    pub path: String,
    /// Why, for a person.
    pub reason: String,
}

/// Bytes at the start of a file that are looked at to tell text from other things.
const SNIFF_BYTES: usize = 8 << 10;

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// Text in an encoding that ASCII is a part of.
    Text,
    /// UTF-16 with a byte order mark.
    Utf16,
    /// Zip: archives, `.jar`, `.whl`, `.xlsx`.
    Zip,
    /// gzip, perhaps around a tar.
    Gzip,
    /// tar.
    Tar,
    /// A zero byte, as no text has.
    Binary,
}

/// Tells text from other things by the first bytes.
pub fn sniff(start: &[u8]) -> Sniffed {
    let start = &start[..start.len().min(SNIFF_BYTES)];
    if start.starts_with(b"PK\x03\x04") {
        Sniffed::Zip
    } else if start.starts_with(b"\x1f\x8b\x08") {
        Sniffed::Gzip
    } else if start.get(257..262) == Some(b"ustar") {
        Sniffed::Tar
    } else if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        Sniffed::Utf16
    } else if memchr::memchr(0, start).is_some() {
        Sniffed::Binary
    } else {
        Sniffed::Text
    }
}

/// UTF-16 with a byte order mark, as UTF-8.
pub fn from_utf16(bytes: &[u8]) -> Vec<u8> {
    let little = bytes.starts_with(b"\xff\xfe");
    let units = bytes[2..].chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
}
