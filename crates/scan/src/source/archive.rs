//! Reads members of archives, within limits: an archive may claim any size.

use std::io::{self, Read, Seek};

use flate2::read::MultiGzDecoder;

use super::{Skip, Sniffed, sniff};

/// The most bytes unpacked from one archive, nested archives included.
const UNPACKED_MAX: u64 = 512 << 20;
/// The largest nested archive that is kept in memory, in bytes.
const NESTED_MAX: u64 = 16 << 20;
/// The most levels of nested archives.
const DEPTH_MAX: u32 = 3;
/// The most members read from one archive.
const MEMBERS_MAX: usize = 100_000;

/// The receiver of the members.
pub trait Members {
    /// Receives a member that is not an archive. It may read all of it or a part.
    fn member(&mut self, path: &str, content: &mut dyn Read) -> io::Result<()>;
    /// Receives a member that was skipped.
    fn skip(&mut self, skip: Skip);
}

/// The rest of the limits.
struct Budget {
    bytes: u64,
    depth: u32,
}

/// Passes every member of an archive to `members`. A member that can't be read is skipped by name.
pub fn read(path: &str, kind: Sniffed, content: impl Read + Seek, members: &mut dyn Members) {
    let mut budget = Budget { bytes: UNPACKED_MAX, depth: 0 };
    let result = match kind {
        Sniffed::Zip => zip(path, content, members, &mut budget),
        _ => stream(path, kind, content, members, &mut budget),
    };
    if let Err(error) = result {
        members.skip(Skip { path: path.to_owned(), reason: format!("the archive can't be read: {error}") });
    }
}

fn stream(path: &str, kind: Sniffed, content: impl Read, members: &mut dyn Members, budget: &mut Budget) -> io::Result<()> {
    match kind {
        Sniffed::Gzip => gzip(path, content, members, budget),
        Sniffed::Tar => tar(path, content, members, budget),
        _ => members.member(path, &mut io::Read::take(content, budget.bytes)),
    }
}

fn zip(path: &str, content: impl Read + Seek, members: &mut dyn Members, budget: &mut Budget) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(content).map_err(io::Error::other)?;
    for number in 0..archive.len().min(MEMBERS_MAX) {
        let entry = match archive.by_index(number) {
            Ok(entry) => entry,
            Err(error) => {
                members.skip(Skip { path: format!("{path}!#{number}"), reason: format!("the member can't be read: {error}") });
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        let name = entry.name().map_or_else(|_| format!("{path}!#{number}"), |name| format!("{path}!{name}"));
        if !member(&name, entry, members, budget) {
            break;
        }
    }
    Ok(())
}

fn gzip(path: &str, content: impl Read, members: &mut dyn Members, budget: &mut Budget) -> io::Result<()> {
    let mut unpacked = MultiGzDecoder::new(content);
    let mut start = Vec::new();
    (&mut unpacked).take(512).read_to_end(&mut start)?;
    let kind = sniff(&start);
    let whole = start.as_slice().chain(unpacked);
    if kind == Sniffed::Tar {
        return tar(path, whole, members, budget);
    }
    let inner = path.strip_suffix(".gz").unwrap_or(path).rsplit('/').next().unwrap_or_default();
    member(&format!("{path}!{inner}"), whole, members, budget);
    Ok(())
}

fn tar(path: &str, content: impl Read, members: &mut dyn Members, budget: &mut Budget) -> io::Result<()> {
    let mut archive = tar::Archive::new(content);
    for entry in archive.entries()?.take(MEMBERS_MAX) {
        let entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = format!("{path}!{}", String::from_utf8_lossy(&entry.path_bytes()));
        if !member(&name, entry, members, budget) {
            break;
        }
    }
    Ok(())
}

/// Passes one member to `members`; opens an archive in the archive in turn. False when the limits are used up.
fn member(name: &str, content: impl Read, members: &mut dyn Members, budget: &mut Budget) -> bool {
    let mut counted = Counted { inner: content, left: budget.bytes };
    let mut start = Vec::new();
    let mut result = (&mut counted).take(512).read_to_end(&mut start).map(|_| ());
    if result.is_ok() {
        let kind = sniff(&start);
        let mut whole = start.as_slice().chain(&mut counted);
        result = match kind {
            Sniffed::Zip | Sniffed::Gzip | Sniffed::Tar if budget.depth < DEPTH_MAX => {
                let mut nested = Vec::new();
                match (&mut whole).take(NESTED_MAX + 1).read_to_end(&mut nested) {
                    Ok(_) if nested.len() as u64 > NESTED_MAX => {
                        members.skip(Skip {
                            path: name.to_owned(),
                            reason: format!("an archive in an archive of more than {} MiB", NESTED_MAX >> 20),
                        });
                        Ok(())
                    }
                    Ok(_) => {
                        let mut inner = Budget { bytes: counted.left, depth: budget.depth + 1 };
                        let result = match kind {
                            Sniffed::Zip => zip(name, io::Cursor::new(nested), members, &mut inner),
                            _ => stream(name, kind, nested.as_slice(), members, &mut inner),
                        };
                        counted.left = inner.bytes;
                        result
                    }
                    Err(error) => Err(error),
                }
            }
            Sniffed::Zip | Sniffed::Gzip | Sniffed::Tar => {
                members.skip(Skip { path: name.to_owned(), reason: format!("more than {DEPTH_MAX} archives inside each other") });
                Ok(())
            }
            _ => members.member(name, &mut whole),
        };
    }
    budget.bytes = counted.left;
    if budget.bytes == 0 {
        members.skip(Skip {
            path: name.to_owned(),
            reason: format!("the archive unpacks to more than {} MiB; the rest was not looked at", UNPACKED_MAX >> 20),
        });
        return false;
    }
    if let Err(error) = result {
        members.skip(Skip { path: name.to_owned(), reason: format!("the member can't be read: {error}") });
    }
    true
}

/// Counts bytes against a limit, and ends there.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}
