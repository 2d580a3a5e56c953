//! `keyway record` and the commands that read cassettes: what can be typed.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `keyway record`.
#[derive(clap::Args)]
pub struct Record {
    /// The cassette to write; it must not exist
    #[arg(long, value_name = "FILE", required_unless_present = "show_rules")]
    pub to: Option<PathBuf>,
    /// Where clients call in place of HubSpot; on this machine only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Where calls are forwarded to: HubSpot, or the data listener of a Keyway server, such as http://127.0.0.1:8484
    #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com")]
    pub upstream: String,
    /// A file of rules that come before the built-in ones; can be repeated
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Print the rules: what stays, and what is replaced by what
    #[arg(long, conflicts_with = "to")]
    pub show_rules: bool,
    /// The command to record and its arguments, after --; without one, keyway records until Ctrl-C
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// A cassette, and where its requests are sent.
#[derive(clap::Args)]
pub struct Cassette {
    /// A cassette that `keyway record` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The data listener of the server
    #[arg(long, env = "KEYWAY_URL", value_name = "URL", default_value = "http://127.0.0.1:8484")]
    pub url: String,
    /// The rules that the cassette was recorded with, if they were extended; can be repeated
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
}
