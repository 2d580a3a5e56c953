//! The certificate authority of the forward proxy, and the certificates that it signs.
//!
//! Pure except for the randomness of keys: where an authority is kept is `store`'s work, and which one
//! signs at a moment is decided here.

use std::sync::Arc;
use std::time::Duration;

use keyway_core::hosts::{ApiHost, PERMITTED_DOMAINS};
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::model::ProxyAuthority;

const DAY_MS: i64 = 86_400_000;
/// How long an authority lives, in milliseconds: two years.
pub const AUTHORITY_LIFETIME_MS: i64 = 730 * DAY_MS;
/// How long a host's certificate lives, in milliseconds. Longer than the longest connection is likely to last.
const LEAF_LIFETIME_MS: i64 = DAY_MS;
/// How far a client's clock may be behind this one, in milliseconds.
const CLOCK_SKEW_MS: i64 = 3_600_000;

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The library that makes certificates says why.
    #[error("a certificate can't be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The authority's key or certificate is not what this version writes.
    #[error("the proxy's authority can't be read: {0}")]
    Unreadable(#[from] rustls::pki_types::pem::Error),
    /// TLS refuses the certificate.
    #[error("TLS does not take the certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// None signs at the moment.
    #[error("no authority of the proxy is valid now. Make a new one with \"keyway proxy ca --renew --now\"")]
    None,
}

/// Makes an authority that signs from a moment on; its `id` is 0. The random bytes tell it from others in a
/// client's list.
///
/// # Errors
/// The system has no randomness.
pub fn make(now: Timestamp, signs_from: Timestamp, random: [u8; 4]) -> Result<ProxyAuthority, AuthorityError> {
    let key = KeyPair::generate()?;
    let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("Keyway proxy {} {suffix}", now.to_date());
    let expires_at = signs_from.plus_ms(AUTHORITY_LIFETIME_MS);
    let mut params = authority_params(&name);
    valid(&mut params, now, expires_at);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: PERMITTED_DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned())).collect(),
        // A constraint holds for names of its own kind alone (RFC 5280, section 4.2.1.10), so addresses are excluded beside it.
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    let certificate = params.self_signed(&key)?.pem();
    Ok(ProxyAuthority { id: 0, name, certificate, key: Secret::new(key.serialize_pem()), created_at: now, signs_from, expires_at })
}

/// What signs and is signed alike: the name, the usages, the form of the key's identifier.
fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Keyway");
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The authority that signs at a moment: of those that may, the one that began last.
pub fn signing(authorities: &[Arc<ProxyAuthority>], now: Timestamp) -> Option<&Arc<ProxyAuthority>> {
    authorities.iter().filter(|one| one.signs_from <= now && now < one.expires_at).max_by_key(|one| (one.signs_from, one.id))
}

/// The authorities that clients must trust from now on: the one that signs, and those that are to sign later.
pub fn to_trust(authorities: &[Arc<ProxyAuthority>], now: Timestamp) -> Vec<Arc<ProxyAuthority>> {
    let signs = signing(authorities, now).map(|one| one.id);
    authorities.iter().filter(|one| Some(one.id) == signs || one.signs_from > now).cloned().collect()
}

