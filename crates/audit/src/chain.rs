//! The chain of seals, which makes changes to the log visible.
//!
//! Each commit has a seal: a keyed BLAKE3 hash of the seal before it and of every record since. (In PostgreSQL
//! the last record of the commit holds it.) If somebody changes, removes or adds a record without the master
//! key, the seal no longer matches. Records that are cut off at the end leave no such trace. A check finds
//! those with a head that was kept elsewhere: the number of a record with its seal.

use super::row::{Agent, Named, Row};

/// What a sealed record carries.
pub type Seal = [u8; 32];

/// The keys of the chain, derived from the master key.
pub struct ChainKey {
    seals: [u8; 32],
    frames: [u8; 32],
    starts: [u8; 32],
    indexes: [u8; 32],
    records: [u8; 32],
}

impl ChainKey {
    /// The keys that belong to a master key.
    pub fn new(master_key: &[u8; 32]) -> Self {
        Self {
            seals: blake3::derive_key("keyway 2026-11 audit seals", master_key),
            frames: blake3::derive_key("keyway 2026-11 audit files", master_key),
            starts: blake3::derive_key("keyway 2026-11 audit chain starts", master_key),
            indexes: blake3::derive_key("keyway 2026-11 audit indexes", master_key),
            records: blake3::derive_key("keyway 2026-11 audit record ids", master_key),
        }
    }

    /// Begins the link that follows a seal.
    pub(super) fn after(&self, seal: &Seal) -> Link {
        let mut hasher = blake3::Hasher::new_keyed(&self.seals);
        hasher.update(seal);
        Link { hasher, scratch: Vec::with_capacity(256) }
    }

    /// The seal of a commit to a file, after the seal before it.
    pub(super) fn frame(&self, before: &Seal, payload: &[u8]) -> Seal {
        *blake3::Hasher::new_keyed(&self.frames).update(before).update(payload).finalize().as_bytes()
    }

    /// The keyed hash of a file's index. It shows whether the index is Keyway's own.
    pub(super) fn vouch_for_index(&self, bytes: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.indexes, bytes)
    }

    /// The keyed hash of a part of a file's postings. `seal` is the last seal of the file.
    pub(super) fn vouch_for_postings(&self, seal: &Seal, part: u64, bytes: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.indexes).update(seal).update(&part.to_le_bytes()).update(bytes).finalize()
    }

    /// 44 bits by which a CRM record is found. With a key, so that nobody can make ids that collide.
    pub(super) fn record_hash(&self, record: &str) -> u64 {
        let hash = blake3::keyed_hash(&self.records, record.as_bytes());
        hash.as_bytes()[..8].iter().fold(0, |all, byte| all << 8 | u64::from(*byte)) >> 20
    }

    /// The keyed hash of the start of a writer's chain: after the record `after_id`, whose seal is `seal`.
    pub(super) fn start(&self, writer: i64, after_id: i64, seal: &Seal) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.starts);
        hasher.update(&writer.to_le_bytes()).update(&after_id.to_le_bytes()).update(seal);
        *hasher.finalize().as_bytes()
    }
}

/// The records between two seals.
pub(super) struct Link {
    hasher: blake3::Hasher,
    scratch: Vec<u8>,
}

impl Link {
    pub(super) fn add(&mut self, row: &Row<'_>) {
        self.scratch.clear();
        let numbers = [Some(row.id), Some(row.at), row.hub_id, row.app_id, row.token_id, row.status];
        let counts = [row.latency_us, row.bytes_in, row.bytes_out, row.attempts, row.waited_us].map(Some);
        for number in numbers.into_iter().chain(counts) {
            self.scratch.push(u8::from(number.is_some()));
            self.scratch.extend(number.unwrap_or_default().to_le_bytes());
        }
        let texts = [Some(row.operation), row.object, row.category, Some(row.correlation_id), Some(row.source)];
        for text in texts {
            self.scratch.push(u8::from(text.is_some()));
            let text = text.unwrap_or_default();
            // The length comes first, so that no two lists of texts give the same bytes.
            self.scratch.extend((text.len() as u64).to_le_bytes());
            self.scratch.extend(text.as_bytes());
        }
        // A record without them has the same bytes as before there were any. The first byte is none
        // that a record begins with.
        let named = &row.named;
        if *named != Named::default() {
            self.scratch.push(2);
            for text in [named.records, named.properties] {
                self.scratch.extend((text.len() as u64).to_le_bytes());
                self.scratch.extend(text.as_bytes());
            }
            self.scratch.extend(named.record_count.to_le_bytes());
            self.scratch.extend(named.property_count.to_le_bytes());
            self.scratch.push(u8::from(named.incomplete));
        }
        let agent = &row.agent;
        if *agent != Agent::default() {
            self.scratch.push(3);
            for number in [agent.session, agent.approval] {
                self.scratch.push(u8::from(number.is_some()));
                self.scratch.extend(number.unwrap_or_default().to_le_bytes());
            }
            for text in [agent.person, agent.purpose, agent.tool] {
                self.scratch.extend((text.len() as u64).to_le_bytes());
                self.scratch.extend(text.as_bytes());
            }
        }
        self.hasher.update(&self.scratch);
    }

    pub(super) fn seal(self) -> Seal {
        *self.hasher.finalize().as_bytes()
    }
}

/// A record's number with its seal: kept elsewhere, it shows that nothing up to it was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose chain: 0 in a data folder, the number of an instance's writer in PostgreSQL.
    pub writer: i64,
    /// The number of the record.
    pub id: i64,
    /// Its seal, which covers all records before it.
    pub seal: Seal,
}

/// The heads of every chain of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads(pub Vec<Head>);

impl std::fmt::Display for Heads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, Head { writer, id, seal }) in self.0.iter().enumerate() {
            let between = if at > 0 { "," } else { "" };
            write!(f, "{between}{writer}:{id}:{}", blake3::Hash::from_bytes(*seal).to_hex())?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Heads {
    type Err = String;

    /// As they are displayed: for each chain two numbers and 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, String> {
        let head = |text: &str| {
            let mut parts = text.splitn(3, ':');
            let (writer, id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Head { writer, id, seal: *blake3::Hash::from_hex(parts.next()?).ok()?.as_bytes() })
        };
        let heads: Option<Vec<Head>> = text.split(',').map(head).collect();
        heads.map(Self).ok_or_else(|| format!("{text} is not a head that `keyway audit verify` printed"))
    }
}
