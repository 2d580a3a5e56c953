//! `keyway exec --proxy`: the variables with which a command that calls `https://api.hubapi.com` reaches the account.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use tempfile::NamedTempFile;

/// Where clients read the proxy from. curl and wget read the second spelling.
const PROXY: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// Hosts that clients reach without the proxy.
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Where clients read the authorities that they trust from (docs/proxy.md).
const TRUST: [&str; 4] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/// The proxy, and the file with its authority's certificate. The file goes with it.
pub struct Proxied {
    address: SocketAddr,
    certificates: NamedTempFile,
}

impl Proxied {
    /// Writes the certificates, in PEM.
    ///
    /// # Errors
    /// There is no room in the folder for temporary files.
    pub fn new(address: SocketAddr, pem: &str) -> anyhow::Result<Self> {
        let write = || {
            let mut file = tempfile::Builder::new().prefix("keyway-ca-").suffix(".pem").tempfile()?;
            file.write_all(pem.as_bytes()).map(|()| file)
        };
        Ok(Self { address, certificates: write().context("--proxy: the file of the proxy's certificate can't be written")? })
    }

    /// The variables.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let proxy = PROXY.map(|name| (name, format!("http://{}", self.address)));
        let direct = DIRECT.map(|name| (name, "localhost,127.0.0.1,::1".to_owned()));
        let file = shown_path(self.certificates.path());
        let trust = TRUST.map(|name| (name, file.clone()));
        // Node.js reads HTTPS_PROXY only with this (from 22.21 and 24.5 on).
        let node = [("NODE_USE_ENV_PROXY", "1".to_owned())];
        proxy.into_iter().chain(direct).chain(trust).chain(node).collect()
    }
}

fn shown_path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
