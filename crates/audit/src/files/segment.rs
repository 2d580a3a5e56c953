//! One file of the log: a head, then commits one after the other.
//!
//! ```text
//! head    "KWAUDIT1", number of the first record (i64), seal before it (32 bytes), 16 zeros
//! commit  length of the payload (u32), seal (32 bytes), payload: entries, each as postcard
//! ```
//!
//! Numbers are little-endian. Zeros follow the last commit: Keyway lengthens the file in advance, so that a
//! commit changes only its own blocks and its sync costs least.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chain::Seal;
use crate::row::{Agent, Named, Row};

/// What a file begins with; the last digit is the version of the layout.
const MAGIC: &[u8; 8] = b"KWAUDIT1";
/// Bytes of the head.
pub(super) const HEAD_BYTES: u64 = 64;
/// Bytes of a commit before its payload.
pub(super) const FRAME_HEAD_BYTES: usize = 36;
/// Longest payload that is read: some thousand records of the longest kind.
const PAYLOAD_BYTES_MAX: usize = 64 << 20;
/// No record is written in fewer.
const RECORD_BYTES_MIN: usize = 16;
/// Read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// One entry of a commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Entry<'a> {
    /// A finished call.
    Record(#[serde(borrow)] Row<'a>),
    /// A call that is about to be performed. If no later entry reports its end, this is its record.
    Begun(Row<'a>),
    /// A finished call that touched CRM records. Older logs have no such entries, and Keyway still reads those
    /// logs.
    RecordNaming(Row<'a>, Named<'a>),
    /// A call that is about to be performed and touches records of the CRM.
    BegunNaming(Row<'a>, Named<'a>),
    /// A finished call that a session or an MCP tool made.
    RecordOf(Row<'a>, Named<'a>, Agent<'a>),
    /// A call that is about to be performed by a session or a tool.
    BegunOf(Row<'a>, Named<'a>, Agent<'a>),
}

/// An entry as it is used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read<'a> {
    Record(Row<'a>),
    Begun(Row<'a>),
}

impl<'a> Entry<'a> {
    pub fn record(row: Row<'a>) -> Self {
        match (row.named == Named::default(), row.agent == Agent::default()) {
            (_, false) => Self::RecordOf(row, row.named, row.agent),
            (true, true) => Self::Record(row),
            (false, true) => Self::RecordNaming(row, row.named),
        }
    }

    pub fn begun(row: Row<'a>) -> Self {
        match (row.named == Named::default(), row.agent == Agent::default()) {
            (_, false) => Self::BegunOf(row, row.named, row.agent),
            (true, true) => Self::Begun(row),
            (false, true) => Self::BegunNaming(row, row.named),
        }
    }

    pub fn read(self) -> Read<'a> {
        match self {
            Self::Record(row) => Read::Record(row),
            Self::Begun(row) => Read::Begun(row),
            Self::RecordNaming(row, named) => Read::Record(Row { named, ..row }),
            Self::BegunNaming(row, named) => Read::Begun(Row { named, ..row }),
            Self::RecordOf(row, named, agent) => Read::Record(Row { named, agent, ..row }),
            Self::BegunOf(row, named, agent) => Read::Begun(Row { named, agent, ..row }),
        }
    }
}

/// The head of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The number of its first record.
    pub first_id: i64,
    /// The seal of the commit before its first.
    pub seal: Seal,
}

impl Head {
    /// Reads it; none where the file has none, or not one of this layout.
    pub fn read(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEAD_BYTES as usize];
        match file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let (magic, rest) = bytes.split_at(8);
        let (first_id, rest) = rest.split_at(8);
        let (seal, zeros) = rest.split_at(32);
        let (Ok(first_id), Ok(seal)) = (first_id.try_into(), seal.try_into()) else { return Ok(None) };
        // No seal covers the zeros, so they are compared here.
        let whole = magic == MAGIC && zeros.iter().all(|byte| *byte == 0);
        Ok(whole.then(|| Self { first_id: i64::from_le_bytes(first_id), seal }))
    }

    pub fn write(&self, file: &File) -> io::Result<()> {
        let mut bytes = [0; HEAD_BYTES as usize];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.first_id.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.seal);
        file.write_all_at(&bytes, 0)
    }
}

/// The entries of a payload; ends at the first that can't be read.
pub(super) fn entries(mut payload: &[u8]) -> impl Iterator<Item = Read<'_>> {
    std::iter::from_fn(move || {
        let (entry, rest) = postcard::take_from_bytes::<Entry<'_>>(payload).ok()?;
        payload = rest;
        Some(entry.read())
    })
}

