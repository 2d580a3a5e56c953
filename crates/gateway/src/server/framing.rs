//! The framing of requests, read strictly before the parser of HTTP reads it.
//!
//! The parser takes what a proxy before Keyway may read in another way: a `Content-Length` beside a
//! `Transfer-Encoding`, codings before `chunked`, lines that end in a line feed alone. Two readings of one
//! connection are how a request is smuggled past whoever checks it (RFC 9112, section 11.2), so all of that
//! is refused. In a head, a byte that no request may hold replaces what must not be forwarded, and the parser
//! refuses it. In a body, the parser gets an error, because it takes such a byte in a trailer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a line that are kept where it comes in several pieces; no header that says how long a body is
/// needs more.
const LINE_BYTES_KEPT: usize = 128;
/// No line of a request may hold it.
const FORBIDDEN: u8 = 0;

/// A connection whose requests are framed in one way only.
pub(crate) struct Framed<S> {
    stream: S,
    framing: Framing,
    is_between: Arc<AtomicBool>,
}

impl<S> Framed<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, framing: Framing::default(), is_between: Arc::new(AtomicBool::new(true)) }
    }

    /// Whether what was read so far ends with a request, its body included.
    pub(super) fn is_between(&self) -> Arc<AtomicBool> {
        self.is_between.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = into.filled().len();
        let broken = || Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        if this.framing.is_broken() {
            return broken();
        }
        ready!(Pin::new(&mut this.stream).poll_read(cx, into))?;
        if let Some(place) = this.framing.refuse(&into.filled()[before..]) {
            let end = before + place;
            into.set_filled(end);
            if !this.framing.is_broken() {
                into.put_slice(&[FORBIDDEN]);
            } else if place == 0 {
                return broken();
            }
        }
        this.is_between.store(this.framing.is_between(), Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Where in the bytes of a connection its reader is.
#[derive(Debug, Default)]
struct Framing {
    place: Place,
    /// The beginning of a line that did not come whole.
    line: Vec<u8>,
    /// The last byte of that line so far, and whether more came than is kept.
    last: Option<u8>,
    is_cut: bool,
    /// What the head says so far.
    length: Option<u64>,
    is_chunked: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// Before a request line.
    #[default]
    Between,
    /// In a head, after the request line.
    Head,
    /// In a body of a known length, with this many bytes left.
    Body(u64),
    /// Before the length of a chunk.
    ChunkLength,
    /// In a chunk, with this many bytes left, those of its end included.
    Chunk(u64),
    /// After the last chunk.
    Trailers,
    /// In a head that is not taken. What comes is not forwarded.
    Refused,
    /// In a body that is not taken.
    Broken,
}

/// A line in one piece, or as much of it as is kept.
#[derive(Clone, Copy)]
struct Line<'a> {
    start: &'a [u8],
    is_cut: bool,
}

impl Framing {
    fn is_between(&self) -> bool {
        matches!(self.place, Place::Between) && self.last.is_none()
    }

    fn is_broken(&self) -> bool {
        matches!(self.place, Place::Broken)
    }

    /// Reads on. Where the bytes are framed in a way that is not taken, the place of the first byte that
    /// must not be forwarded.
    fn refuse(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.place {
                Place::Body(left) => {
                    let (used, left) = used(left, rest);
                    at += used;
                    self.place = if left == 0 { Place::Between } else { Place::Body(left) };
                }
                Place::Chunk(left) => {
                    let (used, left) = used(left, rest);
                    at += used;
                    self.place = if left == 0 { Place::ChunkLength } else { Place::Chunk(left) };
                }
                Place::Refused | Place::Broken => return Some(at),
                Place::Between | Place::Head | Place::ChunkLength | Place::Trailers => {
                    let Some(end) = memchr(b'\n', rest) else {
                        self.keep(rest);
                        return None;
                    };
                    at += end + 1;
                    if self.line(&rest[..end]).is_none() {
                        let is_head = matches!(self.place, Place::Between | Place::Head);
                        self.place = if is_head { Place::Refused } else { Place::Broken };
                        return Some(at - 1);
                    }
                }
            }
        }
        None
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_KEPT - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.is_cut |= bytes.len() > room;
        self.last = bytes.last().copied().or(self.last);
    }

    /// Takes the rest of a line, without its line feed.
    fn line(&mut self, rest: &[u8]) -> Option<()> {
        if self.last.is_none() {
            let start = rest.strip_suffix(b"\r")?;
            return self.whole_line(Line { start, is_cut: false });
        }
        self.keep(rest);
        let (mut line, is_cut) = (std::mem::take(&mut self.line), std::mem::take(&mut self.is_cut));
        if self.last.take() != Some(b'\r') {
            return None;
        }
        let start = if is_cut { line.as_slice() } else { line.strip_suffix(b"\r")? };
        let taken = self.whole_line(Line { start, is_cut });
        line.clear();
        self.line = line;
        taken
    }

    /// Takes a line, without its end. None where it is refused.
    fn whole_line(&mut self, line: Line<'_>) -> Option<()> {
        let is_empty = line.start.is_empty();
        match self.place {
            // RFC 9112, section 2.2: an empty line before a request line is ignored.
            Place::Between if is_empty => {}
            Place::Between => (self.place, self.length, self.is_chunked) = (Place::Head, None, false),
            Place::Head if is_empty => {
                self.place = match (self.is_chunked, self.length) {
                    (true, Some(_)) => return None,
                    (true, None) => Place::ChunkLength,
                    (false, None | Some(0)) => Place::Between,
                    (false, Some(length)) => Place::Body(length),
                }
            }
            Place::Head => return self.header(line),
            Place::ChunkLength => {
                let digits = line.start.split(|byte| *byte == b';').next()?;
                self.place = match number(digits, 16)? {
                    0 => Place::Trailers,
                    length => Place::Chunk(length.checked_add(2)?),
                }
            }
            Place::Trailers if is_empty => self.place = Place::Between,
            _ => {}
        }
        Some(())
    }

    fn header(&mut self, line: Line<'_>) -> Option<()> {
        if !matches!(line.start.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return Some(());
        }
        let Some(colon) = memchr(b':', line.start) else { return Some(()) };
        let (name, value) = (&line.start[..colon], line.start[colon + 1..].trim_ascii());
        let is_length = name.eq_ignore_ascii_case(b"content-length");
        let is_coding = name.eq_ignore_ascii_case(b"transfer-encoding");
        if is_length {
            // Once, though the same length twice would be allowed (RFC 9112, section 6.3).
            let known = self.length.replace(number(value, 10)?);
            return (known.is_none() && !line.is_cut).then_some(());
        }
        if is_coding {
            let known = std::mem::replace(&mut self.is_chunked, true);
            return (!known && !line.is_cut && value.eq_ignore_ascii_case(b"chunked")).then_some(());
        }
        Some(())
    }
}

