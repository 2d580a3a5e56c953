//! What can be typed after `keyway restore`.

use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Restore {
    /// A folder that `keyway backup` made
    #[arg(value_name = "BACKUP")]
    pub source: PathBuf,
    /// The file with the master key of the folder that was copied, if KEYWAY_MASTER_KEY does not hold it
    #[arg(long, value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    #[command(flatten)]
    pub how: How,
}

/// How a backup is put back.
#[derive(clap::Args)]
pub struct How {
    /// Let the restored server send notifications at once: it takes the place of the one that was copied
    #[arg(long)]
    pub notify: bool,
    /// Restore the audit log without checking its seals, also one that is damaged
    #[arg(long)]
    pub no_verify: bool,
}
