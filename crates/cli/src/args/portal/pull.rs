//! `keyway portal pull`: what can be typed.

use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Pull {
    /// The connected account, by its hub ID or name
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// Its hub ID, once it is looked up.
    #[arg(skip)]
    pub hub_id: u64,
    /// The file to write; progress is kept beside it until it is written
    #[arg(long, short, value_name = "FILE", default_value = "seed.yaml")]
    pub output: PathBuf,
    /// Sample records of each object type, 1,000 at most; 0 for definitions alone
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub records: u32,
    /// Write the values of records and owners as they are. The file then holds personal data: do not commit it
    #[arg(long)]
    pub unmasked: bool,
    /// Its part of the account's limits beside the other apps, 1 to 100
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub share: u32,
    /// Where the data listener of the server is reached
    #[arg(long, value_name = "URL", env = "KEYWAY_URL", default_value = "http://127.0.0.1:8484")]
    pub url: String,
    /// Forget an interrupted pull, and begin again
    #[arg(long)]
    pub restart: bool,
}
