//! What can be typed after `keyway backup`.

use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Backup {
    /// An empty or new folder
    #[arg(value_name = "TARGET")]
    pub target: PathBuf,
}
