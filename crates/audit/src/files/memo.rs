//! A cache of values that were read from finished files, in bounded memory. A finished file never changes, so a cached
//! value stays true. The cache drops the values of the oldest files first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chain::Seal;

/// By the number of each file's first record.
pub(super) struct Memo<T> {
    kept: BTreeMap<i64, Kept<T>>,
    bytes: usize,
    bytes_max: usize,
}

struct Kept<T> {
    /// Of the file: another one under its name has another seal.
    seal: Seal,
    value: Arc<T>,
    bytes: usize,
}

impl<T> Memo<T> {
    pub const fn new(bytes_max: usize) -> Self {
        Self { kept: BTreeMap::new(), bytes: 0, bytes_max }
    }

    pub fn get(&self, first_id: i64, seal: &Seal) -> Option<Arc<T>> {
        self.kept.get(&first_id).filter(|kept| kept.seal == *seal).map(|kept| kept.value.clone())
    }

    /// Caches the value of a file. `bytes` is the value's size in memory. Drops the values of the oldest files until all fit.
    pub fn put(&mut self, first_id: i64, seal: Seal, value: &Arc<T>, bytes: usize) {
        self.bytes += bytes;
        if let Some(before) = self.kept.insert(first_id, Kept { seal, value: value.clone(), bytes }) {
            self.bytes -= before.bytes;
        }
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.kept.pop_first() else { break };
            self.bytes -= oldest.bytes;
        }
    }

    /// Drops what is of files that retention has removed.
    pub fn begin_with(&mut self, first_id: i64) {
        while let Some(oldest) = self.kept.first_entry().filter(|oldest| *oldest.key() < first_id) {
            self.bytes -= oldest.remove().bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_of_the_newest_files_is_kept_and_no_more_than_there_is_room_for() {
        let mut memo = Memo::new(30);
        let put = |memo: &mut Memo<()>, first_id, bytes| memo.put(first_id, Seal::default(), &Arc::new(()), bytes);
        let kept = |memo: &Memo<()>| (memo.kept.keys().copied().collect::<Vec<_>>(), memo.bytes);
        // As a reading does: the newest first.
        for first_id in [5, 4, 3, 2] {
            put(&mut memo, first_id, 10);
        }
        assert_eq!(kept(&memo), (vec![3, 4, 5], 30));
        put(&mut memo, 6, 10);
        put(&mut memo, 6, 10);
        assert_eq!(kept(&memo), (vec![4, 5, 6], 30));
        memo.begin_with(6);
        assert_eq!(kept(&memo), (vec![6], 10));
        assert!(memo.get(6, &Seal::default()).is_some() && memo.get(6, &[1; 32]).is_none());
        put(&mut memo, 7, 40);
        assert_eq!(kept(&memo), (vec![], 0));
    }
}
