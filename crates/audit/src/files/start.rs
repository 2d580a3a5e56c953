//! Where the chain of a folder's files starts.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::chain::{ChainKey, Seal};

/// The file that says where the chain starts, after retention has removed older files.
pub(super) const START: &str = "start";

/// Where the chain starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    pub after_id: i64,
    pub seal: Seal,
    pub genuine: bool,
}

impl Start {
    pub fn write(&self, folder: Option<&Path>, key: &ChainKey) -> io::Result<()> {
        let Some(folder) = folder else { return Ok(()) };
        let bytes = [&self.after_id.to_le_bytes()[..], &self.seal, &key.start(0, self.after_id, &self.seal)].concat();
        let draft = folder.join("start.new");
        let file = File::create(&draft)?;
        file.write_all_at(&bytes, 0)?;
        file.sync_all()?;
        fs::rename(draft, folder.join(START))?;
        File::open(folder)?.sync_all()
    }

    /// Reads the start of the chain from a folder. If nothing was ever removed, it is the very beginning.
    pub fn read(folder: &Path, key: &ChainKey) -> io::Result<Self> {
        let bytes = match fs::read(folder.join(START)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { genuine: true, ..Self::default() }),
            other => other?,
        };
        let read = || {
            let (after_id, rest) = bytes.split_at_checked(8)?;
            let (seal, vouched) = rest.split_at_checked(32)?;
            Some((i64::from_le_bytes(after_id.try_into().ok()?), Seal::try_from(seal).ok()?, vouched))
        };
        let Some((after_id, seal, vouched)) = read() else { return Ok(Self::default()) };
        Ok(Self { after_id, seal, genuine: key.start(0, after_id, &seal) == *vouched })
    }
}
