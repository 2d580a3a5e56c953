//! Bytes of request bodies that are held in memory, counted while they arrive.
//!
//! One budget bounds all bodies of a listener, whoever sends them, and one holder gets a part of it
//! only: the bodies of one app never keep out those of another. Bodies up to [`FREE_BYTES`] are not
//! counted, so that an ordinary call takes no lock here: connections are bounded, and each has a read
//! buffer of that size anyhow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of one body that are not counted.
pub(crate) const FREE_BYTES: usize = 4 << 10;

/// Who holds bytes: an app by its id, or everybody whom Keyway does not know (yet).
pub(crate) type Holder = Option<u64>;

/// What all bodies of one listener may hold.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    app_bytes_max: usize,
    unknown_bytes_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_holder: HashMap<Holder, usize>,
}

/// The budget, or the holder's part of it, is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// All holders together hold as much as the listener may.
    All,
    /// One holder has its part, of this many bytes.
    Part(usize),
}

impl Budget {
    /// A budget in bytes: for all holders together, for one app, and for unknown callers together.
    pub fn new(bytes_max: usize, app_bytes_max: usize, unknown_bytes_max: usize) -> Self {
        Self { bytes_max, app_bytes_max, unknown_bytes_max, held: Mutex::default() }
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        self.locked().all
    }

    fn take(&self, holder: Holder, bytes: usize) -> Result<(), Spent> {
        let part = if holder.is_some() { self.app_bytes_max } else { self.unknown_bytes_max };
        let mut held = self.locked();
        let own = held.by_holder.get(&holder).copied().unwrap_or(0) + bytes;
        if own > part {
            return Err(Spent::Part(part));
        }
        if held.all + bytes > self.bytes_max {
            return Err(Spent::All);
        }
        held.all += bytes;
        held.by_holder.insert(holder, own);
        Ok(())
    }

    fn give_back(&self, holder: Holder, bytes: usize) {
        let mut held = self.locked();
        held.all -= bytes;
        if let Some(own) = held.by_holder.get_mut(&holder) {
            *own -= bytes;
            if *own == 0 {
                held.by_holder.remove(&holder);
            }
        }
    }

    /// Nothing between lock and unlock panics.
    fn locked(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes that one call holds; given back when it goes.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    holder: Holder,
    bytes: usize,
}

impl Charge {
    /// Nothing is held yet.
    pub const fn new(budget: Arc<Budget>, holder: Holder) -> Self {
        Self { budget, holder, bytes: 0 }
    }

    /// Counts up to so many bytes in all.
    ///
    /// # Errors
    /// The budget is spent; what was counted before stays counted.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Spent> {
        if bytes <= FREE_BYTES || bytes <= self.bytes {
            return Ok(());
        }
        self.budget.take(self.holder, bytes - self.bytes)?;
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.holder, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_app_holds_its_part_and_another_goes_on() {
        let budget = Arc::new(Budget::new(100_000, 40_000, 20_000));
        let charge = |holder| Charge::new(budget.clone(), holder);
        let (mut first, mut second, mut other, mut nobody) = (charge(Some(1)), charge(Some(1)), charge(Some(2)), charge(None));
        first.grow_to(30_000).unwrap();
        assert_eq!(second.grow_to(10_001), Err(Spent::Part(40_000)));
        other.grow_to(40_000).unwrap();
        assert_eq!(nobody.grow_to(20_001), Err(Spent::Part(20_000)));
        nobody.grow_to(20_000).unwrap();
        assert_eq!(charge(Some(3)).grow_to(10_001), Err(Spent::All));
        drop(first);
        second.grow_to(40_000).unwrap();
        assert_eq!(budget.held(), 100_000);
        drop((second, other, nobody));
        assert_eq!((budget.held(), budget.locked().by_holder.len()), (0, 0));
    }

    #[test]
    fn a_small_body_is_not_counted_and_a_grown_one_once() {
        let budget = Arc::new(Budget::new(100_000, 100_000, 100_000));
        let mut charge = Charge::new(budget.clone(), None);
        charge.grow_to(FREE_BYTES).unwrap();
        assert_eq!(budget.held(), 0);
        charge.grow_to(8_192).unwrap();
        charge.grow_to(16_384).unwrap();
        charge.grow_to(1).unwrap();
        assert_eq!(budget.held(), 16_384);
    }
}
