//! What can be typed after `keyway portal snapshot`.

use std::path::PathBuf;

use clap::Subcommand;

use super::super::consent::Consent;

#[derive(Subcommand)]
pub enum Snapshot {
    /// Take a snapshot; it replaces one of the same name
    Take {
        /// Its name
        name: String,
    },
    /// List them; they last as long as the server runs
    List,
    /// Write one to a file
    Export {
        /// Its name
        name: String,
        /// The file
        file: PathBuf,
    },
    /// Take one from a file
    Import {
        /// Its name
        name: String,
        /// The file
        file: PathBuf,
    },
    /// Delete one
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        consent: Consent,
    },
}
