//! The threads that perform long calls.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinHandle};

/// Fewest and most of them; between the two, one a core. An account has two at most, so that with the
/// fewest there is one for another account.
const FEWEST: usize = 4;
const MOST: usize = 16;

/// On a machine with this many cores.
fn count(cores: usize) -> usize {
    cores.clamp(FEWEST, MOST)
}

/// The workers of all accounts.
#[derive(Debug)]
pub struct Workers {
    /// For its blocking threads alone; taken when it ends.
    runtime: Option<Runtime>,
    places: Arc<Semaphore>,
}

/// A free worker.
pub struct Place<'w> {
    runtime: &'w Runtime,
    permit: OwnedSemaphorePermit,
}

impl Workers {
    /// None runs before it is needed, and none for long after.
    pub fn new() -> std::io::Result<Self> {
        Self::with(count(std::thread::available_parallelism().map_or(FEWEST, usize::from)))
    }

    fn with(count: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().thread_name("portal-worker").max_blocking_threads(count).build()?;
        Ok(Self { runtime: Some(runtime), places: Arc::new(Semaphore::new(count)) })
    }

    /// Waits for a free worker.
    pub async fn place(&self) -> Place<'_> {
        let permit = self.places.clone().acquire_owned().await.expect("the places are never closed");
        Place { runtime: self.runtime.as_ref().expect("it is taken when the workers end"), permit }
    }
}

impl Place<'_> {
    /// Runs work on a thread. The work continues even if its caller stops waiting.
    ///
    /// # Errors
    /// The work panicked, or the program ends.
    pub async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
        let permit = self.permit;
        let running: JoinHandle<T> = self.runtime.spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        running.await
    }
}

/// The program ends without waiting for a call in progress: what the call has not finished is not stored.
impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn there_is_one_a_core_between_the_fewest_and_the_most() {
        assert_eq!([1, 4, 7, 16, 128].map(count), [4, 4, 7, 16, 16]);
    }

    #[tokio::test]
    async fn a_call_waits_while_all_workers_are_taken() {
        let workers = Workers::with(2).unwrap();
        let (end, ended) = mpsc::channel::<()>();
        let (first, second) = (workers.place().await, workers.place().await);
        assert!(workers.places.try_acquire().is_err(), "both workers are taken");
        let (worked, ()) = tokio::join!(first.run(move || ended.recv().is_ok()), async { end.send(()).unwrap() });
        assert!(worked.unwrap());
        drop(workers.place().await);
        assert_eq!(second.run(|| 7).await.unwrap(), 7);
    }
}
