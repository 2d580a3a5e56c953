//! Standard input and output, for a client that starts the server itself.

use std::sync::Arc;

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::{StdioReader, StdioWriter, stdio_pipes};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::REQUEST_BYTES_MAX;
use crate::road::Visitor;
use crate::server::{Door, Handler};

/// What a person reads who starts the command.
const NO_REQUEST: &str = "standard input ended before an agent sent a request. An agent's program starts \"keyway mcp\"; for its settings, run \"keyway mcp snippet\"";

/// Standard input and output.
pub fn streams() -> (StdioReader, StdioWriter) {
    stdio_pipes()
}

/// Speaks the protocol until the client closes its end. A line is a message.
///
/// # Errors
/// The client does not speak the protocol, or the connection broke; the text says which.
pub async fn serve<R, W>(door: Arc<Door>, visitor: Visitor, input: R, output: W) -> Result<(), String>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(REQUEST_BYTES_MAX);
    let running = Handler::of(door, visitor).serve(transport).await.map_err(|error| match error {
        ServerInitializeError::ConnectionClosed(before) if before == "initialize request" => NO_REQUEST.to_owned(),
        error => error.to_string(),
    })?;
    running.waiting().await.map(drop).map_err(|error| error.to_string())
}
