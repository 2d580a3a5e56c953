//! Damage to the files of the log. Keyway notices it at the start, when it reads records, when it writes the
//! newest file, or in a check.

use std::fmt;
use std::sync::Mutex;

use keyway_ground::sync::locked;

/// Places that are kept; a folder of noise has more.
const PLACES_MAX: usize = 1_000;

/// A place of the log that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file's name in the folder of the log.
    pub file: String,
    /// Where it begins, in bytes from the file's beginning.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.file, self.offset, self.what)
    }
}

/// All that was noticed, each place once.
#[derive(Debug, Default)]
pub(super) struct Noticed(Mutex<Vec<Damage>>);

impl Noticed {
    /// Keeps and logs a place that was not known.
    pub fn add(&self, damage: Damage) {
        let mut places = locked(&self.0);
        let known = places.iter().any(|one| one.file == damage.file && one.offset == damage.offset);
        if !known && places.len() < PLACES_MAX {
            tracing::error!(file = damage.file, offset = damage.offset, "the audit log is damaged: {}", damage.what);
            places.push(damage);
        }
    }

    pub fn all(&self) -> Vec<Damage> {
        locked(&self.0).clone()
    }

    /// Forgets what was in files that retention took away.
    pub fn forget(&self, file: &str) {
        locked(&self.0).retain(|one| one.file != file);
    }
}
