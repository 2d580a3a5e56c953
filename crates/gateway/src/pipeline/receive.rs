//! Takes in a request's body, bounded in bytes and in time.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Body;
use keyway_core::catalog::{self, Operation};
use keyway_core::error_body::ErrorBody;

use super::Call;
use crate::arriving::Arriving;
use crate::upstream::{Paced, RequestBody};

/// Largest body taken. A batch of a hundred records with long texts stays below it.
const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Largest file that an embedded account takes.
const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Largest body of a request for a token: some identifiers.
const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a question about a token, which anybody may ask.
const INTROSPECTION_BYTES_MAX: usize = 4 * 1024;
/// How long a client may take to send its body.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// A body that was taken in.
pub(super) struct Taken {
    /// What goes on.
    pub body: RequestBody,
    /// All of it, where it is JSON; nothing where there is none, or something else.
    pub json: Bytes,
    /// Whether it goes on as it comes, unread.
    pub is_stream: bool,
}

/// The body of a call. JSON is read whole, so that it can be sent again where that is safe; what
/// HubSpot takes besides (file uploads) goes through as it comes, where there is a HubSpot.
pub(super) async fn body(head: &Parts, body: Arriving, call: &mut Call, connected: bool) -> Result<Taken, ErrorBody> {
    check_coding(head)?;
    if connected && !body.is_end_stream() && check_type(head).is_err() {
        call.bytes_in = body.size_hint().exact().unwrap_or(0);
        if let Some(touched) = &mut call.touched {
            touched.body_unread();
        }
        return Ok(Taken { body: Either::Right(Paced::new(body)), json: Bytes::new(), is_stream: true });
    }
    let file = call.operation.is_some_and(takes_file) && !body.is_end_stream() && check_type(head).is_err();
    let bytes = if file { whole_body(head, body, call, FILE_BYTES_MAX).await? } else { json_body(head, body, call).await? };
    if let Some(touched) = &mut call.touched {
        touched.body(&bytes);
    }
    let json = if file { Bytes::new() } else { bytes.clone() };
    Ok(Taken { body: Either::Left(Full::new(bytes)), json, is_stream: false })
}

/// An upload: a new file, new bytes of one, or the files of an import.
fn takes_file(operation: &Operation) -> bool {
    let is_write = matches!(operation.method, catalog::Method::Post | catalog::Method::Put);
    let mut segments = operation.template.rsplit('/');
    let (last, before) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let is_import = operation.api == "CRM/Imports" && (last == "imports" || before == "imports");
    is_write && (is_import || (operation.template.starts_with("/files/") && matches!(last, "files" | "{fileId}")))
}

/// The body of a request, which must be JSON where there is one.
pub(super) async fn json_body(head: &Parts, body: Arriving, call: &mut Call) -> Result<Bytes, ErrorBody> {
    let bytes = whole_body(head, body, call, BODY_BYTES_MAX).await?;
    if !bytes.is_empty() {
        check_type(head)?;
    }
    Ok(bytes)
}

/// The body of a question about a token, asked by whoever holds it: one token.
pub(super) async fn introspection_body(head: &Parts, body: Arriving, call: &mut Call) -> Result<Bytes, ErrorBody> {
    let bytes = whole_body(head, body, call, INTROSPECTION_BYTES_MAX).await?;
    check_type(head)?;
    Ok(bytes)
}

/// The body of a request for a token, of whatever type.
pub(super) async fn small_body(head: &Parts, body: Arriving, call: &mut Call) -> Result<Bytes, ErrorBody> {
    whole_body(head, body, call, SMALL_BODY_BYTES_MAX).await
}

async fn whole_body(head: &Parts, body: Arriving, call: &mut Call, most: usize) -> Result<Bytes, ErrorBody> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    check_length(head, most)?;
    let collected = tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, most).collect()).await;
    let bytes = match collected {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large(most)),
        Ok(Err(_)) => return Err(ErrorBody::validation("the request's body could not be read")),
        Err(_) => return Err(ErrorBody::new(408, "VALIDATION_ERROR", "the request's body did not arrive in time")),
    };
    call.bytes_in = bytes.len() as u64;
    if let Some(taken) = &mut call.taken {
        taken.body = bytes.clone();
    }
    Ok(bytes)
}

/// Refused before a byte is read, where the client says how long it will be.
fn check_length(head: &Parts, most: usize) -> Result<(), ErrorBody> {
    let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) { Err(too_large(most)) } else { Ok(()) }
}

fn too_large(most: usize) -> ErrorBody {
    ErrorBody::new(413, "VALIDATION_ERROR", format!("the request's body is larger than {most} bytes"))
}

/// A body that is packed would go on as if it were not, since the header that says so stays here. Bodies in
/// chunks say so once (RFC 9112, section 6.1): whoever reads other codings differently sees another request.
fn check_coding(head: &Parts) -> Result<(), ErrorBody> {
    if let Some(coding) = head.headers.get(CONTENT_ENCODING).filter(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let coding = shown(coding.to_str().unwrap_or("an unknown coding"));
        return Err(ErrorBody::new(415, "VALIDATION_ERROR", format!("the body must be sent without a Content-Encoding, not in {coding}")));
    }
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if chunked && codings.next().is_none() {
        Ok(())
    } else {
        Err(ErrorBody::validation("the only Transfer-Encoding is chunked, and it is said once"))
    }
}

fn check_type(head: &Parts) -> Result<(), ErrorBody> {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let json = essence.eq_ignore_ascii_case("application/json")
        || (essence.to_ascii_lowercase().starts_with("application/") && essence.to_ascii_lowercase().ends_with("+json"));
    if json {
        Ok(())
    } else {
        Err(ErrorBody::new(415, "VALIDATION_ERROR", format!("the body must be application/json, not {}", shown(essence))))
    }
}

/// A header's text, cut, for a message.
fn shown(text: &str) -> String {
    if text.is_empty() { "without a content type".to_owned() } else { text.chars().take(60).collect() }
}
