//! TLS on the data and the admin listener, with a certificate from a file that is read again when the operator says
//! so.
//!
//! Both speak HTTP/1.1 inside (ALPN, RFC 7301), as they do without TLS.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use keyway_core::shown;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::lingering;
use crate::tls;

/// How long a client may take for its handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// Others of the system may not read the key, in the bits of a file's mode.
const OTHERS: u32 = 0o007;

/// A certificate and its key that are not taken.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The certificates can't be read.
    #[error("{} {}", shown::path(file), tls::fault_of("certificates", error))]
    Certificates {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        error: rustls::pki_types::pem::Error,
    },
    /// The key can't be read.
    #[error("{} {}", shown::path(file), tls::fault_of("private key", error))]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        error: rustls::pki_types::pem::Error,
    },
    /// Everybody on this machine could be this server.
    #[error(
        "every user of this machine can read the private key {}. Run chmod o= on it, or in Kubernetes set defaultMode: 0440 on the volume",
        shown::path(.0)
    )]
    KeyOfEverybody(PathBuf),
    /// They are not a pair, or of a kind that TLS does not know.
    #[error("{} and {} can't be used for TLS: {error}", shown::path(certificates), shown::path(key))]
    Pair {
        /// The file of certificates.
        certificates: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        error: rustls::Error,
    },
}

/// A certificate chain and its private key, in PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The server's certificate, then those that lead to its authority.
    pub certificates: PathBuf,
    /// The key of the first certificate.
    pub key: PathBuf,
}

/// TLS of a listener.
pub struct Tls {
    files: Files,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

/// The certificate that the next handshake uses.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the certificate and the key.
    ///
    /// # Errors
    /// They can't be read, are not a pair, or everybody can read the key.
    pub fn open(files: Files) -> Result<Self, CertificateError> {
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&files)?)));
        let mut config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { files, current, config: Arc::new(config) })
    }

    /// Reads the files again. Connections that are open keep the certificate that they have.
    ///
    /// # Errors
    /// What is in the files now is not taken; the certificate of before stays.
    pub fn reload(&self) -> Result<(), CertificateError> {
        self.current.0.store(Arc::new(read(&self.files)?));
        Ok(())
    }

    /// Takes the server's side of a handshake.
    ///
    /// # Errors
    /// It fails, or takes too long.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.accept_within(HANDSHAKE_TIME_MAX, stream).await
    }

    async fn accept_within(&self, longest: Duration, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let handshake = async {
            let mut first = [0];
            stream.peek(&mut first).await?;
            // A method, where a record of TLS begins with 22: somebody wrote http:// in place of https://.
            if first[0].is_ascii_uppercase() {
                stream.write_all(PLAIN_HTTP.as_bytes()).await?;
                lingering::close(stream).await;
                return Err(io::Error::other("the client speaks plain HTTP"));
            }
            TlsAcceptor::from(self.config.clone()).accept(stream).await
        };
        let accepted = tokio::time::timeout(longest, handshake).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        accepted.inspect_err(|error| tracing::debug!("a TLS handshake failed: {error}"))
    }
}

const PLAIN_HTTP: &str = concat!(
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 64\r\nconnection: close\r\n\r\n",
    "This port speaks HTTPS only. Write https:// in place of http://\n"
);

