//! What can be typed after `keyway fix`.

use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Fix {
    /// Folders and files
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Change the files, and add the names of the variables they read to .env.example
    #[arg(long)]
    pub write: bool,
    /// Skip files that match this glob; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub ignore: Vec<String>,
}
