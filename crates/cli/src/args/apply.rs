//! What can be typed after `keyway apply` and `keyway export`.

use std::path::PathBuf;

use super::consent::Consent;

#[derive(clap::Args)]
pub struct Apply {
    /// The file of accounts, apps and notification channels, such as keyway-apps.yaml; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print the plan and change nothing; exits 1 when the server differs from the file
    #[arg(long)]
    pub dry_run: bool,
    /// Delete the apps that the file does not have, in the accounts that the file names; and the notification channels that its section
    /// `notifications` does not have
    #[arg(long)]
    pub prune: bool,
    /// Write the tokens of new apps and the signing secrets of new webhook channels to a new file, as lines of JSON; only its owner may
    /// read it. Without it a new app has no token until `keyway token create`
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub tokens_out: Option<PathBuf>,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(clap::Args)]
pub struct Export {
    /// This account and its apps only, without notification channels
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Write to a file, and replace it if it exists; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
