//! Settings that change while the server runs.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

/// A setting that a reload changes. Clones see the same value.
#[derive(Debug, Default)]
pub struct Live<T>(Arc<ArcSwap<T>>);

impl<T> Live<T> {
    /// Begins with a value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(value)))
    }

    /// The value as it is now. It costs no more than a read, so that a call can ask each time.
    pub fn get(&self) -> Guard<Arc<T>> {
        self.0.load()
    }

    /// Puts another value in its place.
    pub fn set(&self, value: T) {
        self.0.store(Arc::new(value));
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