/// How many of these bytes are used up, and how many are left to come.
fn used(left: u64, bytes: &[u8]) -> (usize, u64) {
    let used = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    (used, left - used as u64)
}

/// Digits and nothing else.
fn number(digits: &[u8], base: u32) -> Option<u64> {
    let fits = !digits.is_empty() && digits.iter().all(|digit| char::from(*digit).is_digit(base));
    fits.then(|| u64::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AFTER: &str = "GET /next HTTP/1.1\r\nhost: t\r\n\r\n";

    /// One wrapper that writes only one piece at a time makes hyper copy every answer.
    #[test]
    fn a_connection_writes_several_pieces_at_once_through_all_its_wrappers() {
        let (stream, _client) = tokio::io::duplex(64);
        let (stream, _) = crate::server::refusal::guard(crate::server::written::Written::new(Framed::new(stream)));
        assert!(stream.is_write_vectored());
    }

    /// The bytes that are forwarded, read in pieces of a size.
    fn handed_on(bytes: &[u8], piece: usize) -> (usize, bool) {
        let mut framing = Framing::default();
        let mut count = 0;
        for bytes in bytes.chunks(piece) {
            match framing.refuse(bytes) {
                Some(place) => return (count + place, true),
                None => count += bytes.len(),
            }
        }
        (count, false)
    }

    fn request(headers: &str, body: &str) -> String {
        format!("\r\nPOST / HTTP/1.1\r\nhost: t\r\n{headers}\r\n{body}{AFTER}")
    }

    #[test]
    fn requests_that_are_framed_in_one_way_are_handed_on() {
        for (headers, body) in [
            ("", ""),
            ("content-length: 0\r\n", ""),
            ("Content-Length:  5 \r\n", "a\nb\nc"),
            ("transfer-encoding: chunked\r\n", "5\r\na\nb\nc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"),
            ("Transfer-Encoding:\tChunked\r\n", "0\r\nx: y\r\n\r\n"),
            ("te: trailers\r\ncontent-type: a/b\r\ncontent-lengths: x\r\n", ""),
        ] {
            let bytes = request(headers, body);
            for piece in [1, 2, 3, 7, 1_000] {
                assert_eq!(handed_on(bytes.as_bytes(), piece), (bytes.len(), false), "{headers:?} in pieces of {piece}");
            }
        }
        let long = request(&format!("cookie: {}\r\nx: {}\r\n", "c".repeat(20_000), "y".repeat(500)), "");
        assert_eq!(handed_on(long.as_bytes(), 100), (long.len(), false));
    }

    #[test]
    fn whatever_can_be_read_in_two_ways_is_not_handed_on() {
        for (headers, body) in [
            ("content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            ("transfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n"),
            ("transfer-encoding: chunked, chunked\r\n", "0\r\n\r\n"),
            ("transfer-encoding: identity, chunked\r\n", "0\r\n\r\n"),
            ("transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            ("transfer-encoding: identity\r\n", ""),
            ("transfer-encoding: chunked;q=1\r\n", "0\r\n\r\n"),
            ("transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n"),
            ("transfer-encoding:\r\n", ""),
            ("content-length: 5\r\ncontent-length: 5\r\n", "abcde"),
            ("content-length: 5, 5\r\n", "abcde"),
            ("content-length: +5\r\n", "abcde"),
            ("content-length: 0x5\r\n", "abcde"),
            ("content-length: 99999999999999999999\r\n", ""),
            ("content-length:\r\n", ""),
            ("x: y\n", ""),
            ("x: y\nz: a\r\n", ""),
            ("transfer-encoding: chunked\r\n", "5\nabcde\r\n0\r\n\r\n"),
            ("transfer-encoding: chunked\r\n", "0x5\r\nabcde\r\n0\r\n\r\n"),
            ("transfer-encoding: chunked\r\n", "-1\r\n\r\n"),
            ("transfer-encoding: chunked\r\n", "\r\n\r\n"),
            ("transfer-encoding: chunked\r\n", "ffffffffffffffff\r\n"),
            ("transfer-encoding: chunked\r\n", "0\r\nx: y\n\r\n"),
        ] {
            let bytes = request(headers, body);
            for piece in [1, 2, 3, 7, 1_000] {
                let (count, refused) = handed_on(bytes.as_bytes(), piece);
                assert!(refused && count < bytes.len() - AFTER.len(), "{headers:?} {body:?} in pieces of {piece}");
            }
        }
        let padded = request(&format!("content-length:{}5\r\n", " ".repeat(200)), "abcde");
        assert!(handed_on(padded.as_bytes(), 50).1, "a length that is not kept whole");
    }

    proptest! {
        /// However the bytes come, they are read alike, and the reader never gets lost in memory.
        #[test]
        fn pieces_make_no_difference(bytes in "([ a-z:;0-9\r\n]|content-length: [0-9]|transfer-encoding: chunked|\r\n|\r\n\r\n){0,60}", piece in 1_usize..9) {
            prop_assert_eq!(handed_on(bytes.as_bytes(), piece), handed_on(bytes.as_bytes(), usize::MAX));
        }
    }
}
