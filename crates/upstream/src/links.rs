//! Rewrites the links of HubSpot's answers: those of the headers, and which bodies have any. `core::links` has the rules.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LINK, LOCATION,
};
use http_body_util::Either;
use hyper::body::Body as _;
use keyway_core::links::Links;

use super::call::Relayed;
use super::linked::{Coding, take};

/// Headers that speak of the bytes of a body, and would be untrue of a changed one.
const OF_THE_BYTES: [HeaderName; 4] = [
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// Changes the links of an answer: those of its headers now, those of its body as it comes. `links` makes what they
/// become, if there may be any; none where all stay. `hold` counts an answer that is held whole; without it all
/// answers stream.
pub async fn change_links(reply: Relayed, links: impl Fn() -> Option<Links>, hold: Option<impl FnOnce(Bytes) -> Bytes>) -> Relayed {
    let mut reply = reply;
    change_headers(&mut reply.headers, &links);
    let Either::Left(body) = reply.body else { return reply };
    let coding = if body.is_end_stream() || reply.status == 206 { None } else { coding(&reply.headers) };
    let Some(coding) = coding else { return Relayed { body: Either::Left(body), ..reply } };
    let (linked, changed) = take(body, &links, coding, hold).await;
    if changed {
        for name in OF_THE_BYTES {
            reply.headers.remove(name);
        }
        reply.headers.remove(CONTENT_LENGTH);
    }
    Relayed { body: Either::Right(linked), ..reply }
}

fn change_headers(headers: &mut HeaderMap, links: &impl Fn() -> Option<Links>) {
    for (name, value) in headers.iter_mut() {
        let is_list = *name == LINK;
        if !is_list && *name != LOCATION && *name != CONTENT_LOCATION {
            continue;
        }
        let (Ok(text), Some(links)) = (value.to_str(), links()) else { continue };
        let changed = if is_list { links.link_header(text) } else { links.url(text) };
        if let Some(changed) = changed.and_then(|text| HeaderValue::from_str(&text).ok()) {
            *value = changed;
        }
    }
}

/// The coding of a body that may have links. None if it is not JSON, is a part of a body, or has a coding that
/// Keyway did not ask for.
fn coding(headers: &HeaderMap) -> Option<Coding> {
    const JSON: &[u8] = b"application/json";
    let essence = headers.get(CONTENT_TYPE)?.as_bytes().split(|byte| *byte == b';').next()?.trim_ascii();
    let is_other_json = || {
        let essence = essence.to_ascii_lowercase();
        essence.starts_with(b"application/") && essence.ends_with(b"+json")
    };
    let is_json = essence.eq_ignore_ascii_case(JSON) || is_other_json();
    if !is_json || headers.contains_key(CONTENT_RANGE) {
        return None;
    }
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Some(Coding::Plain),
        (Some(one), None) => match one.to_str().ok()?.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Coding::Plain),
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            _ => None,
        },
        _ => None,
    }
}
