//! The end of a connection whose client may still be sending.
//!
//! A connection that is closed over bytes that nobody read is reset, and the client's system throws away
//! the answer that it has not forwarded yet (RFC 9112, section 9.6). So this side says that nothing more
//! comes, and reads on for a while before it closes.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much longer a client may send.
#[derive(Clone, Copy)]
struct Bounds {
    /// In all.
    time: Duration,
    /// Without a byte.
    pause: Duration,
    bytes: usize,
}

/// The bytes are several times those of the largest body that is taken.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(10), pause: Duration::from_secs(2), bytes: 64 << 20 };
/// Bytes read at a time.
const PIECE_BYTES: usize = 8 << 10;

/// Closes a connection once the client has stopped sending, or has had its time.
pub(crate) async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    close_within(BOUNDS, stream).await;
}

async fn close_within<S: AsyncRead + AsyncWrite + Unpin>(bounds: Bounds, mut stream: S) {
    let reading = async {
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut piece = vec![0; PIECE_BYTES];
        let mut left = bounds.bytes;
        while let Ok(Ok(count @ 1..)) = tokio::time::timeout(bounds.pause, stream.read(&mut piece)).await {
            match left.checked_sub(count) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(bounds.time, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);
    /// None of these is reached.
    const FAR: Bounds = Bounds { time: LONG, pause: LONG, bytes: usize::MAX };

    /// Closes a connection whose client sends pieces of a byte for as long as it can. Returns how many it sent.
    async fn sent_within(bounds: Bounds) -> usize {
        let (mut client, server) = tokio::io::duplex(1);
        let closing = tokio::spawn(close_within(bounds, server));
        let mut sent = 0;
        while client.write_all(b"x").await.is_ok() {
            sent += 1;
        }
        closing.await.unwrap();
        sent
    }

    #[tokio::test]
    async fn a_client_that_goes_on_sending_is_cut_off_after_its_bytes_and_after_its_time() {
        assert!((100..110).contains(&sent_within(Bounds { bytes: 100, ..FAR }).await));
        assert!(sent_within(Bounds { time: SHORT, ..FAR }).await > 0);
    }

    #[tokio::test]
    async fn a_client_that_sends_nothing_is_given_up_and_one_that_closes_is_not_waited_for() {
        let (client, server) = tokio::io::duplex(1);
        close_within(Bounds { pause: SHORT, ..FAR }, server).await;
        drop(client);
        let (client, server) = tokio::io::duplex(1);
        drop(client);
        close_within(FAR, server).await;
    }

    #[tokio::test]
    async fn all_that_was_under_way_is_read_before_the_end() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        client.write_all(&[0; 100_000]).await.unwrap();
        client.shutdown().await.unwrap();
        close(server).await;
        // This side said first that it sends no more.
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
