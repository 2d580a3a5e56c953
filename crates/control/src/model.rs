//! Accounts, apps and tokens, as the store keeps them.

mod approval;
mod board;
mod channel;
mod public_app;
mod session;

use std::sync::Arc;

use keyway_core::approval::Rule;
use keyway_core::guards::Guards;
use keyway_core::quota::Tier;
use keyway_core::safety::Classes;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_core::unlisted::Unlisted;

use crate::role::Role;
use crate::upstream::Base;

pub use approval::{Approval, ApprovalState};
pub use board::{BoardIntegration, BoardReport};
pub use keyway_core::share::Sharing;
pub use public_app::{ClientSecret, Distribution, PublicApp};
pub use session::{Agent, Session, SessionBudget, SessionUse};

pub use channel::{Channel, ChannelTarget, KeptCondition, Mail, MailTls, QueuedMessage, SentMessage};

/// One HubSpot account. Its backend is the embedded portal, or a connection to HubSpot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id, as HubSpot calls it.
    pub hub_id: u64,
    /// What people call it.
    pub name: String,
    /// Its subscription, from which its limits follow.
    pub tier: Tier,
    /// API limit increases, 0 to 2.
    pub addons: u8,
    /// IANA time zone, in which its days begin.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// Data centre, such as `na1`; tokens carry it.
    pub region: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is checked of its calls where HubSpot leaves it open; of connected accounts only.
    pub guards: Guards,
    /// Where its calls go; none where the account is embedded.
    pub connection: Option<Arc<Connection>>,
}

/// How an account's calls reach HubSpot.
#[derive(Debug, PartialEq, Eq)]
pub struct Connection {
    /// HubSpot's host.
    pub base: Base,
    /// What is presented there. At rest it is sealed.
    pub credential: Secret<String>,
    /// What may be shown of it.
    pub hint: String,
    /// What it may do, as HubSpot said when it was last asked.
    pub scopes: Vec<String>,
    /// When this credential was put in place.
    pub since: Timestamp,
    /// When HubSpot last said what it holds.
    pub checked_at: Timestamp,
    /// The credential that was here before, while it may be restored.
    pub former: Option<Former>,
    /// The client as which the account was connected by OAuth. Its tokens are then in `tokens`, and
    /// `credential` is empty.
    pub oauth_client: Option<u64>,
}

/// An app of HubSpot's whose OAuth credentials this installation holds.
#[derive(Debug, PartialEq, Eq)]
pub struct OAuthClient {
    /// Its id here.
    pub id: u64,
    /// The name, which no other client has.
    pub name: String,
    /// What it is at HubSpot. At rest its secret is sealed.
    pub client: keyway_oauth::client::Client,
    /// HubSpot's host.
    pub base: Base,
    /// Where people consent.
    pub authorize_url: String,
    /// What it asks for.
    pub scopes: Vec<String>,
    /// What it asks for where the account can.
    pub optional_scopes: Vec<String>,
    /// Since when it is known here.
    pub created_at: Timestamp,
}

/// A credential that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// What was presented at HubSpot. At rest it is sealed.
    pub credential: Secret<String>,
    /// What may be shown of it.
    pub hint: String,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// One integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// The account it belongs to.
    pub hub_id: u64,
    /// Unique in its account.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// What breaks without it.
    pub dependents: Vec<String>,
    /// What it may do, sorted; `oauth` is always in it.
    pub scopes: Vec<String>,
    /// What part of its account's limits it gets.
    pub sharing: Sharing,
    /// Whether its calls of numbered versions are rewritten to their dated successors.
    pub translate: bool,
    /// Whether its calls count against no limit; of embedded accounts only.
    pub no_limits: bool,
    /// Which operations it may call that the catalog does not list; of connected accounts only.
    pub unlisted: Unlisted,
    /// Which classes of operations it may call.
    pub allow: Classes,
    /// Which of its calls need a person's approval.
    pub approve: Rule,
    /// Whether its tokens are accepted.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The public app that it is an install of; none for a private app.
    pub public_app: Option<u64>,
}

impl App {
    /// A private app that the store has not numbered: enabled, with no scope and every class, and each setting as a new app
    /// has it.
    pub fn new(hub_id: u64, name: String, created_at: Timestamp) -> Self {
        Self {
            id: 0,
            hub_id,
            name,
            description: String::new(),
            owner: String::new(),
            dependents: Vec::new(),
            scopes: Vec::new(),
            sharing: Sharing::default(),
            translate: false,
            no_limits: false,
            unlisted: Unlisted::default(),
            allow: Classes::ALL,
            approve: Rule::default(),
            enabled: true,
            created_at,
            updated_at: created_at,
            public_app: None,
        }
    }
}

