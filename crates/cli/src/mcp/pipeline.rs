//! The way from a tool to the pipeline of the same process.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt, Limited};
use keyway_gateway::pipeline::{FromAgents, Gateway};
use keyway_mcp::API_ANSWER_BYTES_MAX;
use keyway_mcp::road::{Answer, BoxFuture, Call, Road, RoadError};
use tokio::sync::mpsc;

/// Calls the pipeline.
pub struct InProcess {
    /// The pipeline.
    pub gateway: Arc<Gateway>,
    /// The host that the calls name.
    pub host: String,
    /// Held while there is a call that the server waits for before it ends.
    pub alive: mpsc::Sender<()>,
}

impl Road for InProcess {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, RoadError>> {
        Box::pin(async move {
            let (mut head, body, source) = call.into_request(&self.host)?;
            // Tokens that were made for agents are good on this way alone.
            head.extensions.insert(FromAgents);
            let (gateway, alive) = (self.gateway.clone(), self.alive.clone());
            // A task of its own: a call that may have changed something comes to its record though nobody waits any more.
            let answering = tokio::spawn(async move {
                let answer = answer(&gateway, &head, body, source).await;
                drop(alive);
                answer
            });
            answering.await.unwrap_or_else(|_| Err(RoadError::Unreachable("the call broke off in Keyway; see the server's log".into())))
        })
    }
}

async fn answer(gateway: &Gateway, head: &Parts, body: Bytes, source: IpAddr) -> Result<Answer, RoadError> {
    let answer = gateway.handle_whole(head, body, source).await.map_err(|cut| RoadError::Unreachable(cut.to_string()))?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, API_ANSWER_BYTES_MAX).collect().await.map_err(too_long_or_cut)?.to_bytes();
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// Why an answer was not read to its end.
pub fn too_long_or_cut(error: Box<dyn std::error::Error + Send + Sync>) -> RoadError {
    if error.is::<http_body_util::LengthLimitError>() { RoadError::TooLong } else { RoadError::Unreachable("the answer was cut".into()) }
}
