//! Sends single HTTPS requests to the servers to which secrets are delivered and from which they are read.

use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keyway_core::shown;
use keyway_upstream::{is_this_machine, tls};
use serde_json::Value;

/// Longest wait for one answer, and its largest size in bytes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Created at the first request, when the trusted authorities are known. Later requests use its connections.
static CLIENT: LazyLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>> = LazyLock::new(|| {
    let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_all_versions().build();
    Client::builder(TokioExecutor::new()).build(https)
});

/// A URL that tokens may go to: HTTPS, or plain HTTP to this machine. `option` names it in the error.
///
/// # Errors
/// It is not a URL, or tokens would cross the network in plain text.
pub fn for_tokens(option: &str, url: &str) -> anyhow::Result<Uri> {
    let uri: Uri = url.parse().with_context(|| format!("{option}: {} is not a URL", shown::line(url)))?;
    let is_near = uri.host().is_some_and(is_this_machine);
    if uri.scheme_str() != Some("https") && !(uri.scheme_str() == Some("http") && is_near) {
        bail!("{option}: {} is not HTTPS, and tokens are sent in plain text to this machine only", shown::line(url));
    }
    Ok(uri)
}

/// A request; headers may hold secrets and are never printed.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub url: &'a str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
}

/// Sends it; the status and the JSON of the answer, or null where it has none.
pub(crate) async fn send(call: Call<'_>) -> anyhow::Result<(u16, Value)> {
    let uri: Uri = call.url.parse().with_context(|| format!("{} is not a URL", call.url))?;
    let host = uri.host().with_context(|| format!("{} names no host", call.url))?.to_owned();
    if uri.scheme_str() == Some("http") && !is_this_machine(&host) {
        bail!("{} is not HTTPS: secrets are sent in plain text to this machine only", call.url);
    }
    let mut request = Request::builder().method(call.method).uri(uri).body(Full::new(Bytes::from(call.body.unwrap_or_default())))?;
    for (name, value) in call.headers {
        let mut value = HeaderValue::from_str(&value).with_context(|| format!("the {name} header can't hold its value"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    let exchange = async {
        let answer = CLIENT.request(request).await.map_err(|error| {
            let why = match tls::advice(&error) {
                Some(advice) => format!("Keyway does not trust the certificate of {host}: {advice}"),
                None => format!("{host} can't be reached"),
            };
            anyhow::Error::from(error).context(why)
        })?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("{host} cut its answer or made it too long: {error}"))?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    };
    tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.with_context(|| format!("{host} did not answer in time"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_https_and_to_this_machine_alone() {
        for fine in ["https://keyway.example.com", "http://127.0.0.1:8484", "http://localhost:1"] {
            assert!(for_tokens("--url", fine).is_ok(), "{fine}");
        }
        for wrong in ["http://192.0.2.1:8484", "http://keyway.example.com", "192.0.2.1:8484", "ftp://127.0.0.1", ""] {
            assert!(for_tokens("--url", wrong).unwrap_err().to_string().starts_with("--url: "), "{wrong}");
        }
    }
}
