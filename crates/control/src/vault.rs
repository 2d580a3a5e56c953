//! Seals the credentials of connections: what is in the database is of no use without the master key.
//!
//! AES-256-GCM-SIV (RFC 8452), whose nonces may even collide without giving a key away. The account
//! is bound in as associated data, so that a sealed credential can't be moved to another account.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use keyway_core::secret::Secret;

/// Bytes of the nonce, which precedes the sealed text.
const NONCE_BYTES: usize = 12;

/// Seals and opens.
pub struct Vault {
    cipher: Aes256GcmSiv,
}

/// A sealed credential can't be opened, or there is no randomness to seal one.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It was sealed under another key, for another account, or was changed.
    #[error("the credential of account {0} can't be opened: it was changed, or sealed under another master key")]
    Unsealable(u64),
    /// The same of another secret.
    #[error("a sealed secret can't be opened: it was changed, or sealed under another master key")]
    Changed,
    /// The system has no randomness.
    #[error("the system has no randomness")]
    NoRandomness,
}

impl Vault {
    /// A vault whose key is derived from the master key, and is used for nothing else.
    pub fn new(master_key: &[u8; 32]) -> Self {
        Self { cipher: Aes256GcmSiv::new(&blake3::derive_key("keyway 2026-11 sealed credentials", master_key).into()) }
    }

    /// Seals a credential for an account.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn seal(&self, hub_id: u64, credential: &Secret<String>) -> Result<Vec<u8>, VaultError> {
        self.seal_for(&bound_to(hub_id), credential)
    }

    /// Seals a secret for what `bound` says, which must be said again to open it.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn seal_for(&self, bound: &str, secret: &Secret<String>) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: bound.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::Changed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Vault::seal`] made for the same account.
    ///
    /// # Errors
    /// It was changed, or sealed under another key or for another account.
    pub fn open(&self, hub_id: u64, sealed: &[u8]) -> Result<Secret<String>, VaultError> {
        self.open_for(&bound_to(hub_id), sealed).map_err(|_| VaultError::Unsealable(hub_id))
    }

    /// Opens what [`Vault::seal_for`] made for the same.
    ///
    /// # Errors
    /// It was changed, or sealed under another key or for something else.
    pub fn open_for(&self, bound: &str, sealed: &[u8]) -> Result<Secret<String>, VaultError> {
        let refused = || VaultError::Changed;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(refused)?;
        let opened = self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: bound.as_bytes() }).map_err(|_| refused())?;
        String::from_utf8(opened).map(Secret::new).map_err(|_| refused())
    }
}

/// What the credential of an account is sealed for.
pub(crate) fn bound_to(hub_id: u64) -> String {
    format!("keyway connection v1 {hub_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_opens_only_under_its_key_for_its_account_and_unchanged() {
        let vault = Vault::new(&[1; 32]);
        let credential = Secret::new("a credential".to_owned());
        let sealed = vault.seal(7, &credential).unwrap();
        assert_eq!(vault.open(7, &sealed).unwrap(), credential);
        assert!(vault.open(8, &sealed).is_err());
        assert!(Vault::new(&[2; 32]).open(7, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(7, &changed).is_err(), "byte {at}");
        }
        assert!(vault.open(7, &[]).is_err());
        assert!(!String::from_utf8_lossy(&sealed).contains("credential"));
    }

    #[test]
    fn the_same_credential_is_never_sealed_alike() {
        let vault = Vault::new(&[1; 32]);
        let credential = Secret::new("a credential".to_owned());
        assert_ne!(vault.seal(7, &credential).unwrap(), vault.seal(7, &credential).unwrap());
    }
}
