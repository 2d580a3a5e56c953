//! A connection whose client must take what is written to it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long a client may take less than [`BYTES_MIN`] of an answer.
const TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes that it must take in that time.
const BYTES_MIN: usize = 16 << 10;

/// How long a client may take for what TLS holds back of an answer, 64 KiB at most: as long as at the least rate.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(120);

/// A connection that ends when its client takes too little.
pub(crate) struct Written<S> {
    stream: S,
    patience: Duration,
    flush_patience: Duration,
    /// Runs since the client did not take what is to be flushed; none where it does.
    stuck: Option<Pin<Box<Sleep>>>,
    /// Runs since the client did not take all; none where it does.
    late: Option<Pin<Box<Sleep>>>,
    /// Bytes that it took since then.
    taken: usize,
}

impl<S> Written<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, patience: TIME_MAX, flush_patience: FLUSH_TIME_MAX, stuck: None, late: None, taken: 0 }
    }
}

impl<S: AsyncWrite + Unpin> Written<S> {
    fn write_with(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let this = self;
        if let Poll::Ready(written) = write(Pin::new(&mut this.stream), cx) {
            let count = written?;
            this.taken += count;
            if this.taken >= BYTES_MIN {
                this.late = None;
            }
            return Poll::Ready(Ok(count));
        }
        let late = match &mut this.late {
            Some(late) => late,
            none => {
                this.taken = 0;
                none.insert(Box::pin(tokio::time::sleep(this.patience)))
            }
        };
        ready!(late.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// TLS takes more than the client does, and forwards it in `flush` and `shutdown`.
    fn flush_with(
        &mut self,
        cx: &mut Context<'_>,
        flush: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(done) = flush(Pin::new(&mut self.stream), cx) {
            self.stuck = None;
            return Poll::Ready(done);
        }
        let patience = self.flush_patience;
        ready!(self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Written<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write_with(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.write_with(cx, |stream, cx| stream.poll_write_vectored(cx, bytes))
    }

    /// Without it hyper would copy each answer, and keep the room for the next.
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.flush_with(cx, |stream, cx| stream.poll_flush(cx)))?;
        self.late = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flush_with(cx, |stream, cx| stream.poll_shutdown(cx))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Written<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (_client, server) = tokio::io::duplex(1_000);
        let mut written = Written { patience: Duration::from_millis(20), ..Written::new(server) };
        let ended = written.write_all(&[0; 10_000]).await;
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    /// Takes all at once and hands none of it on, as TLS does for a client that stopped reading.
    struct Held;

    impl AsyncWrite for Held {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_of_what_tls_holds_is_given_up() {
        let held = || Written { flush_patience: Duration::from_millis(20), ..Written::new(Held) };
        let mut flushed = held();
        flushed.write_all(&[0; 100]).await.unwrap();
        assert_eq!(flushed.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(held().shutdown().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_takes_all_gets_all() {
        let (mut client, server) = tokio::io::duplex(1_000);
        let mut written = Written::new(server);
        let writing = tokio::spawn(async move { written.write_all(&[0; 1_000_000]).await });
        let mut taken = Vec::new();
        client.read_to_end(&mut taken).await.unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(taken.len(), 1_000_000);
    }
}