/// Somebody who signs in on the admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number that the store gave them; 0 before that.
    pub id: u64,
    /// Their address, lower case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
    /// Whether they have a password: who came from an identity provider has none.
    pub password: bool,
    /// Whether their password is asked for together with a second factor.
    pub second_factor: bool,
    /// The identity provider at which they are known, by its issuer URL; none until they signed in there.
    pub provider: Option<String>,
    /// When they last signed in.
    pub signed_in_at: Option<Timestamp>,
    /// When their access ends; none where it does not.
    pub expires_at: Option<Timestamp>,
}

impl Person {
    /// Somebody new, who has not signed in yet and whose id the store gives.
    pub const fn new(email: String, role: Role, created_at: Timestamp) -> Self {
        Self { id: 0, email, role, created_at, password: false, second_factor: false, provider: None, signed_in_at: None, expires_at: None }
    }

    /// Whether they may sign in at this time of day.
    pub fn has_access(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

/// A token of the admin API, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminToken {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// Unique among those that were not revoked.
    pub name: String,
    /// What may be shown of it.
    pub hint: String,
    /// What may be done with it.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A certificate authority of the forward proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAuthority {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// The common name in its certificate.
    pub name: String,
    /// Its certificate, PEM.
    pub certificate: String,
    /// Its key, PKCS #8 in PEM.
    pub key: Secret<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs; clients must trust it by then.
    pub signs_from: Timestamp,
    /// When its certificate ends.
    pub expires_at: Timestamp,
}

/// Who changed what, and what it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    /// Its number; grows with time.
    pub id: u64,
    /// When it was changed.
    pub at: Timestamp,
    /// `person`, `token`, `socket` or `server`.
    pub kind: String,
    /// Their number among those of their kind.
    pub who_id: Option<u64>,
    /// How people know them.
    pub who: String,
    /// The role they had.
    pub role: String,
    /// The operation's name.
    pub operation: String,
    /// What it was done to, such as `app 3`, or what it made.
    pub target: String,
    /// What was changed, as it was: an object of things by their kind and number. No secrets.
    pub was: serde_json::Value,
    /// And as it was after.
    pub became: serde_json::Value,
    /// From where.
    pub source: String,
    /// The account that it was of; none where it was of none, or of several.
    pub hub_id: Option<u64>,
}

/// What a person granted to an install; the token it belongs to is its refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What may be done, sorted.
    pub scopes: Vec<String>,
    /// Who granted it.
    pub user: String,
    /// The number of the person who granted it, as the answers of OAuth name them.
    pub user_id: u64,
    /// How often the refresh token was rotated, as far as this instance has seen.
    pub generation: u64,
}

/// A token of an app, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// The app that presents it.
    pub app_id: u64,
    /// The keyed hash of its text.
    pub hash: TokenHash,
    /// What may be shown of it.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends: with its lifetime, or after a rotation's grace period if that is earlier.
    pub expires_at: Option<Timestamp>,
    /// When the lifetime ends that it was made with; none lives until it is rotated or revoked.
    pub lifetime_ends_at: Option<Timestamp>,
    /// The token of the last rotation that gave this one an end.
    pub rotated_to: Option<u64>,
    /// When it would have ended without that rotation.
    pub end_before: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Whether it is a legacy key, which is taken in `?hapikey=` and nowhere else.
    pub legacy: bool,
    /// What an install was granted, where this is its refresh token: presented at the token endpoint
    /// and nowhere else. Its `hash` is then what the store keeps for checking it.
    pub grant: Option<Arc<Grant>>,
    /// The session that it is the token of.
    pub session: Option<Arc<Session>>,
}

impl Token {
    /// A token that the store has not numbered, without an end.
    pub fn new(app_id: u64, hash: TokenHash, hint: String, created_at: Timestamp) -> Self {
        Self {
            id: 0,
            app_id,
            hash,
            hint,
            created_at,
            expires_at: None,
            lifetime_ends_at: None,
            rotated_to: None,
            end_before: None,
            revoked_at: None,
            last_used_at: None,
            legacy: false,
            grant: None,
            session: None,
        }
    }

    /// Whether a rotation has set when it ends.
    pub fn is_rotated(&self) -> bool {
        self.expires_at.is_some() && self.expires_at != self.lifetime_ends_at
    }
}
