//! `keyway session …`

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum Session {
    /// Create a session of an app, for an agent: a token that may do less than the app, and ends by itself; it is shown once
    Create(Box<Create>),
    /// List the sessions that have not ended
    List {
        /// Those of this app, by ID or name
        #[arg(long)]
        app: Option<String>,
        /// Also those that have ended; Keyway keeps them for 30 days
        #[arg(long)]
        all: bool,
    },
    /// Show a session and what it has used of its budgets
    Show {
        /// Its ID, from `keyway session list`
        session: u64,
    },
    /// End a session now: its next call is refused, on every instance within a second
    End {
        /// Its ID, from `keyway session list`
        session: u64,
    },
}

#[derive(Args)]
pub struct Create {
    /// The app that it belongs to, by ID or name
    #[arg(long, value_name = "APP")]
    pub app: String,
    /// Its scopes, which the app must have (separate several with commas or spaces) [default: all that the app may]
    #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
    pub scopes: Vec<String>,
    /// Classes of operations it may call, of those that the app may: read, create, update, delete, settings, send, irreversible, bulk, or
    /// all [default: read]
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub classes: Vec<String>,
    /// How long it lives: a number with s, m, h or d, at most 7d [default: 1h]
    #[arg(long, value_name = "TIME")]
    pub lifetime: Option<String>,
    /// The person on whose behalf it calls; the audit log names them with every call
    #[arg(long, value_name = "EMAIL")]
    pub on_behalf_of: String,
    /// Its purpose; the audit log has it with every call
    #[arg(long, value_name = "TEXT")]
    pub purpose: String,
    /// Calls that it may make in all
    #[arg(long, value_name = "N")]
    pub calls: Option<u64>,
    /// Records that it may read and change in all
    #[arg(long, value_name = "N")]
    pub records: Option<u64>,
    /// Calls that it may make from one midnight of the account to the next
    #[arg(long, value_name = "N")]
    pub calls_per_day: Option<u64>,
    /// Records that it may read and change from one midnight of the account to the next
    #[arg(long, value_name = "N")]
    pub records_per_day: Option<u64>,
    #[command(flatten)]
    pub approval: SessionRule,
}

/// Which of its calls need a person's approval, beside those of its app.
#[derive(Args)]
pub struct SessionRule {
    /// Classes of operations whose calls need a person's approval, beside those of the app: create, update, delete, settings, send,
    /// irreversible, read
    #[arg(long, value_name = "CLASSES")]
    pub approve: Vec<String>,
    /// Changes of more than N records need a person's approval; the lower of the app's number and this counts
    #[arg(long, value_name = "N")]
    pub approve_above: Option<u64>,
    /// An operation whose calls need a person's approval, beside those of the app, in every version (can be repeated)
    #[arg(long, value_name = "OPERATION")]
    pub approve_operation: Vec<String>,
}
