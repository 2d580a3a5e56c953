//! Ends the TLS of a client that wanted to reach HubSpot's API, with a certificate of the proxy's authority.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyway_core::hosts::ApiHost;
use keyway_core::time::Timestamp;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authority::{self, AuthorityError};
use crate::clock;
use crate::control::Authorities;

/// How long a client may take from the 200 of its `CONNECT` to the end of the handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long one certificate is used, in milliseconds: half of its life.
const USE_MS_MAX: i64 = 12 * 3_600_000;
/// Certificates kept. There are as many hosts as data centres; a client may invent more.
const KEPT_MAX: usize = 64;
/// A fatal TLS alert, `unrecognized_name` (RFC 8446, section 6.2), as a record of its own.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Makes certificates for hosts when they are asked for, and keeps them in memory for a while.
pub(super) struct Certificates {
    authorities: Authorities,
    kept: Mutex<HashMap<ApiHost, Kept>>,
}

struct Kept {
    config: Arc<ServerConfig>,
    authority: u64,
    made_at: Timestamp,
}

impl Certificates {
    pub(super) fn new(authorities: Authorities) -> Self {
        Self { authorities, kept: Mutex::default() }
    }

    /// Takes the client's side of TLS. A client that names a host (SNI) must name the one of its `CONNECT`.
    ///
    /// # Errors
    /// The handshake fails, takes too long, is for another host, or is none; or no authority signs.
    pub(super) async fn accept<S>(&self, stream: S, host: &ApiHost) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_within(HANDSHAKE_TIME_MAX, stream, host).await
    }

    async fn accept_within<S>(&self, longest: Duration, stream: S, host: &ApiHost) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = async {
            let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            if let Some(name) = start.client_hello().server_name()
                && ApiHost::parse(name).as_ref() != Some(host)
            {
                let what = format!("the client asked for {host} by CONNECT, and for another host by TLS (SNI)");
                let mut stream = start.io;
                let _ = stream.write_all(&UNRECOGNIZED_NAME).await;
                let _ = stream.shutdown().await;
                return Err(io::Error::other(what));
            }
            let config = self.config(host, clock::now()).map_err(io::Error::other)?;
            start.into_stream(config).await
        };
        tokio::time::timeout(longest, handshake).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn config(&self, host: &ApiHost, now: Timestamp) -> Result<Arc<ServerConfig>, AuthorityError> {
        let authorities = self.authorities.load();
        let signing = authority::signing(&authorities, now).ok_or(AuthorityError::None)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The clock may be set back, too.
        let fresh = |one: &&Kept| one.authority == signing.id && (0..USE_MS_MAX).contains(&(now.as_ms() - one.made_at.as_ms()));
        if let Some(one) = kept.get(host).filter(fresh) {
            return Ok(one.config.clone());
        }
        let config = Arc::new(authority::server_config(signing, host, now)?);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(host.clone(), Kept { config: config.clone(), authority: signing.id, made_at: now });
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProxyAuthority;

    #[test]
    fn a_certificate_is_kept_until_it_is_old_or_another_authority_signs() {
        let now = Timestamp::from_ms(1_795_000_000_000);
        let make = |id| Arc::new(ProxyAuthority { id, ..authority::make(now, now, [0; 4]).unwrap() });
        let authorities = Authorities::default();
        authorities.store(Arc::new(vec![make(1)]));
        let certificates = Certificates::new(authorities.clone());
        let host = ApiHost::parse("api.hubapi.com").unwrap();
        let config = |at: Timestamp| certificates.config(&host, at).unwrap();
        let first = config(now);
        assert!(Arc::ptr_eq(&first, &config(now.plus_ms(USE_MS_MAX - 1))));
        let second = config(now.plus_ms(USE_MS_MAX));
        assert!(!Arc::ptr_eq(&first, &second));
        authorities.store(Arc::new(vec![make(2)]));
        assert!(!Arc::ptr_eq(&second, &config(now.plus_ms(USE_MS_MAX))));
        authorities.store(Arc::default());
        assert!(certificates.config(&host, now).is_err_and(|error| error.to_string().contains("keyway proxy ca --renew")));
    }

    #[tokio::test]
    async fn a_client_that_never_begins_its_handshake_is_given_up() {
        let certificates = Certificates::new(Authorities::default());
        let (mut client, server) = tokio::io::duplex(1_024);
        // The length of a record that never comes.
        client.write_all(&[22, 3, 1, 1, 0]).await.unwrap();
        let host = ApiHost::parse("api.hubapi.com").unwrap();
        let ended = certificates.accept_within(Duration::from_millis(1), server, &host).await;
        assert_eq!(ended.err().unwrap().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn invented_hosts_fill_no_memory() {
        let now = Timestamp::from_ms(1_795_000_000_000);
        let authorities = Authorities::default();
        authorities.store(Arc::new(vec![Arc::new(authority::make(now, now, [0; 4]).unwrap())]));
        let certificates = Certificates::new(authorities);
        for number in 0..KEPT_MAX * 2 {
            let (a, b) = (char::from(b'a' + (number / 10 % 26) as u8), number % 10);
            certificates.config(&ApiHost::parse(&format!("api-{a}a{b}.hubapi.com")).unwrap(), now).unwrap();
        }
        assert!(certificates.kept.lock().unwrap().len() <= KEPT_MAX);
    }
}
