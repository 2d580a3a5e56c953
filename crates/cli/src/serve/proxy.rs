//! The forward proxy of `keyway serve`: its settings, and its start.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::bail;
use keyway_core::hosts::API_PORT;
use keyway_core::secret::Secret;
use keyway_gateway::control::Control;
use keyway_gateway::pipeline::Gateway;
use keyway_gateway::proxy::{Others, Proxy, Settings};

use crate::args::serve::{ProxyOthers, Serve};

/// Shorter passwords could be guessed.
const PASSWORD_CHARS_MIN: usize = 16;

/// A proxy that is bound and not served yet.
pub struct Bound {
    listener: TcpListener,
    settings: Settings,
}

impl Bound {
    /// Binds the proxy if `--proxy` is given.
    ///
    /// # Errors
    /// The address can't be listened on, or the proxy would be open to strangers.
    pub fn new(serve: &Serve) -> anyhow::Result<Option<Self>> {
        let Some(address) = serve.proxy else { return Ok(None) };
        let settings = of_environment(serve, address)?;
        Ok(Some(Self { listener: super::listen::bind(address, "--proxy")?, settings }))
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// The proxy and its listener, with an authority that signs.
    pub async fn prepare(self, control: &Control, gateway: Arc<Gateway>) -> anyhow::Result<(Arc<Proxy>, TcpListener)> {
        control.ensure_proxy_authority().await?;
        Ok((Proxy::new(gateway, control.proxy_authorities(), self.settings), self.listener))
    }
}

/// What the command line and the environment say about a proxy at an address.
///
/// # Errors
/// Strangers could go anywhere through the proxy.
pub fn of_environment(serve: &Serve, address: SocketAddr) -> anyhow::Result<Settings> {
    settings(serve, address, std::env::var("KEYWAY_PROXY_PASSWORD").ok())
}

fn settings(serve: &Serve, address: SocketAddr, password: Option<String>) -> anyhow::Result<Settings> {
    let others = match serve.proxy_others {
        ProxyOthers::Refuse => Others::Refuse,
        ProxyOthers::Tunnel => Others::Tunnel,
    };
    if password.as_ref().is_some_and(|password| password.len() < PASSWORD_CHARS_MIN) {
        bail!("KEYWAY_PROXY_PASSWORD must have at least {PASSWORD_CHARS_MIN} characters");
    }
    if others == Others::Tunnel && password.is_none() && !address.ip().is_loopback() {
        bail!(
            "with --proxy-others tunnel, whoever reaches {address} would reach other hosts through this machine. Set KEYWAY_PROXY_PASSWORD, or pass --proxy with an address of this machine alone, such as 127.0.0.1:8486"
        );
    }
    Ok(Settings { others, private_addresses: serve.proxy_private_addresses, password: password.map(Secret::new), ports: vec![API_PORT] })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    fn with(options: &[&str], password: Option<&str>) -> anyhow::Result<Settings> {
        let Command::Serve(serve) = Args::parse_from([&["keyway", "serve"], options].concat()).command else { unreachable!("it is serve") };
        settings(&serve, serve.proxy.unwrap(), password.map(str::to_owned))
    }

    #[test]
    fn a_proxy_that_others_reach_tunnels_with_a_password_alone() {
        let open = ["--proxy", "0.0.0.0:8486", "--proxy-others", "tunnel"];
        assert!(with(&open, None).unwrap_err().to_string().contains("KEYWAY_PROXY_PASSWORD"));
        assert!(with(&open, Some("short")).unwrap_err().to_string().contains("16 characters"));
        assert!(with(&open, Some("correct horse battery")).is_ok());
        assert!(with(&["--proxy", "127.0.0.1:8486", "--proxy-others", "tunnel"], None).is_ok());
        // Without tunnels it leads to HubSpot's API alone, where each call has a token of its own.
        assert_eq!(with(&["--proxy", "0.0.0.0:8486"], None).unwrap().others, Others::Refuse);
    }
}
