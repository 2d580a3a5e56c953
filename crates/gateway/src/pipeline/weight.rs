//! What a JSON body takes in memory once it is parsed, estimated from its bytes.
//!
//! `[],[],…` takes sixteen times its bytes as values, and `{"":0},…` a hundred times. So the parts are
//! counted before anything is parsed.

use memchr::memchr2;

/// Bodies shorter than this are not looked at: at most 1.5 MB once parsed.
const FREE_BYTES: usize = 16 << 10;
/// Bytes that a parsed body may take. Ten times what a hundred records with five hundred properties take.
const BYTES_MAX: usize = 64 << 20;

/// Bytes of an object: its map, and the table of its names.
const OBJECT: usize = 512;
/// Bytes of a list, whose first allocation is for four values.
const LIST: usize = 320;
/// Bytes of one member or item, with what a growing list sets aside.
const ITEM: usize = 144;

/// Whether a body takes more memory than a parsed body may.
pub(super) fn is_too_heavy(body: &[u8]) -> bool {
    body.len() > FREE_BYTES && of(body) > BYTES_MAX
}

/// An upper estimate in bytes, the texts left out, which are no longer than the body.
fn of(body: &[u8]) -> usize {
    let (mut weight, mut at) = (0_usize, 0);
    while let Some(byte) = body.get(at) {
        at += 1;
        weight += match byte {
            b'{' => OBJECT,
            b'[' => LIST,
            b',' => ITEM,
            b'"' => {
                at = end_of_text(body, at);
                0
            }
            _ => 0,
        };
    }
    weight
}

/// Where a text that begins here has ended, its last quotation mark included.
fn end_of_text(body: &[u8], mut at: usize) -> usize {
    while let Some(found) = body.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if body[at] == b'"' {
            return at + 1;
        }
        // What is escaped is one byte, or more that are not quotation marks.
        at += 2;
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of this machine's size: `Value` is at most 80 bytes, `(String, Value)` with its hash 112.
    #[test]
    fn the_estimate_is_not_below_what_values_take() {
        use serde_json::Value;
        assert!(ITEM >= 2 * size_of::<Value>().max(1) - 16, "{}", size_of::<Value>());
        assert!(LIST >= 4 * size_of::<Value>());
        assert!(OBJECT >= 4 * (size_of::<Value>() + size_of::<String>() + 8) + 64);
    }

    #[test]
    fn bodies_that_swell_are_too_heavy_and_full_batches_are_not() {
        for piece in ["[],", "{},", "{\"\":0},", "0,", "[[[]]],", "\"\","] {
            let body = format!("[{}0]", piece.repeat((5 << 20) / piece.len()));
            assert!(is_too_heavy(body.as_bytes()), "{piece}");
        }
        let record =
            format!("{{\"properties\":{{{}}}}}", (0..500).map(|n| format!("\"property_{n}\":\"a text\"")).collect::<Vec<_>>().join(","));
        let batch = format!("{{\"inputs\":[{}]}}", vec![record; 100].join(","));
        assert!(batch.len() < 5 << 20);
        assert!(!is_too_heavy(batch.as_bytes()));
        let members = format!("[{}]", (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
        assert!(!is_too_heavy(members.as_bytes()));
    }

    #[test]
    fn what_stands_in_a_text_does_not_count() {
        let body = format!(r#"{{"a":"{}\\","b":"\"[[[{{{{,,"}}"#, "[],".repeat(1_000_000));
        assert_eq!(of(body.as_bytes()), OBJECT + ITEM);
        assert_eq!(of(b"\"never ends [["), 0);
        assert_eq!(of(b"\"ends in a backslash\\"), 0);
    }
}
