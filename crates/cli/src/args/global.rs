//! The options that every command takes. They stand last in each help text.

use std::path::PathBuf;

use clap::ValueEnum;

/// Where global options stand in help.
const HEADING: &str = "Global options";

/// How a running server is reached.
#[derive(clap::Args, Clone)]
pub struct Connection {
    /// The server's data folder; its socket is used when KEYWAY_ADDR is not set
    #[arg(
        long,
        global = true,
        env = "KEYWAY_DATA",
        default_value = "keyway-data",
        value_name = "DIR",
        value_hint = clap::ValueHint::DirPath,
        help_heading = HEADING
    )]
    pub data: PathBuf,
    /// The admin address of a server, such as http://127.0.0.1:8485 or https://keyway.example.com (with KEYWAY_ADMIN_TOKEN); an authority of your own for HTTPS is in the PEM file of KEYWAY_CA_FILE or SSL_CERT_FILE
    #[arg(long, global = true, env = "KEYWAY_ADDR", value_name = "URL", help_heading = HEADING)]
    pub addr: Option<String>,
}

/// How a command prints.
#[derive(clap::Args, Clone, Copy)]
pub struct Manners {
    /// Colours: on a terminal (auto; NO_COLOR and CLICOLOR_FORCE are followed), always or never
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = HEADING, hide_possible_values = true)]
    pub color: Colour,
    /// Print no notes and no progress; results, warnings and errors stay
    #[arg(long, short, global = true, help_heading = HEADING)]
    pub quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}
