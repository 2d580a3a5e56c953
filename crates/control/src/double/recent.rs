//! The last things of one kind: numbered, bounded in number and in bytes, and waited for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::sync::locked;

/// A thing that is kept.
pub trait Keep {
    /// Takes the number it is given.
    fn set_number(&mut self, number: u64);
    /// Bytes of its body.
    fn bytes(&self) -> usize;
}

/// The last of them.
pub struct Recent<T> {
    kept: Mutex<Kept<T>>,
    /// The number of the last one.
    last: watch::Sender<u64>,
    count_max: usize,
    bytes_max: usize,
}

struct Kept<T> {
    things: VecDeque<Arc<T>>,
    bytes: usize,
    number: u64,
}

impl<T: Keep> Recent<T> {
    /// Keeps `count_max` entries, with `bytes_max` bytes of bodies.
    pub fn new(count_max: usize, bytes_max: usize) -> Self {
        let kept = Kept { things: VecDeque::new(), bytes: 0, number: 0 };
        Self { kept: Mutex::new(kept), last: watch::Sender::new(0), count_max, bytes_max }
    }

    /// Keeps one more; it is given its number.
    pub fn note(&self, mut thing: T) -> Arc<T> {
        let mut kept = self.lock();
        kept.number += 1;
        thing.set_number(kept.number);
        kept.bytes += thing.bytes();
        let thing = Arc::new(thing);
        kept.things.push_back(thing.clone());
        // The newest stays, however long.
        while kept.things.len() > self.count_max || (kept.bytes > self.bytes_max && kept.things.len() > 1) {
            let Some(oldest) = kept.things.pop_front() else { break };
            kept.bytes -= oldest.bytes();
        }
        // Under the lock, so that the number never goes back.
        self.last.send_replace(kept.number);
        thing
    }

    /// Those that fit, oldest first.
    pub fn find(&self, fits: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
        // The bodies are read outside of the lock: more come meanwhile.
        let all: Vec<Arc<T>> = self.lock().things.iter().cloned().collect();
        all.into_iter().filter(|one| fits(one)).collect()
    }

    /// The number of the last one, which changes with each.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Forgets all of them; numbers go on.
    pub fn clear(&self) {
        let mut kept = self.lock();
        kept.things.clear();
        kept.bytes = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        locked(&self.kept)
    }
}
