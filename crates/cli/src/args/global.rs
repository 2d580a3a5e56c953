//! The options of every command. Each help text lists them last.

use std::path::PathBuf;

use crate::output::GLOBAL_OPTIONS;

/// How a running server is reached.
#[derive(clap::Args, Clone)]
pub struct Connection {
    /// The server's data folder. Commands reach the server by the socket in it, unless --addr or KEYWAY_ADDR names an address
    #[arg(
        long,
        global = true,
        env = "KEYWAY_DATA",
        default_value = "keyway-data",
        value_name = "DIR",
        value_hint = clap::ValueHint::DirPath,
        help_heading = GLOBAL_OPTIONS
    )]
    pub data: PathBuf,
    /// The admin address of a server, such as http://127.0.0.1:8485; needs KEYWAY_ADMIN_TOKEN. To trust a private certificate authority
    /// (CA), name its PEM file in KEYWAY_CA_FILE or SSL_CERT_FILE
    #[arg(long, global = true, env = "KEYWAY_ADDR", value_name = "URL", help_heading = GLOBAL_OPTIONS)]
    pub addr: Option<String>,
}

impl Connection {
    /// The address of the server. An empty one counts as none: CI systems set variables without a value.
    pub fn address(&self) -> Option<&str> {
        self.addr.as_deref().filter(|address| !address.is_empty())
    }
}
