//! The postings of one file: which blocks name a CRM record. They are in memory while the file grows. When the
//! file is full, they are written to a file of their own (`.ids`), and a search reads two small parts of it.
//!
//! ```text
//! head     keyed hash (32 bytes), number of buckets (u32), where each begins and the last ends (u32 each)
//! buckets  keyed hash (32 bytes), postings (u64 each), in order
//! ```
//!
//! A posting is 44 bits of a keyed hash of the record and 20 bits of the block's number. If two records have
//! the same 44 bits, a search reads a block that does not have its record, and finds nothing there. The
//! postings are derived data, like the index: if they are missing, or their keyed hash is wrong, Keyway builds
//! them again from the file.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::chain::{ChainKey, Seal};

/// Postings in memory after which a new file begins: 16 MB.
pub(super) const POSTINGS_MAX: usize = 2_000_000;
/// Postings in a bucket, on average: 2 KB.
const BUCKET: usize = 256;
const BLOCK_BITS: u32 = 20;
const VOUCHED: usize = 32;

/// Which blocks: a bit for each.
pub(super) type Bits = Vec<u64>;

/// Adds a block.
pub(super) fn set(bits: &mut Bits, block: usize) {
    if bits.len() <= block / 64 {
        bits.resize(block / 64 + 1, 0);
    }
    bits[block / 64] |= 1 << (block % 64);
}

/// The postings of a file that is being added to.
#[derive(Clone, Debug, Default)]
pub(super) struct Postings(Vec<u64>);

impl Postings {
    /// Notes that a block names these records, a list with one space between them.
    pub fn add(&mut self, records: &str, block: usize, key: &ChainKey) {
        let block = (block as u64).min((1 << BLOCK_BITS) - 1);
        self.0.extend(records.split_ascii_whitespace().map(|record| key.record_hash(record) << BLOCK_BITS | block));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The blocks that may name a record of one of these hashes.
    pub fn blocks(&self, hashes: &[u64]) -> Bits {
        let mut bits = Bits::new();
        set_of(&self.0, hashes, &mut bits);
        bits
    }

    /// Writes them beside their file, whose last seal this is.
    pub fn save(&self, path: &Path, key: &ChainKey, seal: &Seal) -> io::Result<()> {
        let mut all = self.0.clone();
        all.sort_unstable();
        all.dedup();
        let buckets = all.len().div_ceil(BUCKET).max(1);
        let mut head = u32::try_from(buckets).map_err(io::Error::other)?.to_le_bytes().to_vec();
        let mut body = Vec::with_capacity(all.len() * 8 + buckets * VOUCHED);
        let (mut begin, first) = (0, VOUCHED + 4 + (buckets + 1) * 4);
        for bucket in 0..buckets {
            head.extend(u32::try_from(first + body.len()).map_err(io::Error::other)?.to_le_bytes());
            let end = begin + all[begin..].partition_point(|posting| bucket_of(posting >> BLOCK_BITS, buckets) <= bucket);
            let bytes: Vec<u8> = all[begin..end].iter().flat_map(|posting| posting.to_le_bytes()).collect();
            body.extend(vouch(key, seal, bucket + 1, &bytes).as_bytes());
            body.extend(bytes);
            begin = end;
        }
        head.extend(u32::try_from(first + body.len()).map_err(io::Error::other)?.to_le_bytes());
        let draft = path.with_extension("ids.new");
        let mut file = File::create(&draft)?;
        file.write_all(vouch(key, seal, 0, &head).as_bytes())?;
        file.write_all(&head)?;
        file.write_all(&body)?;
        file.sync_all()?;
        fs::rename(draft, path)
    }
}

/// The blocks of a full file that may name a record with one of these hashes; none if its postings are missing,
/// or their keyed hash is wrong.
pub(super) fn find(path: &Path, key: &ChainKey, seal: &Seal, hashes: &[u64]) -> io::Result<Option<Bits>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let Some(count) = part(&file, VOUCHED, VOUCHED + 4)?.and_then(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?))) else {
        return Ok(None);
    };
    let buckets = count as usize;
    let end = VOUCHED + 4 + (buckets + 1).saturating_mul(4);
    if buckets == 0 || buckets > POSTINGS_MAX {
        return Ok(None);
    }
    let Some(head) = part(&file, 0, end)? else { return Ok(None) };
    // blake3::Hash compares in constant time.
    if vouch(key, seal, 0, &head[VOUCHED..]) != head[..VOUCHED] {
        return Ok(None);
    }
    let place = |bucket: usize| {
        let at = VOUCHED + 4 + bucket * 4;
        head[at..at + 4].iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte))
    };
    let mut bits = Bits::new();
    for hash in hashes {
        let bucket = bucket_of(*hash, buckets);
        let Some(bytes) = part(&file, place(bucket), place(bucket + 1))? else { return Ok(None) };
        let Some((vouched, bytes)) = bytes.split_at_checked(VOUCHED) else { return Ok(None) };
        if vouch(key, seal, bucket + 1, bytes) != *vouched {
            return Ok(None);
        }
        let postings: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        set_of(&postings, &[*hash], &mut bits);
    }
    Ok(Some(bits))
}

/// A part of a file; none where the file is too short for it.
fn part(file: &File, from: usize, to: usize) -> io::Result<Option<Vec<u8>>> {
    // This is longer than any file of postings, so the keyed hash can't match.
    if to < from || to - from > POSTINGS_MAX * 16 {
        return Ok(None);
    }
    let mut bytes = vec![0; to - from];
    match file.read_exact_at(&mut bytes, from as u64) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        other => other.map(|()| Some(bytes)),
    }
}

fn bucket_of(hash: u64, buckets: usize) -> usize {
    ((u128::from(hash) * buckets as u128) >> (64 - BLOCK_BITS)) as usize
}

fn set_of(postings: &[u64], hashes: &[u64], bits: &mut Bits) {
    for posting in postings {
        if hashes.contains(&(posting >> BLOCK_BITS)) {
            set(bits, (posting & ((1 << BLOCK_BITS) - 1)) as usize);
        }
    }
}

fn vouch(key: &ChainKey, seal: &Seal, part: usize, bytes: &[u8]) -> blake3::Hash {
    key.vouch_for_postings(seal, part as u64, bytes)
}
