//! Sessions, as the store keeps them: what they may do, and how much.

use keyway_core::approval::Rule;
use keyway_core::safety::Classes;

/// What a token of a session may do, for whom and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What may be done, sorted; what the app has lost since does not count.
    pub scopes: Vec<String>,
    /// Which classes of operations; those that the app has lost since do not count.
    pub classes: Classes,
    /// On whose behalf it calls.
    pub person: String,
    /// The purpose of the session, for people.
    pub purpose: String,
    /// Who made it.
    pub created_by: String,
    /// How much it may do.
    pub budget: SessionBudget,
    /// Which of its calls need a person's approval, beside those of its app.
    pub approve: Rule,
    /// The agent that came for it over OAuth; none where its token was given out. It works for that agent alone, and
    /// at the listener of agents alone.
    pub agent: Option<Agent>,
}

/// An agent that came over OAuth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its client: the URL of its document, or a digest of the id that it registered for.
    pub client: String,
    /// Its name, by its own word.
    pub name: String,
    /// What its tokens are for (RFC 8707).
    pub resource: String,
}

/// How many calls a session may make and how many records it may read and change; none is as many as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionBudget {
    /// Calls in all.
    pub calls: Option<u64>,
    /// Records in all.
    pub records: Option<u64>,
    /// Calls from one midnight of the account to the next.
    pub calls_per_day: Option<u64>,
    /// Records from one midnight of the account to the next.
    pub records_per_day: Option<u64>,
}

impl SessionBudget {
    /// Whether nothing bounds it.
    pub fn is_endless(&self) -> bool {
        *self == Self::default()
    }

    /// Whether records are counted.
    pub const fn counts_records(&self) -> bool {
        self.records.is_some() || self.records_per_day.is_some()
    }
}

/// What a session has used of its budgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionUse {
    /// Calls in all.
    pub calls: u64,
    /// Records in all.
    pub records: u64,
    /// Calls of the day.
    pub day_calls: u64,
    /// Records of the day.
    pub day_records: u64,
}
