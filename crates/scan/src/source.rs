//! Reads texts from their sources. All IO of a scan is below this module.

pub mod archive;
pub mod git;
pub mod tree;
pub mod windows;

use serde::Serialize;

/// A file that the scan skipped, and the reason. A scan names everything that it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skip {
    /// The path that reports show.
    pub path: String,
    /// The reason, for people.
    pub reason: String,
}

/// Bytes at the start of a file that decide whether it is text.
const SNIFF_BYTES: usize = 8 << 10;

/// The type of a file by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// Text in an encoding that includes ASCII.
    Text,
    /// UTF-16 with a byte order mark.
    Utf16,
    /// Zip: archives, `.jar`, `.whl`, `.xlsx`.
    Zip,
    /// gzip, perhaps around a tar.
    Gzip,
    /// tar.
    Tar,
    /// A zero byte, which no text has.
    Binary,
}

/// Determines the type of a file by its first bytes.
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

/// Converts UTF-16 with a byte order mark to UTF-8.
pub fn from_utf16(bytes: &[u8]) -> Vec<u8> {
    let little = bytes.starts_with(b"\xff\xfe");
    let units = bytes[2..].chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
}
