//! What can be typed after `keyway admin-token`.

use clap::Subcommand;

use super::consent::Consent;
use super::role::Role;

#[derive(Subcommand)]
pub enum AdminToken {
    /// Make a token with a role, for a program that calls the admin API; it is shown once
    Create {
        /// A name for it, which the record of changes has
        name: String,
        /// What may be done with it
        #[arg(long, value_enum, ignore_case = true)]
        role: Role,
        /// An app that an app-manager looks after, by ID or name; can be repeated
        #[arg(long = "app", value_name = "APP")]
        apps: Vec<String>,
        /// Its lifetime: a number with s, m, h, d or w, such as 90d; without it, the token lives until it is revoked
        #[arg(long, value_name = "TIME")]
        lifetime: Option<String>,
    },
    /// List them, with those that have ended
    List,
    /// End one now
    Revoke {
        /// Its ID or name
        token: String,
        #[command(flatten)]
        consent: Consent,
    },
}
