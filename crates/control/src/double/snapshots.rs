//! Copies of an account, kept by name for a test to come back to. In memory, as long as the server runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::sync::locked;

/// Copies of one account.
const COPIES_MAX: usize = 50;
/// Bytes of all of them.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Longest name, in characters.
const NAME_MAX: usize = 100;

/// The copies of one account.
#[derive(Default)]
pub struct Snapshots(Mutex<BTreeMap<String, Arc<Vec<u8>>>>);

impl Snapshots {
    /// Keeps a copy, in the place of one of the same name.
    ///
    /// # Errors
    /// The name is not one, or there are too many copies; says which.
    pub fn put(&self, name: &str, copy: Vec<u8>) -> Result<(), String> {
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(keyway_core::shown::acts) {
            return Err(format!("a snapshot's name has 1 to {NAME_MAX} characters, none of them control characters"));
        }
        let mut copies = self.lock();
        let others = copies.iter().filter(|(own, _)| *own != name);
        let (count, bytes) = others.fold((0, 0), |(count, bytes), (_, copy)| (count + 1, bytes + copy.len()));
        if count >= COPIES_MAX || bytes + copy.len() > BYTES_MAX {
            return Err(format!("an account has {COPIES_MAX} snapshots at most, of {} MiB together; delete some", BYTES_MAX >> 20));
        }
        copies.insert(name.to_owned(), Arc::new(copy));
        Ok(())
    }

    /// The copy with this name.
    pub fn get(&self, name: &str) -> Option<Arc<Vec<u8>>> {
        self.lock().get(name).cloned()
    }

    /// The names, and the bytes of each.
    pub fn list(&self) -> Vec<(String, usize)> {
        self.lock().iter().map(|(name, copy)| (name.clone(), copy.len())).collect()
    }

    /// Deletes one; whether it was there.
    pub fn remove(&self, name: &str) -> bool {
        self.lock().remove(name).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Vec<u8>>>> {
        locked(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_the_place_of_one_of_its_name_and_there_are_not_too_many() {
        let snapshots = Snapshots::default();
        for n in 0..COPIES_MAX {
            snapshots.put(&n.to_string(), vec![1]).unwrap();
        }
        assert!(snapshots.put("another", vec![1]).is_err());
        snapshots.put("7", vec![1, 2]).unwrap();
        assert_eq!(snapshots.get("7").unwrap().len(), 2);
        assert!(snapshots.remove("7") && !snapshots.remove("7"));
        snapshots.put("another", vec![1]).unwrap();
        assert!(snapshots.put("", vec![1]).is_err() && snapshots.put("a\nb", vec![1]).is_err());
    }
}
