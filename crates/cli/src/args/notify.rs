//! `keyway notify`, and the settings of notifications of `keyway serve`: what can be typed.

use super::consent::Consent;
use clap::{Subcommand, ValueEnum};

use super::credential::CredentialSource;

/// When `keyway serve` notifies, and where it may send notifications.
#[derive(clap::Args)]
pub struct Settings {
    /// Hosts that notifications may be sent to, such as hooks.slack.com; * is any [default: this machine, while both listeners are on it
    /// alone; else none]
    #[arg(long, env = "KEYWAY_NOTIFY_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub notify_hosts: Vec<String>,
    /// How often to look for conditions that need a person: a number with s, m, h, d or w
    #[arg(long, env = "KEYWAY_NOTIFY_EVERY", value_name = "TIME", default_value = "1m")]
    pub notify_every: String,
    /// Time between two notifications of the same condition
    #[arg(long, env = "KEYWAY_NOTIFY_REMIND", value_name = "TIME", default_value = "7d")]
    pub notify_remind: String,
    /// Age in days at which a credential or token is due for rotation, in the console, the API, keyway status and notifications
    #[arg(long, env = "KEYWAY_ROTATION_DAYS", value_name = "DAYS", default_value_t = 180, value_parser = clap::value_parser!(u16).range(1..))]
    pub rotation_days: u16,
    /// Notify after Keyway could not reach HubSpot for an account for this long
    #[arg(long, env = "KEYWAY_NOTIFY_UNREACHABLE", value_name = "TIME", default_value = "30m")]
    pub notify_unreachable: String,
    /// Send no notifications from this server: for a copy of another server
    #[arg(long, env = "KEYWAY_NO_NOTIFY")]
    pub no_notify: bool,
    /// Days before the end of a token's lifetime, or of the access of a person or an admin token, at which to notify
    #[arg(long, env = "KEYWAY_NOTIFY_EXPIRY_DAYS", value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..))]
    pub notify_expiry_days: u16,
    /// Days before the end of an operation at which to notify of apps that still call it
    #[arg(long, env = "KEYWAY_NOTIFY_SUNSET_DAYS", value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..))]
    pub notify_sunset_days: u16,
    /// Part of an account's daily limit, in percent, at which to notify
    #[arg(long, env = "KEYWAY_NOTIFY_DAILY_PERCENT", value_name = "PERCENT", default_value_t = 80, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub notify_daily_percent: u8,
    /// Part of an app's calls that fail, in percent, at which to notify
    #[arg(long, env = "KEYWAY_NOTIFY_FAILED_PERCENT", value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub notify_failed_percent: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            notify_hosts: Vec::new(),
            notify_every: "1m".to_owned(),
            notify_remind: "7d".to_owned(),
            rotation_days: 180,
            notify_unreachable: "30m".to_owned(),
            no_notify: false,
            notify_expiry_days: 14,
            notify_sunset_days: 90,
            notify_daily_percent: 80,
            notify_failed_percent: 10,
        }
    }
}

#[derive(Subcommand)]
pub enum Notify {
    /// Add a channel: where notifications go
    Add {
        #[command(subcommand)]
        channel: Box<NewChannel>,
    },
    /// List channels
    List,
    /// Remove a channel, with the notifications that wait for it
    Remove {
        /// Its name, from `keyway notify list`
        name: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Let notifications go out that are held because this server was restored from a backup
    Resume,
    /// Send a test message to a channel and show the receiver's answer; exits 1 if the receiver did not take the message
    Test {
        /// Its name, from `keyway notify list`
        name: String,
    },
    /// Show the conditions that last and the newest messages
    History {
        /// Messages at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
}

#[derive(Subcommand)]
pub enum NewChannel {
    /// POST JSON to a URL, signed with a secret that is shown once
    Webhook {
        #[command(flatten)]
        common: Common,
        /// The URL; if it holds a secret, name it with one of the --credential options instead
        #[arg(long, value_name = "URL", required_unless_present = "from", conflicts_with = "from")]
        url: Option<String>,
        #[command(flatten)]
        source: CredentialSource,
    },
    /// Post to an incoming webhook of Slack or a compatible service; one of the --credential options names its URL
    Slack {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        source: CredentialSource,
    },
    /// Send mail over SMTP; one of the --credential options names the password of --user
    Mail {
        #[command(flatten)]
        common: Common,
        /// The SMTP server's host
        #[arg(long)]
        host: String,
        /// Its port [default: 587 with starttls, 465 with implicit, 25 with off]
        #[arg(long)]
        port: Option<u16>,
        /// How the connection is encrypted
        #[arg(long, value_enum, default_value_t = Tls::Starttls)]
        tls: Tls,
        /// Who signs in at the SMTP server
        #[arg(long, requires = "from")]
        user: Option<String>,
        #[command(flatten)]
        source: CredentialSource,
        /// The sender's address
        #[arg(long = "from", id = "sender", value_name = "ADDRESS")]
        sender: String,
        /// A receiver's address; can be repeated
        #[arg(long, value_name = "ADDRESS", required = true)]
        to: Vec<String>,
        /// Send what concerns an app to the e-mail address in its owner, if there is one
        #[arg(long)]
        to_owner: bool,
    },
}

/// What all channels have.
#[derive(clap::Args)]
pub struct Common {
    /// Its name, unique
    pub name: String,
    /// Take notifications of this account only, by its hub ID or name
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Take notifications of this owner's apps only, as `keyway app show` has the owner
    #[arg(long, value_name = "OWNER")]
    pub owner: Option<String>,
}

/// How a connection to an SMTP server is encrypted.
#[derive(Clone, Copy, ValueEnum)]
pub enum Tls {
    /// By STARTTLS, which the server must offer
    Starttls,
    /// From the first byte
    Implicit,
    /// Not at all; to this machine only
    Off,
}

impl Tls {
    /// As the admin API has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
            Self::Off => "off",
        }
    }
}
