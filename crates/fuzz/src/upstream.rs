//! Answers of HubSpot, or of a proxy between Keyway and HubSpot.

use keyway_core::links::{Links, may_occur};
use keyway_core::origin::{Answered, Extent, own_word};

/// The first byte chooses the status and the second the size of the pieces in which the body arrives. The
/// rewritten links must not depend on the size of the pieces, and a byte outside a link must not change.
pub fn answer(bytes: &[u8]) {
    let [status, size, body @ ..] = bytes else { return };
    let answered = Answered {
        status: 100 + u16::from(*status) * 2,
        content_type: (size % 3 != 0).then_some("application/json"),
        server: None,
        has_correlation_header: size % 2 == 0,
        body: Extent::Whole(body),
    };
    if let Err(seen) = own_word(&answered, &["hubId"]) {
        let _ = seen.to_string();
    }
    let links = Links::new("https://api.hubapi.com", "http://127.0.0.1:8484").expect("an origin");
    let whole = rewritten(&links, body, body.len().max(1));
    let pieces = rewritten(&links, body, usize::from(*size) + 1);
    assert_eq!(String::from_utf8_lossy(&pieces), String::from_utf8_lossy(&whole), "pieces change the answer");
    if !may_occur(body) {
        assert_eq!(whole, body, "a body without links changed");
    }
}

fn rewritten(links: &Links, body: &[u8], size: usize) -> Vec<u8> {
    let mut rewriter = links.rewriter();
    let mut out: Vec<u8> = body.chunks(size).flat_map(|piece| rewriter.feed(piece).into_owned()).collect();
    out.extend(rewriter.end());
    out
}