fn read(files: &Files) -> Result<CertifiedKey, CertificateError> {
    let Files { certificates, key } = files;
    let not_certificates = |error| CertificateError::Certificates { file: certificates.clone(), error };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificates).map_err(not_certificates)?.collect::<Result<_, _>>().map_err(not_certificates)?;
    if chain.is_empty() {
        return Err(not_certificates(rustls::pki_types::pem::Error::NoItemsFound));
    }
    let mode = std::fs::metadata(key).map(|file| file.permissions().mode()).unwrap_or_default();
    if mode & OTHERS != 0 {
        return Err(CertificateError::KeyOfEverybody(key.clone()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| CertificateError::Key { file: key.clone(), error })?;
    let provider = rustls::crypto::ring::default_provider();
    // Holds the key against the first certificate.
    CertifiedKey::from_der(chain, private, &provider).map_err(|error| CertificateError::Pair {
        certificates: certificates.clone(),
        key: key.clone(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;
    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsConnector;

    use super::*;

    /// A key and a certificate for localhost that is its own authority, written to a folder.
    fn write(folder: &std::path::Path, mode: u32) -> (Files, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let files = Files { certificates: folder.join("tls.crt"), key: folder.join("tls.key") };
        std::fs::write(&files.certificates, certificate.pem()).unwrap();
        let _ = std::fs::remove_file(&files.key);
        let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&files.key).unwrap();
        std::io::Write::write_all(&mut out, key.serialize_pem().as_bytes()).unwrap();
        (files, certificate.der().clone())
    }

    /// The certificate that a client is shown, and what ALPN chose, of what it offered.
    async fn shown_to(tls: &Arc<Tls>, trusts: &CertificateDer<'static>) -> io::Result<(CertificateDer<'static>, Option<Vec<u8>>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = tls.clone();
        let serving = tokio::spawn(async move { tls.accept(listener.accept().await.unwrap().0).await.map(drop) });
        let mut roots = RootCertStore::empty();
        roots.add(trusts.clone()).unwrap();
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(address).await?;
        let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        serving.await.unwrap()?;
        let connection = stream.get_ref().1;
        Ok((connection.peer_certificates().unwrap()[0].clone(), connection.alpn_protocol().map(<[u8]>::to_vec)))
    }

    #[tokio::test]
    async fn a_new_certificate_is_shown_after_a_reload_and_a_bad_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let (files, first) = write(folder.path(), 0o600);
        let tls = Arc::new(Tls::open(files.clone()).unwrap());
        assert_eq!(shown_to(&tls, &first).await.unwrap(), (first.clone(), Some(b"http/1.1".to_vec())));
        let (_, second) = write(folder.path(), 0o640);
        assert_eq!(shown_to(&tls, &first).await.unwrap().0, first, "nobody asked for it yet");
        tls.reload().unwrap();
        assert_eq!(shown_to(&tls, &second).await.unwrap().0, second);
        std::fs::write(&files.certificates, "half of a certif").unwrap();
        assert!(tls.reload().unwrap_err().to_string().contains("tls.crt holds no certificates"));
        std::fs::remove_file(&files.key).unwrap();
        assert!(tls.reload().is_err());
        assert_eq!(shown_to(&tls, &second).await.unwrap().0, second);
    }

    #[test]
    fn a_key_that_everybody_reads_and_one_of_another_certificate_are_refused() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, _) = write(folder.path(), 0o600);
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = Tls::open(files.clone()).err().unwrap().to_string();
        assert!(refused.contains("tls.key") && refused.contains("chmod o="), "{refused}");
        let (others, _) = write(other.path(), 0o600);
        let mixed = Files { key: others.key, ..files.clone() };
        assert!(matches!(Tls::open(mixed), Err(CertificateError::Pair { .. })));
        let nothing = Files { certificates: folder.path().join("none.crt"), ..files };
        assert!(Tls::open(nothing).err().unwrap().to_string().contains("none.crt"));
    }

    #[tokio::test]
    async fn who_speaks_plain_http_is_told_so_and_who_says_nothing_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls::open(write(folder.path(), 0o600).0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connect = async || {
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            (client, listener.accept().await.unwrap().0)
        };
        let (mut client, server) = connect().await;
        client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        client.shutdown().await.unwrap();
        assert!(tls.accept(server).await.is_err());
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())) && body.contains("https://"), "{text}");
        let (_silent, server) = connect().await;
        assert_eq!(tls.accept_within(Duration::from_millis(1), server).await.err().unwrap().kind(), io::ErrorKind::TimedOut);
        let (mut slow, server) = connect().await;
        // The length of a record that never comes.
        slow.write_all(&[22, 3, 1, 1, 0]).await.unwrap();
        assert_eq!(tls.accept_within(Duration::from_millis(1), server).await.err().unwrap().kind(), io::ErrorKind::TimedOut);
    }
}
