//! What can be typed after `keyway oauth-client`.

use clap::Subcommand;

use super::credential::CredentialSource;

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once, from the command line")]
pub enum OAuthClient {
    /// Add a HubSpot app, or change the one of that name (for a new secret); one of the --credential options names its secret
    Add {
        /// A name for it
        name: String,
        /// Its client ID at HubSpot
        #[arg(long, value_name = "ID")]
        client_id: String,
        #[command(flatten)]
        secret: CredentialSource,
        /// What it asks for (commas or spaces between several)
        #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
        scopes: Vec<String>,
        /// What it asks for where the account can
        #[arg(long, value_name = "SCOPES")]
        optional_scopes: Vec<String>,
        /// The address of HubSpot, or of another Keyway
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// Where people consent [default: https://app.hubspot.com/oauth/authorize]
        #[arg(long, value_name = "URL")]
        authorize_url: Option<String>,
    },
    /// List them
    List,
}
