//! What can be typed after `keyway doctor`.

use super::credential::CredentialSource;

#[derive(clap::Args)]
pub struct Doctor {
    /// A file with a curl command and its answer, a HAR file, lines of a log or HubSpot's error; `-`, or nothing with a pipe, is standard
    /// input; or a correlation ID that the server knows
    #[arg(conflicts_with_all = ["from", "account"])]
    pub input: Option<String>,
    #[command(flatten)]
    pub credential: CredentialSource,
    /// With a credential: an operation that it must allow, such as "GET /crm/objects/2026-09/contacts"; can be repeated
    #[arg(long, value_name = "OPERATION", requires = "from")]
    pub operation: Vec<String>,
    /// Whom to ask about the credential: HubSpot by default. For a token that a Keyway issued: the data address of that Keyway, by default
    /// the running server
    #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com", requires = "from")]
    pub ask_at: String,
    /// The account that the call or the credential is meant for
    #[arg(long, value_name = "HUB_ID", conflicts_with = "account")]
    pub expect: Option<u64>,
    /// Check an account of the running server, or all of them: connections, scopes, limits, failing calls, tokens, clocks, ends
    #[arg(long, value_name = "ACCOUNT", num_args = 0..=1, conflicts_with = "from")]
    pub account: Option<Option<String>>,
}
