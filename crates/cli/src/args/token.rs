//! What can be typed after `keyway token`.

use std::path::PathBuf;

use clap::Subcommand;

use super::consent::Consent;
use super::credential::CredentialSource;
use super::moment::LookBack;

#[derive(Subcommand)]
pub enum Token {
    /// Create another token, shown once
    Create {
        /// The app's ID or name
        app: String,
        /// Its lifetime: a number with s, m, h, d or w, such as 90d; without it, the token lives until it is rotated or revoked
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Create a new token; the old ones end after a grace period
    Rotate {
        /// The app's ID or name
        app: String,
        /// How long the old tokens keep working: a number with s, m, h, d or w
        #[arg(long, default_value = "7d", value_name = "TIME", conflicts_with = "now")]
        grace: String,
        /// End the old tokens at once
        #[arg(long)]
        now: bool,
        /// Lifetime of the new token, such as 90d; without it, the token has the lifetime of the one before it
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// Write the new token to the targets in this file, and do not show it; if one fails, nothing changes
        #[arg(long, value_name = "FILE")]
        deliver: Option<PathBuf>,
        /// With --deliver: print what the command would do, and change nothing
        #[arg(long, requires = "deliver")]
        dry_run: bool,
    },
    /// Undo a rotation with --deliver: restore the earlier token in each target, and end the new token
    Undeliver {
        /// The app's ID or name
        app: String,
        /// The file of targets
        targets: PathBuf,
        /// The token that was delivered; may be left out when the app has one active token
        #[arg(long, value_name = "ID", value_parser = token_id)]
        token: Option<u64>,
    },
    /// Accept an old key in ?hapikey= for one app, for code that you cannot change
    LegacyKey {
        /// The app's ID or name
        app: String,
        #[command(flatten)]
        key: CredentialSource,
    },
    /// List the addresses that use a token, and must change it before it ends
    Users {
        /// The token's ID, a number from `keyway token list APP`
        #[arg(value_parser = token_id)]
        token_id: u64,
        #[command(flatten)]
        back: LookBack<7>,
    },
    /// End a token at once
    Revoke {
        /// The token's ID, a number from `keyway token list APP`
        #[arg(value_parser = token_id)]
        token_id: u64,
        #[command(flatten)]
        consent: Consent,
    },
    /// List the tokens of an app, or of all apps with the oldest first, with the last use of each
    List {
        /// The app's ID or name; all apps when left out
        app: Option<String>,
    },
}

/// Reads the ID of a token for clap.
pub(super) fn token_id(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "write the ID of a token (a number), not the token. List the IDs: keyway token list")
}
