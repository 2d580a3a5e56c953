//! Public apps, as the store keeps them.

use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;

/// Who may install a public app, and which limits its installs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Chosen accounts; limits as of a private app.
    Private,
    /// Everybody; 110 calls in ten seconds for each install, and no cap on the day.
    Marketplace,
}

impl Distribution {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Marketplace => "marketplace",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Private, Self::Marketplace].into_iter().find(|one| one.name() == name)
    }
}

/// An OAuth client that many accounts install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicApp {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// The name, which no other public app has.
    pub name: String,
    /// What it is for; people read it when they are asked for consent.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// As it presents itself.
    pub client_id: String,
    /// Its secrets: one, and while it is rotated two.
    pub secrets: Vec<ClientSecret>,
    /// Whether it has no secret, and must use PKCE: a program on a person's machine.
    pub is_public: bool,
    /// Where a consent may be answered.
    pub redirect_uris: Vec<String>,
    /// What every install grants, sorted; `oauth` is always in it.
    pub scopes: Vec<String>,
    /// What an authorization URL may ask for as if it were required.
    pub conditional_scopes: Vec<String>,
    /// What an account grants where it can.
    pub optional_scopes: Vec<String>,
    /// Who may install it.
    pub distribution: Distribution,
    /// Whether a refresh token is replaced when it is used.
    pub rotates: bool,
    /// Whether its installs' tokens are accepted.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A client's secret, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// The keyed hash of its text.
    pub hash: TokenHash,
    /// What may be shown of it.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none while it was not rotated.
    pub expires_at: Option<Timestamp>,
    /// Its text, sealed: webhooks are signed with it. None of one that an earlier version made.
    pub sealed: Option<Vec<u8>>,
}

impl PublicApp {
    /// Whether this is a secret of the app that is good now.
    pub fn has_secret(&self, hash: &TokenHash, now: Timestamp) -> bool {
        self.secrets.iter().any(|secret| blake3::Hash::from_bytes(secret.hash.0) == hash.0 && secret.expires_at.is_none_or(|at| at > now))
    }
}
