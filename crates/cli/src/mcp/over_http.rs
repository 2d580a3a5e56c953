//! The way from a tool to a data listener elsewhere.

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keyway_gateway::tls;
use keyway_mcp::API_ANSWER_BYTES_MAX;
use keyway_mcp::road::{Answer, BoxFuture, Call, Road, RoadError};

use super::pipeline::too_long_or_cut;

/// Calls a data listener.
pub struct OverHttp {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    origin: String,
    authority: String,
}

impl OverHttp {
    /// For the listener at an address.
    ///
    /// # Errors
    /// The address names no host.
    pub fn new(url: Uri) -> anyhow::Result<Self> {
        let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_http1().build();
        let authority = url.authority().context("the address names no host")?.to_string();
        let origin = format!("{}://{authority}", url.scheme_str().unwrap_or("http"));
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(https), origin, authority })
    }
}

impl Road for OverHttp {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, RoadError>> {
        Box::pin(async move {
            let (mut head, body, _) = call.into_request(&self.authority)?;
            let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
            head.uri = format!("{}{target}", self.origin).parse().map_err(|_| RoadError::NotARequest)?;
            let answering = self.client.request(Request::from_parts(head, Full::new(body)));
            let unreachable = |_| {
                RoadError::Unreachable(format!("no Keyway answers at {}; start it, or name its data listener with KEYWAY_URL", self.origin))
            };
            let (head, body) = answering.await.map_err(unreachable)?.into_parts();
            let body = Limited::new(body, API_ANSWER_BYTES_MAX).collect().await.map_err(too_long_or_cut)?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        })
    }
}
