//! `keyway approval`, and the options of `keyway app` that say which calls need one: what can be typed.

use clap::{Subcommand, ValueEnum};

/// Which calls of an app need a person's approval.
#[derive(clap::Args)]
pub struct Rule {
    /// Classes of operations whose calls need a person's approval: create, update, delete, settings, send, irreversible, read; or none
    /// (commas between several; replaces the classes)
    #[arg(long, value_name = "CLASSES")]
    pub approve: Vec<String>,
    /// Changes of more than N records need a person's approval; none removes the rule
    #[arg(long, value_name = "N|none")]
    pub approve_above: Option<String>,
    /// An operation whose calls need a person's approval, in every version, such as 'POST /crm/v3/objects/{objectType}/merge'; or none
    /// (can be repeated; replaces the operations)
    #[arg(long, value_name = "OPERATION")]
    pub approve_operation: Vec<String>,
}

#[derive(Subcommand)]
pub enum Approval {
    /// List calls that wait for an approval, then those that waited
    List {
        /// In this state only
        #[arg(long, value_enum)]
        state: Option<State>,
        /// Of this app only, by ID or name
        #[arg(long)]
        app: Option<String>,
        /// Entries at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show what a call would change, before and after
    Show {
        /// Its ID, from `keyway approval list`
        id: u64,
    },
    /// Approve a call: the app may make it once, within an hour
    Approve {
        /// Its ID, from `keyway approval list`
        id: u64,
    },
    /// Reject a call
    Reject {
        /// Its ID, from `keyway approval list`
        id: u64,
        /// The reason, which the app reads in its answer
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum State {
    Pending,
    Approved,
    Rejected,
    Used,
    Expired,
}
