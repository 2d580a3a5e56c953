//! What can be typed after `keyway public-app`.

use clap::Subcommand;

use super::consent::Consent;

#[derive(Subcommand)]
pub enum PublicApp {
    /// Create a public app; its client secret is shown once
    Create {
        /// Its name, which people read when they are asked for consent
        name: String,
        /// It has no secret (a program on people's own machines) and must use PKCE
        #[arg(long)]
        public_client: bool,
        #[command(flatten)]
        fields: PublicAppFields,
    },
    /// List public apps
    List,
    /// Show a public app
    Show {
        /// Its ID, name or client ID
        app: String,
    },
    /// Change a public app; what its installs were granted stays until an account authorizes it again
    Update {
        /// Its ID, name or client ID
        app: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Whether its installs' tokens are accepted: on or off
        #[arg(long, value_name = "on|off", hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
        enabled: Option<bool>,
        #[command(flatten)]
        fields: PublicAppFields,
    },
    /// Create a new client secret and let the other end
    RotateSecret {
        /// Its ID, name or client ID
        app: String,
        /// How long the other secret lives on: a number with s, m, h, d or w
        #[arg(long, default_value = "7d", value_name = "TIME", conflicts_with = "now")]
        grace: String,
        /// End the other secret at once
        #[arg(long)]
        now: bool,
    },
    /// Delete a public app and all its installs
    Delete {
        /// Its ID, name or client ID
        app: String,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(clap::Args)]
pub struct PublicAppFields {
    /// Where a consent may be answered, as a whole and to the letter (can be repeated)
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Vec<String>,
    /// What every install grants (commas or spaces between several)
    #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
    pub scopes: Vec<String>,
    /// What an authorization URL may ask for as if it were required
    #[arg(long, value_name = "SCOPES")]
    pub conditional_scopes: Vec<String>,
    /// What an account grants where it can
    #[arg(long, value_name = "SCOPES")]
    pub optional_scopes: Vec<String>,
    /// Its purpose
    #[arg(long)]
    pub description: Option<String>,
    /// The person or team responsible for it
    #[arg(long)]
    pub owner: Option<String>,
    /// private (limits as of a private app) or marketplace (110 calls in ten seconds for each install, no cap on the day) [default:
    /// private]
    #[arg(long)]
    pub distribution: Option<String>,
    /// Replace a refresh token when it is used, and end the grant when a replaced one comes back: on or off [default: off, as at HubSpot]
    #[arg(long, value_name = "on|off", hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub rotate_refresh_tokens: Option<bool>,
}
