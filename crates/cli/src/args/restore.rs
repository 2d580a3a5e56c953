//! What can be typed after `keyway restore BACKUP`.

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
