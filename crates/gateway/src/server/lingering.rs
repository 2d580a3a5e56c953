//! The end of a connection whose client may still be sending.
//!
//! A connection that is closed over bytes that nobody read is reset, and the client's system throws away
//! the answer that it has not forwarded yet (RFC 9112, section 9.6). So this side says that nothing more
//! comes, and reads on for a while before it closes.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long a client may go on sending in all.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How long it may send nothing.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Bytes that it may send: several times the largest body that is taken.
const BYTES_MAX: usize = 64 << 20;
/// Bytes read at a time.
const PIECE_BYTES: usize = 8 << 10;

/// Closes a connection once the client has stopped sending, or has had its time.
pub(crate) async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let reading = async {
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut piece = vec![0; PIECE_BYTES];
        let mut left = BYTES_MAX;
        while let Ok(Ok(count @ 1..)) = tokio::time::timeout(PAUSE_MAX, stream.read(&mut piece)).await {
            match left.checked_sub(count) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(TIME_MAX, reading).await;
}
