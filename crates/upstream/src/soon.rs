//! A time limit whose timer is set late.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Waits for work, and returns its output if it is done in time.
///
/// Most work is done at its second poll, after the tasks that are ready. Only then is the timer set: a timer that ends before
/// all others costs a system call that wakes its own thread.
pub(super) async fn soon<T>(time_max: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut polled = false;
    let first = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if polled => Poll::Ready(None),
        Poll::Pending => {
            polled = true;
            // Behind the task that the work waits for, which it woke just now.
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match first.await {
        Some(output) => Some(output),
        None => tokio::time::timeout(time_max, work).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_another_task_does_at_once_sets_no_timer() {
        // It has no timers: to set one would panic.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (ask, asked) = tokio::sync::oneshot::channel::<tokio::sync::oneshot::Sender<u8>>();
            tokio::spawn(async move { asked.await.unwrap().send(7).unwrap() });
            let call = tokio::spawn(async move {
                let (answer, answered) = tokio::sync::oneshot::channel();
                ask.send(answer).unwrap();
                soon(Duration::from_secs(60), answered).await
            });
            assert_eq!(call.await.unwrap(), Some(Ok(7)));
        });
    }

    #[tokio::test]
    async fn work_that_is_not_done_in_time_has_no_output() {
        assert_eq!(soon(Duration::from_millis(1), std::future::pending::<u8>()).await, None);
    }
}
