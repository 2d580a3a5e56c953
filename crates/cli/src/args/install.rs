//! What can be typed after `keyway install`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Install {
    /// List installs
    List {
        /// Of this public app, by ID, name or client ID
        #[arg(long, value_name = "APP")]
        public_app: Option<String>,
        /// On this account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// After this install
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
        /// How many
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: u32,
    },
    /// Show an install and what it was granted
    Show {
        /// Its ID, from `keyway install list`
        install: u64,
    },
    /// Approve an authorization URL and print the redirect: for tests and scripts
    Approve {
        /// The URL that the app would send a person to
        authorize_url: String,
        /// The account's hub ID or name
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// In the name of this person [default: operator]
        #[arg(long, value_name = "EMAIL")]
        user: Option<String>,
    },
    /// End an install at once, with all its tokens
    End {
        /// Its ID, from `keyway install list`
        install: u64,
    },
}
