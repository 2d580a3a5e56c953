//! Learns from an answer which CRM records a call touched: a new record has its id from HubSpot.
//!
//! No answer leaves before its record is durable, and the record names what was made; so of the few
//! calls whose answer alone says it, the beginning is taken in first, within limits of bytes and of
//! time. An answer that is larger or slower goes on as it comes, and its record says that record ids
//! may be missing.

use std::io::Read;
use std::time::Duration;

use http::header::CONTENT_ENCODING;
use http_body_util::Either;
use keyway_core::touched::Touched;

use crate::backend::Reply;
use crate::upstream::Relayed;

/// Bytes of an answer that are taken in, compressed or not. A batch of a hundred new records with forty
/// properties each is about as large.
const ANSWER_BYTES_MAX: usize = 512 << 10;
/// Bytes of a compressed answer once it is not; what is beyond is not looked at.
const INFLATED_BYTES_MAX: u64 = 4 << 20;
/// How long the beginning of an answer is waited for, after its head has come.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// Reads an answer of success, if it names records that nothing before it does.
pub(super) async fn learn(touched: &mut Touched, reply: &mut Reply) {
    if !touched.awaits_answer() || !(200..300).contains(&reply.status()) {
        return;
    }
    match reply {
        Reply::Whole(reply) => touched.answer(&reply.body, true),
        Reply::Relayed(reply) => {
            // Its links are changed afterwards: what is read here is what HubSpot said.
            let Either::Left(body) = &mut reply.body else { return touched.answer(&[], false) };
            let (bytes, whole) = body.look_ahead(ANSWER_BYTES_MAX, ANSWER_TIME_MAX).await;
            match encoding(reply) {
                Encoding::None => touched.answer(&bytes, whole),
                Encoding::Gzip => {
                    let (bytes, inflated) = inflated(&bytes);
                    touched.answer(&bytes, whole && inflated);
                }
                Encoding::Other => touched.answer(&[], false),
            }
        }
    }
}

pub(super) enum Encoding {
    None,
    Gzip,
    /// One that can't be read here.
    Other,
}

pub(super) fn encoding(reply: &Relayed) -> Encoding {
    match reply.headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"" | b"identity") => Encoding::None,
        Some(b"gzip" | b"x-gzip") => Encoding::Gzip,
        Some(_) => Encoding::Other,
    }
}

/// What gzip holds, as far as it can be read, and whether that is all of it.
pub(super) fn inflated(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(INFLATED_BYTES_MAX).read_to_end(&mut text);
    let whole = read.is_ok() && (text.len() as u64) < INFLATED_BYTES_MAX;
    (text, whole)
}

/// Settles what is still open once the status is known. A call that was refused changed nothing; of one
/// that HubSpot was sent and has not answered, nobody knows.
pub(super) fn settle(touched: &mut Touched, status: u16, attempts: u32) {
    if status >= 400 && (status < 500 || attempts == 0) {
        touched.refused();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_read_as_far_as_it_came_and_no_further_than_its_limit() {
        let text = br#"{"id":"12"}"#;
        assert_eq!(inflated(&gzip(text)), (text.to_vec(), true));
        let cut = gzip(text);
        assert!(!inflated(&cut[..cut.len() - 9]).1);
        let (bomb, whole) = inflated(&gzip(&vec![b' '; 64 << 20]));
        assert_eq!((bomb.len() as u64, whole), (INFLATED_BYTES_MAX, false));
        assert_eq!(inflated(b"not gzip"), (Vec::new(), false));
    }
}
