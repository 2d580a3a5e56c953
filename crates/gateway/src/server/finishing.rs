//! Work that comes to its end though nobody waits for it any more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that goes on as a task of its own when it is dropped before its end. Until then it costs
/// no task: that of its connection polls it.
pub(super) struct Finishing<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> Finishing<F> {
    pub(super) fn new(work: F) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Finishing<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out meanwhile: what panics is not polled again.
        let Some(mut work) = self.0.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Finishing<F> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_goes_on_to_its_end() {
        let ((go, told), (done, finished)) = (oneshot::channel::<()>(), oneshot::channel());
        let mut work = Box::pin(Finishing::new(async move {
            let _ = told.await;
            let _ = done.send(7);
        }));
        assert!(work.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(finished.await, Ok(7));
    }

    #[tokio::test]
    async fn what_has_ended_is_not_begun_again() {
        let (done, finished) = oneshot::channel();
        Finishing::new(async move { done.send(1) }).await.unwrap();
        assert_eq!(finished.await, Ok(1));
    }
}
