//! One HTTPS request at a time, to the servers that secrets are delivered to and read from.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use keyway_gateway::tls;
use serde_json::Value;

/// Longest wait for one answer, and its largest size in bytes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A request; headers may hold secrets and are never printed.
pub struct Call<'a> {
    pub method: Method,
    pub url: &'a str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
}

/// Sends it; the status and the JSON of the answer, or null where it has none.
pub async fn send(call: Call<'_>) -> anyhow::Result<(u16, Value)> {
    let uri: Uri = call.url.parse().with_context(|| format!("{} is not a URL", call.url))?;
    let host = uri.host().with_context(|| format!("{} names no host", call.url))?.to_owned();
    let plain = uri.scheme_str() == Some("http");
    if plain && !matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]") {
        bail!("{} is not HTTPS: secrets are sent in plain text to this machine only", call.url);
    }
    let mut request = Request::builder().method(call.method).uri(uri).body(Full::new(Bytes::from(call.body.unwrap_or_default())))?;
    for (name, value) in call.headers {
        let mut value = HeaderValue::from_str(&value).with_context(|| format!("the {name} header can't hold its value"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_all_versions().build();
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let exchange = async {
        let answer = client.request(request).await.with_context(|| format!("{host} can't be reached"))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("{host} cut its answer or made it too long: {error}"))?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    };
    tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.with_context(|| format!("{host} did not answer in time"))?
}