/// Whether a payload is entries from its first byte to its last.
pub(super) fn is_read_whole(mut payload: &[u8]) -> bool {
    while !payload.is_empty() {
        let Ok((_, rest)) = postcard::take_from_bytes::<Entry<'_>>(payload) else { return false };
        payload = rest;
    }
    true
}

/// The records of a payload.
pub(super) fn records(payload: &[u8]) -> impl Iterator<Item = Row<'_>> {
    entries(payload).filter_map(|entry| match entry {
        Read::Record(row) => Some(row),
        Read::Begun(_) => None,
    })
}

/// A commit, with the bytes that the file holds for it.
pub(super) struct Frame<'a> {
    /// Where it begins.
    pub offset: u64,
    /// Where the next one begins.
    pub end: u64,
    pub seal: Seal,
    pub payload: &'a [u8],
}

/// Reads the commits of a stretch of a file, one after the other, through one buffer.
pub(super) struct Frames {
    file: Arc<File>,
    /// Where the next commit begins.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Where in the file the buffer begins.
    buffered: u64,
}

impl Frames {
    pub fn new(file: Arc<File>, from: u64, end: u64) -> Self {
        Self { file, at: from, end, buffer: Vec::new(), buffered: from }
    }

    /// The next commit; none at the end, or where there is none that could be one.
    pub fn next(&mut self) -> io::Result<Option<Frame<'_>>> {
        let offset = self.at;
        if !self.hold(offset, FRAME_HEAD_BYTES)? {
            return Ok(None);
        }
        let start = self.place(offset);
        let (Ok(length), Ok(seal)) =
            (self.buffer[start..start + 4].try_into(), self.buffer[start + 4..start + FRAME_HEAD_BYTES].try_into())
        else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 || length > PAYLOAD_BYTES_MAX || !self.hold(offset, FRAME_HEAD_BYTES + length)? {
            return Ok(None);
        }
        let start = self.place(offset);
        self.at = offset + (FRAME_HEAD_BYTES + length) as u64;
        let payload = &self.buffer[start + FRAME_HEAD_BYTES..start + FRAME_HEAD_BYTES + length];
        Ok(Some(Frame { offset, end: self.at, seal, payload }))
    }

    /// Skips the damage that begins at `from`, and continues with the next complete commit whose first record
    /// is after `last_id`. Returns its offset; none if there is no such commit.
    pub fn resume(&mut self, from: u64, last_id: i64) -> io::Result<Option<u64>> {
        let mut rest = vec![0; usize::try_from(self.end.saturating_sub(from)).unwrap_or(0)];
        let mut filled = 0;
        while filled < rest.len() {
            match self.file.read_at(&mut rest[filled..], from + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        rest.truncate(filled);
        let is_commit = |at: usize| {
            let head = rest.get(at..at + 4)?;
            let length = u32::from_le_bytes(head.try_into().ok()?) as usize;
            let start = at + FRAME_HEAD_BYTES;
            let payload = rest.get(start..start.checked_add(length)?).filter(|payload| !payload.is_empty())?;
            let first = records(payload).next()?.id;
            // Each record that is missing between takes some bytes.
            let possible = first > last_id && first - last_id <= 1 + i64::try_from(at / RECORD_BYTES_MIN).unwrap_or(0);
            (possible && is_read_whole(payload)).then_some(from + at as u64)
        };
        let found = (1..rest.len()).find_map(is_commit);
        if let Some(at) = found {
            (self.at, self.buffered) = (at, at);
            self.buffer.clear();
        }
        Ok(found)
    }

    /// Fills the buffer from offset `from` on. Whether it then holds at least `bytes` bytes from there.
    fn hold(&mut self, from: u64, bytes: usize) -> io::Result<bool> {
        if from + bytes as u64 > self.end {
            return Ok(false);
        }
        if from + bytes as u64 <= self.buffered + self.buffer.len() as u64 {
            return Ok(true);
        }
        let kept = self.place(from).min(self.buffer.len());
        self.buffer.drain(..kept);
        self.buffered = from;
        let (old, left) = (self.buffer.len(), self.end - from);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.max(CHUNK_BYTES));
        self.buffer.resize(wanted, 0);
        let mut filled = old;
        while filled < wanted {
            match self.file.read_at(&mut self.buffer[filled..], from + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(filled);
        Ok(filled >= bytes)
    }

    fn place(&self, offset: u64) -> usize {
        usize::try_from(offset - self.buffered).unwrap_or(usize::MAX)
    }
}

/// Whether a file has anything but zeros from a place on.
pub(super) fn has_more(file: &File, from: u64) -> io::Result<bool> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = from;
    loop {
        let read = file.read_at(&mut chunk, at)?;
        if read == 0 {
            return Ok(false);
        }
        if chunk[..read].iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
        at += read as u64;
    }
}
