//! Reads the beginning of an answer to decide whether HubSpot itself wrote it (`core::origin`). The client
//! still gets the whole answer.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::Either;
use keyway_core::origin::{Answered, Extent, Seen, own_word};
use serde_json::Value;

use super::call::Relayed;
use super::gzip;

/// Most that is read of an error, and that it may decode to, in bytes. HubSpot's errors are a few KiB.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// Longest wait for the beginning of an error. After it, Keyway returns the answer without a decision.
const TIME_MAX: Duration = Duration::from_secs(5);

impl Relayed {
    /// Reads at most `most` bytes of an answer as HubSpot's JSON. The client still gets the whole body.
    ///
    /// # Errors
    /// HubSpot did not write the answer; the error has what was seen of it.
    pub(super) async fn word(&mut self, most: usize, documented: &[&str]) -> Result<Value, Seen> {
        let (bytes, whole, broke) = match &mut self.body {
            Either::Left(body) => {
                let (bytes, whole) = body.look_ahead(most + 1, TIME_MAX).await;
                (bytes, whole, body.broke())
            }
            // Its links are changed after it was judged.
            Either::Right(_) => (Bytes::new(), false, false),
        };
        let decoded = decoded(&self.headers, &bytes, most);
        let body = match decoded.as_deref() {
            _ if broke => Extent::Cut(&bytes),
            Some(bytes) if whole => Extent::Whole(bytes),
            _ => Extent::Unread(&bytes),
        };
        own_word(&answered(self.status, &self.headers, self.server.as_deref(), body), documented)
    }

    /// HubSpot's word in an error.
    ///
    /// # Errors
    /// It is not HubSpot's; what is seen of it.
    pub async fn error_word(&mut self) -> Result<Value, Seen> {
        self.word(ERROR_BYTES_MAX, &[]).await
    }
}

/// The head and the body of an answer, for `core::origin`.
pub(super) fn answered<'a>(status: u16, headers: &'a HeaderMap, server: Option<&'a str>, body: Extent<'a>) -> Answered<'a> {
    Answered {
        status,
        content_type: headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default()),
        server,
        has_correlation_header: headers.contains_key("x-hubspot-correlation-id"),
        body,
    }
}

/// A body without its encoding; none where Keyway does not decode it, or it decodes to more than `most`.
fn decoded(headers: &HeaderMap, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let encoding = headers.get(CONTENT_ENCODING).map_or(Ok("identity"), |value| value.to_str());
    match encoding.ok()?.trim().to_ascii_lowercase().as_str() {
        "identity" | "" => Some(bytes.to_vec()),
        "gzip" | "x-gzip" => gzip::unpack(bytes, most).ok(),
        _ => None,
    }
}
