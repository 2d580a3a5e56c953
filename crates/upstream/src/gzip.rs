//! Rewrites the links of a gzip body while it streams: unpacks, changes and packs it again in limited memory.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder};
use keyway_core::links::Rewriter;

/// Packed bytes that are unpacked at a time: a thousand times as much at most, which is what gzip can do.
const SLICE_BYTES: usize = 512;
/// Unpacked bytes after which others have their turn.
const TURN_BYTES: usize = 1 << 20;
/// Packed bytes of the answer that are made before they are sent on.
const PIECE_BYTES: usize = 32 << 10;

/// A gzip body in transit.
pub(super) struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    rewriter: Rewriter,
    encoder: GzEncoder<Vec<u8>>,
    /// Whether there may be something in either that a client that waits has not got yet.
    unflushed: bool,
}

impl std::fmt::Debug for Gzip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gzip").finish_non_exhaustive()
    }
}

impl Gzip {
    pub(super) fn new(rewriter: Rewriter) -> Self {
        // What is repacked crosses a local network most of the time, so the least work is best.
        let encoder = GzEncoder::new(Vec::new(), Compression::fast());
        Self { decoder: MultiGzDecoder::new(Vec::new()), rewriter, encoder, unflushed: false }
    }

    /// Takes from the input, and gives what is ready. Nothing may be, though input is left.
    ///
    /// # Errors
    /// The input is not gzip.
    pub(super) fn feed(&mut self, input: &mut Bytes) -> io::Result<Bytes> {
        self.unflushed = true;
        let mut unpacked = 0;
        while !input.is_empty() && unpacked < TURN_BYTES && self.encoder.get_ref().len() < PIECE_BYTES {
            let slice = input.split_to(input.len().min(SLICE_BYTES));
            self.decoder.write_all(&slice)?;
            unpacked += self.pass_on()?;
        }
        Ok(self.packed())
    }

    /// Everything that came in so far, for a client that waits for it.
    ///
    /// # Errors
    /// The input is not gzip.
    pub(super) fn flush(&mut self) -> io::Result<Bytes> {
        if !std::mem::take(&mut self.unflushed) {
            return Ok(Bytes::new());
        }
        self.decoder.flush()?;
        self.pass_on()?;
        self.encoder.flush()?;
        Ok(self.packed())
    }

    /// The end.
    ///
    /// # Errors
    /// The input broke off, or is not gzip.
    pub(super) fn end(&mut self) -> io::Result<Bytes> {
        self.decoder.try_finish()?;
        self.pass_on()?;
        self.encoder.write_all(&self.rewriter.end())?;
        self.encoder.try_finish()?;
        Ok(self.packed())
    }

    fn pass_on(&mut self) -> io::Result<usize> {
        let text = self.decoder.get_mut();
        self.encoder.write_all(&self.rewriter.feed(text))?;
        let bytes = text.len();
        text.clear();
        Ok(bytes)
    }

    fn packed(&mut self) -> Bytes {
        std::mem::take(self.encoder.get_mut()).into()
    }
}

/// Why a whole body was not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotUnpacked {
    /// It broke off, or is not gzip.
    Broken,
    /// It is too large to be taken whole.
    TooLarge,
}

/// A whole body unpacked, of at most this many bytes.
pub(super) fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, NotUnpacked> {
    let mut decoder = MultiGzDecoder::new(Vec::new());
    for slice in packed.chunks(SLICE_BYTES) {
        decoder.write_all(slice).map_err(|_| NotUnpacked::Broken)?;
        if decoder.get_ref().len() > most {
            return Err(NotUnpacked::TooLarge);
        }
    }
    decoder.try_finish().map_err(|_| NotUnpacked::Broken)?;
    Ok(std::mem::take(decoder.get_mut()))
}

/// A whole text packed.
///
/// # Errors
/// None, since memory takes all that is written.
pub(super) fn pack(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use keyway_core::links::Links;

    use super::*;

    fn links() -> Links {
        Links::new("https://api.hubapi.com", "http://127.0.0.1:1").unwrap()
    }

    fn answer() -> (String, String) {
        let rows = (0..20_000).map(|row| format!(r#"{{"id":"{}"}}"#, row * 7_919 % 10_007)).collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"results":[{rows}],"paging":{{"next":{{"link":"https://api.hubapi.com/x"}}}}}}"#);
        let changed = text.replace("https://api.hubapi.com", "http://127.0.0.1:1");
        (text, changed)
    }

    #[test]
    fn a_packed_body_comes_out_packed_with_its_links_changed_however_it_was_cut() {
        let (text, changed) = answer();
        let packed = Bytes::from(pack(text.as_bytes()).unwrap());
        for bytes in [1, 1_000, packed.len()] {
            let mut gzip = Gzip::new(links().rewriter());
            let mut out = Vec::new();
            for piece in packed.chunks(bytes) {
                let mut input = Bytes::copy_from_slice(piece);
                while !input.is_empty() {
                    out.extend(gzip.feed(&mut input).unwrap());
                }
                out.extend(gzip.flush().unwrap());
            }
            out.extend(gzip.end().unwrap());
            assert_eq!(gzip.rewriter.changed(), 1);
            assert!(unpack(&out, 1 << 20).unwrap() == changed.as_bytes(), "in pieces of {bytes}");
        }
    }

    #[test]
    fn what_waits_is_flushed_to_a_client_before_the_end() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"{\"results\":[").unwrap();
        encoder.flush().unwrap();
        let mut gzip = Gzip::new(links().rewriter());
        let mut input = Bytes::from(std::mem::take(encoder.get_mut()));
        let mut out = gzip.feed(&mut input).unwrap().to_vec();
        out.extend(gzip.flush().unwrap());
        let mut decoder = MultiGzDecoder::new(Vec::new());
        decoder.write_all(&out).unwrap();
        decoder.flush().unwrap();
        assert_eq!(decoder.get_ref(), b"{\"results\":[");
        assert!(gzip.flush().unwrap().is_empty(), "there is nothing more to flush");
    }

    #[test]
    fn a_packed_body_that_broke_off_never_ends() {
        let (text, _) = answer();
        let packed = pack(text.as_bytes()).unwrap();
        for bytes in [0, 5, 100, packed.len() - 8, packed.len() - 1] {
            assert_eq!(unpack(&packed[..bytes], 1 << 20), Err(NotUnpacked::Broken), "{bytes}");
            let mut gzip = Gzip::new(links().rewriter());
            let mut input = Bytes::copy_from_slice(&packed[..bytes]);
            while !input.is_empty() {
                gzip.feed(&mut input).unwrap();
            }
            assert!(gzip.end().is_err(), "{bytes}");
        }
        assert!(Gzip::new(links().rewriter()).feed(&mut Bytes::from_static(b"{\"not\":\"gzip, but long enough\"}")).is_err());
    }

    #[test]
    fn a_small_body_that_unpacks_to_a_huge_one_is_taken_in_turns() {
        let mut bomb = Bytes::from(pack(&vec![b' '; 64 << 20]).unwrap());
        assert_eq!(unpack(&bomb, 4 << 20), Err(NotUnpacked::TooLarge));
        let mut gzip = Gzip::new(links().rewriter());
        let before = bomb.len();
        gzip.feed(&mut bomb).unwrap();
        assert!(before - bomb.len() < 8 << 10, "one turn took {} bytes", before - bomb.len());
        assert!(gzip.decoder.get_ref().capacity() < 1 << 20);
    }
}
