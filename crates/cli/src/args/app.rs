//! What can be typed after `keyway app`.

use clap::Subcommand;

use super::approval;
use super::consent::Consent;
use super::moment::LookBack;

#[derive(Subcommand)]
pub enum App {
    /// Create a private app and its first token; prints the token once
    Create {
        /// Its name, unique in the account
        name: String,
        /// The account's hub ID or name; optional when there is only one account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Lifetime of its token: a number with s, m, h, d or w, such as 90d; without it, the token lives until it is rotated or revoked
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// A set of scopes, from `keyway scopes`; --scopes adds to it
        #[arg(long, value_name = "PRESET")]
        preset: Option<String>,
        #[command(flatten)]
        fields: AppFields,
    },
    /// List apps
    List {
        /// Only of this account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Show an app and its tokens
    Show {
        /// Its ID or name
        app: String,
    },
    /// Compare the scopes of an app, or of each app, with those that calls needed; --apply removes the rest
    Tighten {
        /// Its ID or name; a line for each app when left out
        app: Option<String>,
        #[command(flatten)]
        back: LookBack<90>,
        /// List only apps with scopes that no call needed
        #[arg(long, conflicts_with = "app")]
        only_unused: bool,
        /// Remove the scopes of the app that no call needed
        #[arg(long, requires = "app")]
        apply: bool,
    },
    /// List apps that made no call
    Unused {
        #[command(flatten)]
        back: LookBack<90>,
    },
    /// Change an app; its tokens stay as they are
    Update {
        /// Its ID or name
        app: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        fields: AppFields,
        /// Add scopes (several: separate with commas, or with spaces inside quotes)
        #[arg(long, value_name = "SCOPES")]
        add_scope: Vec<String>,
        /// Remove scopes
        #[arg(long, value_name = "SCOPES")]
        remove_scope: Vec<String>,
    },
    /// Refuse the app's tokens until it is enabled again
    Disable {
        /// Its ID or name
        app: String,
    },
    /// Accept the app's tokens again
    Enable {
        /// Its ID or name
        app: String,
    },
    /// Delete an app and its tokens; its audit records stay
    Delete {
        /// Its ID or name
        app: String,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(clap::Args)]
pub struct AppFields {
    /// Scopes of the app, such as crm.objects.contacts.read (several: separate with commas, or with spaces inside quotes)
    #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
    pub scopes: Vec<String>,
    /// Its purpose
    #[arg(long)]
    pub description: Option<String>,
    /// The person or team responsible for it
    #[arg(long)]
    pub owner: Option<String>,
    /// A program that depends on the app (can be repeated)
    #[arg(long, value_name = "WHAT")]
    pub dependent: Vec<String>,
    /// Rewrite calls of numbered API versions to dated versions, and refuse a call if HubSpot publishes a difference: on or off [default:
    /// off]
    #[arg(long, value_name = "on|off", hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub translate: Option<bool>,
    /// Exempt its calls from all limits, such as in a test (apps of embedded accounts only); without a value: on [default: off]
    #[arg(long, value_name = "on|off", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "on", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_limits: Option<bool>,
    /// Operations it may call that Keyway's catalog does not list, on a connected account: refuse, read (every GET), all, or a path
    /// pattern such as '/some/api/v1/*' or 'GET /some/api/v1/*' (can be repeated; replaces the setting) [default: refuse]
    #[arg(long, value_name = "refuse|read|all|PATTERN")]
    pub unlisted: Vec<String>,
    /// Classes of operations it may call: read, create, update, delete (what can be brought back), settings, send (what reaches people),
    /// irreversible; bulk allows changes of many records in one call (commas between several; replaces the setting) [default: all]
    #[arg(long, value_name = "all|CLASSES", value_delimiter = ',')]
    pub allow: Vec<String>,
    #[command(flatten)]
    pub approval: approval::Rule,
    #[command(flatten)]
    pub sharing: Sharing,
}

/// An app's part of the limits that HubSpot sets for a connected account.
#[derive(clap::Args)]
pub struct Sharing {
    /// Its share of HubSpot's limit while calls of a connected account queue, compared with the other apps: 1 to 100 [default: 1]
    #[arg(long, value_name = "N")]
    pub weight: Option<u32>,
    /// Calls in ten seconds that are reserved for it on a connected account [default: 0]
    #[arg(long, value_name = "N")]
    pub reserve: Option<u32>,
    /// How long its calls may wait for their turn before they get HubSpot's 429: a number with s or m, or 0 [default: 10s]
    #[arg(long, value_name = "TIME")]
    pub max_wait: Option<String>,
}
