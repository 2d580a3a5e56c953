//! What can be typed after `keyway init`.

use std::net::SocketAddr;

use clap::ValueEnum;

use super::credential::CredentialSource;
use super::listen;

/// Each question has an option. Where nobody can answer, the options and their defaults do.
#[derive(clap::Args)]
pub struct Init {
    /// Where the calls of the new app go
    #[arg(long, value_enum, value_name = "WHERE")]
    pub to: Option<Target>,
    /// The name of the app
    #[arg(long, value_name = "NAME")]
    pub app: Option<String>,
    /// A set of scopes, from `keyway scopes`
    #[arg(long, value_name = "PRESET", conflicts_with = "scopes")]
    pub preset: Option<String>,
    /// Scopes, in place of a preset (commas or spaces between several)
    #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
    pub scopes: Vec<String>,
    #[command(flatten)]
    pub credential: CredentialSource,
    /// The address of HubSpot, or of another Keyway
    #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com")]
    pub base_url: String,
    /// Where integrations will send their calls, if a server is started [default: that of `keyway serve`]
    #[arg(long, value_name = "ADDR", value_parser = listen::address)]
    pub listen: Option<SocketAddr>,
    /// Where the admin API and the console will listen, if a server is started [default: that of `keyway serve`]
    #[arg(long, value_name = "ADDR", value_parser = listen::address)]
    pub admin: Option<SocketAddr>,
    /// Stop the server once everything is set up
    #[arg(long)]
    pub stop: bool,
    /// Ask no questions: use the options, and the defaults of the others
    #[arg(long, short = 'y')]
    pub yes: bool,
}

impl Init {
    /// The addresses that were given, each with its option of `keyway serve`.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        [("--listen", self.listen), ("--admin", self.admin)].into_iter().filter_map(|(option, address)| Some((option, address?)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// To an embedded account with sample records; no HubSpot is needed
    Embedded,
    /// To HubSpot, with a service key or an access token that one of the --credential options names
    Hubspot,
}
