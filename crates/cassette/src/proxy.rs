//! Forwards calls to the upstream, and copies calls and answers for the tape.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Parts, PathAndQuery};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use keyway_core::refusal::Refusal;
use keyway_upstream::tls;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::tape::{BODY_BYTES_MAX, Exchange, Passed, Tape};

/// Clients that are served at one time; others wait.
const CONNECTIONS_MAX: usize = 128;
/// How long the upstream may take to begin its answer.
const HEAD_TIME_MAX: Duration = Duration::from_secs(120);
/// How long calls in progress may still take when the recording ends.
const END_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request.
const CLIENT_HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// Headers of one connection (RFC 9110, section 7.6.1). Keyway sets `Host` and the length itself.
const OF_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
];

type Outgoing = Client<HttpsConnector<HttpConnector>, Copied>;
type Answer = UnsyncBoxBody<Bytes, hyper::Error>;

/// A proxy that records, while it runs.
pub struct Proxy {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Serves until it is ended. `to` is the scheme and the host to which calls go.
    pub fn start(listener: TcpListener, to: Parts, tape: Arc<Tape>) -> Self {
        let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(https);
        let upstream = Arc::new(Upstream { client, to, tape });
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(accept(listener, upstream, stopped)) }
    }

    /// Accepts no more connections, and waits a moment for the calls in progress.
    pub async fn end(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(END_TIME_MAX, self.task).await;
    }
}

struct Upstream {
    client: Outgoing,
    to: Parts,
    tape: Arc<Tape>,
}

async fn accept(listener: TcpListener, upstream: Arc<Upstream>, mut stopped: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
            _ = stopped.changed() => break,
        };
        let (upstream, mut stopped) = (upstream.clone(), stopped.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let upstream = upstream.clone();
                async move { Ok::<_, Infallible>(upstream.pass(request).await) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(CLIENT_HEAD_TIME_MAX);
            let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
            let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stop => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    while connections.join_next().await.is_some() {}
}

impl Upstream {
    async fn pass(&self, request: Request<Incoming>) -> Response<Answer> {
        let (head, body) = request.into_parts();
        let sent = Arc::new(Mutex::new(Passed::default()));
        let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut parts = Parts::default();
        (parts.scheme, parts.authority, parts.path_and_query) = (self.to.scheme.clone(), self.to.authority.clone(), Some(target));
        let Ok(uri) = Uri::from_parts(parts) else { return refusal(Refusal::PathNotValid, "the request names no path") };
        let mut headers = kept(&head.headers);
        // A compressed answer can't be read, so the request accepts no compression.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut outgoing = Request::new(Copied { inner: body, copy: sent.clone(), finish: None });
        (*outgoing.method_mut(), *outgoing.uri_mut(), *outgoing.headers_mut()) = (head.method.clone(), uri, headers);
        let answer = match tokio::time::timeout(HEAD_TIME_MAX, self.client.request(outgoing)).await {
            Ok(Ok(answer)) => answer,
            failed => {
                self.tape.leave_out();
                return match failed {
                    Ok(Err(error)) if error.is_connect() => refusal(Refusal::HubSpotUnreachable, "keyway record can't reach the upstream"),
                    Ok(_) => refusal(Refusal::HubSpotBroke, "the connection of keyway record to the upstream broke"),
                    Err(_) => refusal(Refusal::HubSpotTimedOut, "the upstream of keyway record did not answer in time"),
                };
            }
        };
        let (answered, body) = answer.into_parts();
        let finish = Finish {
            tape: self.tape.clone(),
            head,
            sent,
            status: answered.status.as_u16(),
            answered: answered.headers.clone(),
            answer: Arc::default(),
        };
        let mut response = Response::new(Copied { inner: body, copy: finish.answer.clone(), finish: Some(finish) }.boxed_unsync());
        (*response.status_mut(), *response.headers_mut()) = (answered.status, kept(&answered.headers));
        response
    }
}

fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    let named = headers.get_all(header::CONNECTION).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    named.for_each(|name| drop(kept.remove(name.trim())));
    OF_CONNECTION.iter().for_each(|name| drop(kept.remove(name)));
    kept
}

/// An answer of the proxy itself, in HubSpot's envelope.
fn refusal(refusal: Refusal, what: &str) -> Response<Answer> {
    let error = refusal.error(what);
    let body = Full::new(Bytes::from(error.to_json("")));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A body that is copied as it passes.
struct Copied {
    inner: Incoming,
    copy: Arc<Mutex<Passed>>,
    /// Of an answer: writes the call once the body is done with, whole or cut.
    finish: Option<Finish>,
}

impl Body for Copied {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
            let room = BODY_BYTES_MAX.saturating_sub(copy.bytes.len()).min(data.len());
            copy.bytes.extend_from_slice(&data[..room]);
            copy.size += data.len() as u64;
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.copy.lock().unwrap_or_else(PoisonError::into_inner).is_whole = true;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What is written when an answer has passed.
struct Finish {
    tape: Arc<Tape>,
    head: http::request::Parts,
    sent: Arc<Mutex<Passed>>,
    status: u16,
    answered: HeaderMap,
    answer: Arc<Mutex<Passed>>,
}

impl Drop for Copied {
    fn drop(&mut self) {
        let Some(finish) = self.finish.take() else { return };
        let body = finish.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = finish.answer.lock().unwrap_or_else(PoisonError::into_inner);
        finish.tape.write(&Exchange {
            method: finish.head.method.as_str(),
            path: finish.head.uri.path(),
            query: finish.head.uri.query().unwrap_or_default(),
            asked: &finish.head.headers,
            body: &body,
            status: finish.status,
            answered: &finish.answered,
            answer: &answer,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_connection_names_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        headers.append(header::CONNECTION, HeaderValue::from_static("close, X-Hop"));
        headers.append(header::CONNECTION, HeaderValue::from_static("x-other,,"));
        for name in ["x-hop", "x-other", "x-end"] {
            headers.insert(name, HeaderValue::from_static("1"));
        }
        assert_eq!(kept(&headers).keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-end"]);
    }
}
