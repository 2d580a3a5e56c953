//! The certificate authorities that Keyway trusts when it calls others over TLS: Mozilla's list (as of the
//! build), and those that the operator names. Companies need theirs if a proxy intercepts TLS.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use keyway_core::shown;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Further authorities, for the whole process; set once, before the first call.
static MORE: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();

/// A file of certificates that can't be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It can't be read, or is not PEM.
    #[error("{} {}", shown::path(&file), fault_of("certificates", error))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The fault.
        error: rustls::pki_types::pem::Error,
    },
    /// The file has no certificate, or one that is not an authority's.
    #[error("{} holds no certificate of an authority", keyway_core::shown::path(.0))]
    NoAuthority(PathBuf),
}

/// What is wrong with a PEM file that should hold certificates or a key.
pub fn fault_of(what: &str, error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => format!("can't be read: {}", shown::cause(error)),
        other => format!("holds no {what} in PEM: {other}"),
    }
}

/// Trusts the authorities in a PEM file too, from now on and in all of the process.
///
/// # Errors
/// There is none in it.
pub fn trust(file: &Path) -> Result<(), TrustError> {
    let _ = MORE.set(authorities(file)?);
    Ok(())
}

/// The authorities in a PEM file.
///
/// # Errors
/// There is none in it.
pub fn authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let unreadable = |error| TrustError::Unreadable { file: file.to_owned(), error };
    let read: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(file).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
    let (added, _) = RootCertStore::empty().add_parsable_certificates(read.iter().cloned());
    if added == 0 {
        return Err(TrustError::NoAuthority(file.to_owned()));
    }
    Ok(read)
}

/// The authorities that [`trust`] added.
pub fn added() -> &'static [CertificateDer<'static>] {
    MORE.get().map_or(&[], Vec::as_slice)
}

/// TLS 1.2 and 1.3, with rustls' choice of ciphers.
pub fn client() -> ClientConfig {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(added().iter().cloned());
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// Begins TLS with a server, over a connection to it.
///
/// # Errors
/// The host is not a name or an address, or the handshake fails: the server's certificate is not for the host, or no
/// trusted authority signed it.
pub async fn connect(host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(client())).connect(name, stream).await
}

/// What to change where TLS refused a server's certificate; none where that is not known.
pub fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(why) = of_tls(error)? else { return None };
    match why {
        CertificateError::UnknownIssuer => {
            Some("no authority that Keyway trusts signed it. Name the PEM file of its authority in KEYWAY_CA_FILE")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("it is for another host. Use a name or an address that the certificate has")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some("it has expired. Renew it"),
        // The library has no variant for this one.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => Some(
            "it is the certificate of an authority (CA:TRUE), and no server may use one as its own. \"openssl req -x509\" makes such a certificate unless it gets -addext basicConstraints=critical,CA:FALSE: make it again with that",
        ),
        _ => None,
    }
}

/// The error of TLS that another error holds.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut below = Some(error);
    while let Some(error) = below {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An error of IO returns the source of what it holds, and not what it holds.
        if let Some(held) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return of_tls(held);
        }
        below = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_authority_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        assert!(trust(&file).unwrap_err().to_string().contains("ca.pem"));
        std::fs::write(&file, "not a certificate").unwrap();
        assert!(matches!(trust(&file), Err(TrustError::NoAuthority(_))));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(matches!(trust(&file), Err(TrustError::NoAuthority(_))));
    }
}
