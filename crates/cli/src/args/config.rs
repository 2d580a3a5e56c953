//! What can be typed after `keyway config`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Config {
    /// Check whether `keyway serve --config FILE` would take a file: exit code 1 if not
    Check {
        /// The file
        file: PathBuf,
    },
}
