//! The master keys that this process has: one seals, and while keys are rotated another one is known too.

use std::sync::{Arc, PoisonError, RwLock};

use keyway_core::secret::Secret;

use crate::vault::{Vault, VaultError};

/// What the root key is sealed for.
const ROOT: &str = "keyway root key v1";

/// A master key.
pub(super) struct Known {
    key: Secret<[u8; 32]>,
    /// By which the store knows it, and which says nothing about it.
    pub check: [u8; 32],
    vault: Vault,
}

impl Known {
    pub fn new(key: [u8; 32]) -> Self {
        let check = blake3::derive_key("keyway 2026-11 master key check", &key);
        Self { vault: Vault::new(&key), key: Secret::new(key), check }
    }

    pub const fn key(&self) -> &Secret<[u8; 32]> {
        &self.key
    }

    /// How people name it.
    pub fn id(&self) -> String {
        id_of(&self.check)
    }

    pub fn seal_for(&self, bound: &str, secret: &Secret<String>) -> Result<Vec<u8>, VaultError> {
        self.vault.seal_for(bound, secret)
    }

    pub fn open_for(&self, bound: &str, sealed: &[u8]) -> Result<Secret<String>, VaultError> {
        self.vault.open_for(bound, sealed)
    }

    /// Seals the root key.
    pub fn seal_root(&self, root: &[u8; 32]) -> Result<Vec<u8>, VaultError> {
        self.seal_for(ROOT, &Secret::new(blake3::Hash::from_bytes(*root).to_hex().to_string()))
    }

    /// The root key as the store has it; the master key itself, where the store has none.
    pub fn root(&self, sealed: Option<&[u8]>) -> Result<[u8; 32], VaultError> {
        let Some(sealed) = sealed else { return Ok(*self.key.expose()) };
        let text = self.open_for(ROOT, sealed)?;
        blake3::Hash::from_hex(text.expose()).map(|hash| *hash.as_bytes()).map_err(|_| VaultError::Changed)
    }
}

/// The name of the key with this check value.
pub(super) fn id_of(check: &[u8]) -> String {
    check.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// All that are known. The first is the one to be used from the next rotation on.
pub(super) struct Keys(RwLock<Inner>);

struct Inner {
    known: Vec<Arc<Known>>,
    current: Arc<Known>,
    /// Whether the key and the former one that were given are the same.
    given_twice: bool,
}

impl Keys {
    pub fn new(key: [u8; 32], former: Option<[u8; 32]>) -> Self {
        let first = Arc::new(Known::new(key));
        let former = former.map(|key| Arc::new(Known::new(key)));
        let given_twice = former.as_ref().is_some_and(|former| former.check == first.check);
        let known = std::iter::once(first.clone()).chain(former.filter(|_| !given_twice)).collect();
        Self(RwLock::new(Inner { known, current: first, given_twice }))
    }

    /// Lets the key of this check value seal from now on; false where it is not known.
    pub fn make_current(&self, check: &[u8]) -> bool {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = inner.known.iter().find(|known| known.check == check).cloned() else { return false };
        inner.current = found;
        true
    }

    /// Whether the key and the former one that were given are the same.
    pub fn is_given_twice(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).given_twice
    }

    /// Adds a key, as the first.
    pub fn add(&self, key: [u8; 32]) -> Arc<Known> {
        let added = Arc::new(Known::new(key));
        self.0.write().unwrap_or_else(PoisonError::into_inner).known.insert(0, added.clone());
        added
    }

    /// The one that seals.
    pub fn current(&self) -> Arc<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).current.clone()
    }

    /// All, the one that seals first.
    pub fn all(&self) -> Vec<Arc<Known>> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let others = inner.known.iter().filter(|known| known.check != inner.current.check);
        std::iter::once(&inner.current).chain(others).cloned().collect()
    }

    /// The one to be used from the next rotation on.
    pub fn first(&self) -> Arc<Known> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.known.first().unwrap_or(&inner.current).clone()
    }

    pub fn seal(&self, hub_id: u64, credential: &Secret<String>) -> Result<Vec<u8>, VaultError> {
        self.seal_for(&crate::vault::bound_to(hub_id), credential)
    }

    pub fn seal_for(&self, bound: &str, secret: &Secret<String>) -> Result<Vec<u8>, VaultError> {
        self.current().seal_for(bound, secret)
    }

    pub fn open(&self, hub_id: u64, sealed: &[u8]) -> Result<Secret<String>, VaultError> {
        self.open_for(&crate::vault::bound_to(hub_id), sealed).map_err(|_| VaultError::Unsealable(hub_id))
    }

    /// Opens what any of them sealed: which one it was is certain, for what a key did not seal it does not open.
    pub fn open_for(&self, bound: &str, sealed: &[u8]) -> Result<Secret<String>, VaultError> {
        self.all().iter().find_map(|known| known.open_for(bound, sealed).ok()).ok_or(VaultError::Changed)
    }
}
