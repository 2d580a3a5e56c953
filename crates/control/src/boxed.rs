//! Futures behind a pointer, for traits that are used as objects.

use std::pin::Pin;

/// A future that is not named.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
