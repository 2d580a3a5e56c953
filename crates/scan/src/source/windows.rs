//! Reads files of any size through one buffer.
//!
//! A file that fits into the buffer is one window. A larger one has several overlapping windows, so that a value at a
//! border is whole in one of them. The count of lines continues from window to window.

use std::io::{self, Read};

/// The size of one thread's buffer, in bytes.
pub const WINDOW_BYTES: usize = 4 << 20;

/// The size of the buffer until a file needs more, in bytes.
const FIRST_BYTES: usize = 256 << 10;

/// The overlap of two windows, in bytes: more than any value with its surroundings.
const OVERLAP_BYTES: usize = 16 << 10;

/// A part of a file.
#[derive(Debug)]
pub struct Window<'a> {
    /// Its content, undecoded.
    pub bytes: &'a [u8],
    /// Values from this offset on belong to the next window.
    pub mine: usize,
    /// Lines before this window.
    pub lines_before: u64,
    /// Characters of the window's first line that are before the window.
    pub columns_before: u64,
}

/// As [`read`], for a source with a known size: a small one takes a small buffer and no read past its end.
///
/// # Errors
/// As [`read`].
pub fn read_sized(source: &mut dyn Read, size: u64, buffer: &mut Vec<u8>, mut take: impl FnMut(&Window<'_>) -> bool) -> io::Result<u64> {
    let small = usize::try_from(size).ok().filter(|size| *size < WINDOW_BYTES);
    let Some(size) = small else { return read(source, buffer, take) };
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    source.read_exact(&mut buffer[..size])?;
    take(&Window { bytes: &buffer[..size], mine: size, lines_before: 0, columns_before: 0 });
    Ok(size as u64)
}

/// Reads the source to its end and passes each window to `take`. Returns the number of bytes.
///
/// # Errors
/// An error of the reader. `take` has received the windows before it.
pub fn read(mut source: impl Read, buffer: &mut Vec<u8>, mut take: impl FnMut(&Window<'_>) -> bool) -> io::Result<u64> {
    buffer.resize(buffer.len().max(FIRST_BYTES), 0);
    let (mut kept, mut total, mut lines_before, mut columns_before) = (0, 0u64, 0, 0);
    loop {
        let (mut filled, mut ended) = fill(&mut source, &mut buffer[kept..])?;
        if !ended && buffer.len() < WINDOW_BYTES {
            // Only a large file needs a large buffer.
            buffer.resize(WINDOW_BYTES, 0);
            let (more, end) = fill(&mut source, &mut buffer[kept + filled..])?;
            (filled, ended) = (filled + more, end);
        }
        total += filled as u64;
        let length = kept + filled;
        let mine = if ended { length } else { length - OVERLAP_BYTES };
        let window = Window { bytes: &buffer[..length], mine, lines_before, columns_before };
        if !take(&window) || ended {
            return Ok(total);
        }
        let done = &buffer[..mine];
        let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
        match memchr::memrchr(b'\n', done) {
            Some(last) => {
                lines_before += memchr::memchr_iter(b'\n', done).count() as u64;
                columns_before = characters(&done[last + 1..]);
            }
            None => columns_before += characters(done),
        }
        buffer.copy_within(mine..length, 0);
        kept = OVERLAP_BYTES;
    }
}

/// Fills a buffer from the source. The flag is whether the source has ended.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => return Ok((filled, true)),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((filled, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_belongs_to_exactly_one_window_and_lines_count_on() {
        let line = b"0123456789\n";
        let text: Vec<u8> = line.iter().copied().cycle().take(WINDOW_BYTES * 2 + 12_345).collect();
        let (mut next, mut buffer) = (0u64, Vec::new());
        let total = read(text.as_slice(), &mut buffer, |window| {
            let characters_before = window.lines_before * 11 + window.columns_before;
            assert_eq!(characters_before, next);
            assert_eq!(window.bytes[..64], text[next as usize..next as usize + 64]);
            next += window.mine as u64;
            true
        });
        assert_eq!(total.expect("memory can be read"), text.len() as u64);
        assert_eq!(next, text.len() as u64);
    }
}
