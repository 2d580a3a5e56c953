//! What can be typed after `keyway account`.

use std::path::PathBuf;

use clap::Subcommand;

use super::consent::Consent;
use super::credential::CredentialSource;
use super::moment::LookBack;

#[derive(Subcommand)]
pub enum Account {
    /// Create an account with an embedded CRM, or with --connect one whose calls go to HubSpot
    #[command(visible_alias = "add")]
    Create {
        /// A name for the account
        #[arg(default_value = "", hide_default_value = true)]
        name: String,
        /// Send its calls to HubSpot, with the credential that one of the --credential options names
        #[arg(long, conflicts_with_all = ["hub_id", "currency", "region", "oauth"], requires = "from")]
        connect: bool,
        /// Send its calls to HubSpot, as this OAuth client (see `keyway oauth-client add`): prints where a person consents, or takes a
        /// refresh token that one of the --credential options names
        #[arg(long, value_name = "CLIENT", conflicts_with_all = ["hub_id", "currency", "region", "base_url"])]
        oauth: Option<String>,
        #[command(flatten)]
        credential: CredentialSource,
        /// The address of HubSpot, or of another Keyway
        #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com", requires = "connect")]
        base_url: String,
        /// Its hub ID [default: Keyway chooses one]
        #[arg(long, value_name = "ID")]
        hub_id: Option<u64>,
        #[command(flatten)]
        settings: AccountSettings,
        /// ISO 4217 code
        #[arg(long, default_value = "USD")]
        currency: String,
        /// Data centre that its tokens name
        #[arg(long, default_value = "na1")]
        region: String,
    },
    /// List accounts
    List,
    /// Take over accounts that are connected by OAuth elsewhere: lines of JSON with hubId, refreshToken and perhaps name
    Import {
        /// The file; - is standard input
        file: PathBuf,
        /// The OAuth client whose refresh tokens they are
        #[arg(long, value_name = "CLIENT")]
        oauth: String,
    },
    /// Print a short-lived access token of an account that is connected by OAuth, for calling HubSpot without the gateway
    AccessToken {
        /// Its hub ID or name
        account: String,
    },
    /// Replace the credential of a connected account, without an outage
    Rotate {
        /// Its hub ID or name
        account: String,
        #[command(flatten)]
        credential: CredentialSource,
    },
    /// Restore the credential that `rotate` replaced; Keyway keeps it for a week
    Rollback {
        /// Its hub ID or name
        account: String,
    },
    /// Ask HubSpot whether a connected account's credential is still good, and what it holds
    Check {
        /// Its hub ID or name
        account: String,
    },
    /// Count the calls of an account by app, operation and day
    Usage {
        /// Its hub ID or name
        account: String,
        #[command(flatten)]
        back: LookBack<7>,
    },
    /// Show an account, its limits and today's use
    Show {
        /// Its hub ID or name
        account: String,
    },
    /// Change an account
    Update {
        /// Its hub ID or name
        account: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: AccountSettings,
        /// Of a connected account: refuse or forward calls that name, in their query or body, an object type whose scope their app lacks
        #[arg(long, value_name = "SETTING", value_parser = ["refuse", "forward"])]
        beside_path: Option<String>,
        /// Of a connected account: refuse or forward calls that name a sensitive property whose scope their app lacks
        #[arg(long, value_name = "SETTING", value_parser = ["refuse", "forward"])]
        sensitive_properties: Option<String>,
    },
    /// Delete an account, its apps, their tokens and its records
    Delete {
        /// Its hub ID or name
        account: String,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(clap::Args)]
pub struct AccountSettings {
    /// free, starter, professional or enterprise; the limits follow from it
    #[arg(long)]
    pub tier: Option<String>,
    /// API limit increases, 0 to 2
    #[arg(long, value_name = "N")]
    pub addons: Option<u8>,
    /// IANA name, such as Europe/Berlin; the daily limit starts again at its midnight
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}
