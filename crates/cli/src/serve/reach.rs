//! How clients reach the data and the admin listener: over TLS, through proxies, and at which address.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use keyway_core::client_address::{Form, Network};
use keyway_gateway::pipeline::Addresses;
use keyway_gateway::server::{Files, NamedIn, Tls, Transport};
use keyway_gateway::upstream::Base;

use crate::args::serve::{ClientAddress, Serve};

/// What both listeners have in common.
pub struct Reach {
    /// TLS, where they have it.
    pub tls: Option<Arc<Tls>>,
    /// How connections reach them.
    pub transport: Transport,
}

impl Reach {
    /// Reads the certificate, where there is one.
    ///
    /// # Errors
    /// It can't be used.
    pub fn new(serve: &Serve) -> anyhow::Result<Self> {
        let tls = match (&serve.tls_cert, &serve.tls_key) {
            (Some(certificates), Some(key)) => {
                let files = Files { certificates: certificates.clone(), key: key.clone() };
                Some(Arc::new(Tls::open(files).context("--tls-cert and --tls-key can't be used")?))
            }
            // One alone was refused with the command line.
            _ => None,
        };
        let transport = Transport::new(serve.trusted_proxies.clone(), named_in(serve), tls.clone());
        Ok(Self { tls, transport })
    }

    /// The scheme of both listeners.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Where the listeners are reached: as the operator says, or where they are bound.
    ///
    /// # Errors
    /// What the operator says is not a URL.
    pub fn addresses(&self, serve: &Serve, data: SocketAddr, admin: SocketAddr) -> anyhow::Result<Addresses> {
        let scheme = self.scheme();
        Ok(Addresses {
            data: address(serve.public_url.as_deref(), "--public-url", scheme, data)?,
            admin: address(serve.admin_url.as_deref(), "--admin-url", scheme, admin)?,
        })
    }
}

/// Warns where any client could name another client's address.
pub fn warn_of_everybody(serve: &Serve) {
    if serve.trusted_proxies.iter().any(Network::is_everybody) {
        tracing::warn!("--trusted-proxies names every address: any client can choose the address that the audit and lock-outs see");
    }
}

/// Where trusted proxies name the client.
pub const fn named_in(serve: &Serve) -> NamedIn {
    match serve.client_address {
        ClientAddress::XForwardedFor => NamedIn::Header(Form::XForwardedFor),
        ClientAddress::Forwarded => NamedIn::Header(Form::Forwarded),
        ClientAddress::ProxyProtocol => NamedIn::ProxyProtocol,
    }
}

/// Checks an address that the operator says.
///
/// # Errors
/// It is not a URL.
pub fn url(said: Option<&str>, option: &str) -> anyhow::Result<()> {
    said.map_or(Ok(()), |url| base(url, option).map(drop))
}

fn base(url: &str, option: &str) -> anyhow::Result<Base> {
    Base::parse(url).with_context(|| format!("{option} can't be taken"))
}

fn address(said: Option<&str>, option: &str, scheme: &str, bound: SocketAddr) -> anyhow::Result<String> {
    match said {
        Some(url) => Ok(base(url, option)?.to_string()),
        None => Ok(format!("{scheme}://{}", host_of(bound))),
    }
}

/// Host and port at which a bound listener is reached for certain: bound to every address, this machine's own.
pub fn host_of(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() { format!("localhost:{}", bound.port()) } else { bound.to_string() }
}
