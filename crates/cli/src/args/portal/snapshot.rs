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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List them; they last as long as the server runs
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete one
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