/// A server's side of TLS in the place of a host, with a certificate of its own that an authority signs.
///
/// # Errors
/// The authority can't be read, or the system has no randomness.
pub fn server_config(authority: &ProxyAuthority, host: &ApiHost, now: Timestamp) -> Result<ServerConfig, AuthorityError> {
    let issuer = Issuer::new(authority_params(&authority.name), KeyPair::from_pem(authority.key.expose())?);
    let mut params = CertificateParams::new([host.as_str().to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, host.as_str());
    valid(&mut params, now, now.plus_ms(LEAF_LIFETIME_MS).min(authority.expires_at));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let leaf = params.signed_by(&key, &issuer)?.der().clone();
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The SHA-256 of a certificate, as clients show it: pairs of hex digits, with colons.
///
/// # Errors
/// It is not PEM.
pub fn fingerprint(authority: &ProxyAuthority) -> Result<String, AuthorityError> {
    let der = CertificateDer::from_pem_slice(authority.certificate.as_bytes())?;
    let hash = ring::digest::digest(&ring::digest::SHA256, &der);
    Ok(hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
}

/// From a little before now, for clients whose clocks are behind, to an end.
fn valid(params: &mut CertificateParams, now: Timestamp, end: Timestamp) {
    let epoch = date_time_ymd(1970, 1, 1);
    let since = |at: Timestamp| Duration::from_millis(u64::try_from(at.as_ms()).unwrap_or_default());
    params.not_before = epoch + since(now.plus_ms(-CLOCK_SKEW_MS));
    params.not_after = epoch + since(end);
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn authority(id: u64, now: i64, signs_from: i64) -> Arc<ProxyAuthority> {
        Arc::new(ProxyAuthority { id, ..make(at(now), at(signs_from), [1; 4]).unwrap() })
    }

    /// Whether a client that trusts the authority alone takes a certificate for a name at a time.
    fn takes(authority: &ProxyAuthority, params: CertificateParams, name: &str, at_ms: i64) -> Result<(), String> {
        let issuer = Issuer::new(authority_params(&authority.name), KeyPair::from_pem(authority.key.expose()).unwrap());
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.certificate.as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiServerVerifier::builder(Arc::new(roots)).build().unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_millis(at_ms as u64));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        verifier.verify_server_cert(leaf.der(), &[], &name, &[], now).map(drop).map_err(|error| error.to_string())
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params
    }

    #[test]
    fn an_authority_certifies_api_hosts_and_no_other_name_whoever_holds_its_key() {
        let authority = authority(1, NOW, NOW);
        for host in ["api.hubapi.com", "api-eu1.hubapi.com", "api.hubspot.com"] {
            takes(&authority, params(host), host, NOW).unwrap();
        }
        for host in ["app.hubspot.com", "hubspot.com", "www.example.com", "hubapi.com.example.com", "127.0.0.1", "::1"] {
            assert!(takes(&authority, params(host), host, NOW).unwrap_err().contains("NameConstraint"), "{host}");
        }
    }

    #[test]
    fn certificates_end_with_their_authority() {
        let authority = authority(1, NOW, NOW);
        assert!(takes(&authority, params("api.hubapi.com"), "api.hubapi.com", NOW + AUTHORITY_LIFETIME_MS - 1_000).is_ok());
        let host = ApiHost::parse("api.hubapi.com").unwrap();
        assert!(server_config(&authority, &host, at(NOW)).is_ok());
        assert!(signing(std::slice::from_ref(&authority), at(NOW + AUTHORITY_LIFETIME_MS)).is_none());
    }

    #[test]
    fn the_next_authority_is_to_be_trusted_before_it_signs_and_the_former_not_after() {
        let both = [authority(1, NOW, NOW), authority(2, NOW + DAY_MS, NOW + 31 * DAY_MS)];
        let ids = |now: i64| (signing(&both, at(now)).unwrap().id, to_trust(&both, at(now)).iter().map(|one| one.id).collect::<Vec<_>>());
        assert_eq!(ids(NOW + DAY_MS), (1, vec![1, 2]));
        assert_eq!(ids(NOW + 31 * DAY_MS - 1), (1, vec![1, 2]));
        assert_eq!(ids(NOW + 31 * DAY_MS), (2, vec![2]));
    }

    #[test]
    fn an_authority_never_prints_its_key() {
        let authority = make(at(NOW), at(NOW), [1; 4]).unwrap();
        let middle = authority.key.expose().lines().nth(1).unwrap().to_owned();
        assert!(!format!("{authority:?}").contains(&middle));
        assert!(fingerprint(&authority).unwrap().len() == 95);
    }
}
