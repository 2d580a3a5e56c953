//! The admin listener on TCP: axum's routes behind the same bounds as the data listener, and a number of
//! connections of its own, so that nobody takes the data listener's descriptors here.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use super::written::Written;
use super::{HEAD_BYTES_MAX, HEAD_TIME_MAX, first_of};
use crate::upstream::Paced;

/// Connections at one time; more wait to be accepted.
const CONNECTIONS_MAX: u64 = 256;

/// Serves the admin API and the console on a bound socket, until `shutdown` turns true. Of the files and
/// connections that the process may have open, it takes a quarter at most.
pub async fn serve_admin(listener: TcpListener, router: Router, descriptors: Option<u64>, mut shutdown: watch::Receiver<bool>) {
    let connections = descriptors.map_or(CONNECTIONS_MAX, |descriptors| CONNECTIONS_MAX.min(descriptors / 4)).max(1);
    let places = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(1)));
    loop {
        let accepting = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let accepted = tokio::select! {
            accepted = accepting => accepted,
            _ = shutdown.wait_for(|stop| *stop) => return,
        };
        let ((stream, peer), place) = match accepted {
            (Ok(accepted), Ok(place)) => (accepted, place),
            (Err(error), _) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            // Nobody closes the semaphore.
            (Ok(_), Err(_)) => return,
        };
        let (router, mut shutdown) = (router.clone(), shutdown.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |request: Request<Incoming>| {
                let mut request = request.map(|body| Body::new(Paced::new(body)));
                request.extensions_mut().insert(ConnectInfo(peer));
                router.clone().oneshot(request)
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .max_header_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(Written::new(stream)), service);
            let mut connection = std::pin::pin!(connection);
            if first_of(connection.as_mut(), shutdown.wait_for(|stop| *stop)).await.is_none() {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
            drop(place);
        });
    }
}
