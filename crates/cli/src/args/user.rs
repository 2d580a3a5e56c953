//! What can be typed after `keyway user`.

use clap::Subcommand;

use super::consent::Consent;
use super::credential::CredentialSource;
use super::moment::{self, End};
use super::role::Role;

#[derive(Subcommand)]
pub enum User {
    /// Let a person sign in, or give them a new password; Keyway makes one and shows it once, unless a --credential option names a password of your choice
    Create {
        /// Their e-mail address
        email: String,
        #[command(flatten)]
        password: CredentialSource,
        /// What they may do [default: super-admin for the first person, auditor for others; somebody who is there keeps their role]
        #[arg(long, value_enum, ignore_case = true)]
        role: Option<Role>,
        /// An app that an app-manager looks after, by ID or name; can be repeated
        #[arg(long = "app", value_name = "APP")]
        apps: Vec<String>,
        /// When their access ends: in 12h, 30d or 2w, at the beginning of a date, ISO 8601, or never [default: never; somebody who is there keeps their end]
        #[arg(long, value_name = "TIME", value_parser = moment::end)]
        until: Option<End>,
    },
    /// Change when a person's access ends; until then they keep their sessions
    Update {
        /// Their e-mail address
        email: String,
        /// When their access ends: in 12h, 30d or 2w, at the beginning of a date, ISO 8601, or never
        #[arg(long, value_name = "TIME", value_parser = moment::end)]
        until: End,
    },
    /// Give a person another role; they keep their password, and sign in again
    Role {
        /// Their e-mail address
        email: String,
        /// What they may do
        #[arg(value_enum, ignore_case = true)]
        role: Role,
        /// An app that an app-manager looks after, by ID or name; can be repeated
        #[arg(long = "app", value_name = "APP")]
        apps: Vec<String>,
    },
    /// List the people who may sign in
    List,
    /// End every session of a person
    SignOut {
        /// Their e-mail address
        email: String,
    },
    /// Remove a person's second factor, such as one that is lost with its recovery codes
    RemoveSecondFactor {
        /// Their e-mail address
        email: String,
    },
    /// Forget who a person is at the identity provider, should they have a new account there: their next sign-in is by e-mail again
    UnlinkProvider {
        /// Their e-mail address
        email: String,
    },
    /// Delete a person's sign-in, and end their sessions
    Delete {
        /// Their e-mail address
        email: String,
        #[command(flatten)]
        consent: Consent,
    },
}
