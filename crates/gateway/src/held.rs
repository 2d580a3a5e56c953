//! Bytes of request bodies that are held in memory, counted while they arrive; and bytes of answers,
//! counted until their clients take them.
//!
//! One budget bounds all bodies of a listener, whoever sends them, and one holder gets a part of it
//! only: the bodies of one app never keep out those of another. Bodies up to [`FREE_BYTES`] are not
//! counted, so that an ordinary call takes no lock here: connections are bounded, and each has a read
//! buffer of that size anyhow. A second budget does the same for answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

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
    /// What all hold. Changed under the lock of `by_holder`, read without it.
    all: AtomicUsize,
    by_holder: Mutex<HashMap<Holder, usize>>,
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
        Self { bytes_max, app_bytes_max, unknown_bytes_max, all: AtomicUsize::new(0), by_holder: Mutex::default() }
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    /// Whether a holder may hold more.
    ///
    /// # Errors
    /// The budget, or the holder's part of it, is spent.
    pub(crate) fn check(&self, holder: Holder) -> Result<(), Spent> {
        let (part, all) = (self.part(holder), self.held());
        // Mostly: a holder has no more than all, and no lock is needed to know it.
        if all < part && all < self.bytes_max {
            return Ok(());
        }
        match self.locked().get(&holder) {
            Some(own) if *own >= part => Err(Spent::Part(part)),
            _ if all >= self.bytes_max => Err(Spent::All),
            _ => Ok(()),
        }
    }

    const fn part(&self, holder: Holder) -> usize {
        if holder.is_some() { self.app_bytes_max } else { self.unknown_bytes_max }
    }

    fn take_past(&self, holder: Holder, bytes: usize) {
        let mut by_holder = self.locked();
        *by_holder.entry(holder).or_default() += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }

    fn take(&self, holder: Holder, bytes: usize) -> Result<(), Spent> {
        let part = self.part(holder);
        let mut by_holder = self.locked();
        let own = by_holder.get(&holder).copied().unwrap_or(0) + bytes;
        if own > part {
            return Err(Spent::Part(part));
        }
        if self.held() + bytes > self.bytes_max {
            return Err(Spent::All);
        }
        by_holder.insert(holder, own);
        self.all.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn give_back(&self, holder: Holder, bytes: usize) {
        let mut by_holder = self.locked();
        self.all.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(own) = by_holder.get_mut(&holder) {
            *own -= bytes;
            if *own == 0 {
                by_holder.remove(&holder);
            }
        }
    }

    /// Nothing between lock and unlock panics.
    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<Holder, usize>> {
        self.by_holder.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Counts up to this many bytes in all.
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

    /// Counts bytes that are held whether or not there is room for them: others are kept out until they go.
    pub fn grow_past(&mut self, bytes: usize) {
        if bytes > FREE_BYTES && bytes > self.bytes {
            self.budget.take_past(self.holder, bytes - self.bytes);
            self.bytes = bytes;
        }
    }

    /// Bytes that stay counted until the last of them is let go.
    pub fn over(self, bytes: Bytes) -> Bytes {
        if self.bytes == 0 { bytes } else { Bytes::from_owner(Counted { bytes, _charge: self }) }
    }
}

/// Bytes, and what they are counted by.
struct Counted {
    bytes: Bytes,
    _charge: Charge,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
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
        assert_eq!((budget.held(), budget.locked().len()), (0, 0));
    }

    #[test]
    fn bytes_are_counted_until_the_last_part_of_them_goes() {
        let budget = Arc::new(Budget::new(100_000, 40_000, 20_000));
        let mut charge = Charge::new(budget.clone(), Some(1));
        charge.grow_to(39_999).unwrap();
        let answer = charge.over(vec![7; 39_999].into());
        assert_eq!((budget.held(), budget.check(Some(1))), (39_999, Ok(())));
        let rest = answer.slice(39_000..);
        drop(answer);
        assert_eq!((budget.held(), &rest[..3]), (39_999, &[7, 7, 7][..]));
        drop(rest);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_is_held_past_the_budget_keeps_its_holder_out_until_it_goes() {
        let budget = Arc::new(Budget::new(100_000, 40_000, 20_000));
        let mut charge = Charge::new(budget.clone(), Some(1));
        charge.grow_past(50_000);
        assert_eq!((budget.held(), budget.check(Some(1)), budget.check(Some(2))), (50_000, Err(Spent::Part(40_000)), Ok(())));
        assert_eq!(Charge::new(budget.clone(), Some(1)).grow_to(5_000), Err(Spent::Part(40_000)));
        let mut other = Charge::new(budget.clone(), Some(2));
        other.grow_past(50_000);
        assert_eq!(budget.check(Some(3)), Err(Spent::All));
        drop((charge, other));
        assert_eq!((budget.held(), budget.check(Some(1)), budget.locked().len()), (0, Ok(()), 0));
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
