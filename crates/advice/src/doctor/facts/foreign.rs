//! Recognises texts that another service wrote. For such a text the doctor names no HubSpot cause, whatever words
//! the text has: a connector writes to its log about every service that it connects.

use super::{Facts, is_for_tests};

/// Services whose connectors run beside HubSpot's and write to the same logs.
const OTHERS: [&str; 38] = [
    "salesforce",
    "pipedrive",
    "zoho",
    "mailchimp",
    "intercom",
    "zendesk",
    "freshdesk",
    "activecampaign",
    "klaviyo",
    "stripe",
    "shopify",
    "airtable",
    "copper",
    "marketo",
    "quickbooks",
    "netsuite",
    "googleapis.com",
    "googleads",
    "slack",
    "github ",
    "gitlab",
    "amazonaws",
    "s3 only",
    "supabase",
    "snowflake",
    "auth0",
    "odoo",
    "twilio",
    "sendgrid",
    "mailjet",
    "onesignal",
    "clearbit",
    "geckoboard",
    "basecrm",
    "chatwoot",
    "hubplanner",
    "mcp server '",
    "initialize mcp client",
];

/// Marks of other services' answers, in lower case: keys and codes that HubSpot's answers do not have.
const FOREIGN: [&str; 34] = [
    "\"errorcode\":",
    "documentation_url",
    "o:errordetails",
    "serviceerrorcode",
    "fbtrace_id",
    "\"more_info\":",
    "exceptioncode",
    "\"error\":{",
    "\"error\": {",
    "'error': {",
    "\"object\":\"error\"",
    "\"object\": \"error\"",
    "\"ok\":false",
    "\"ok\": false",
    "error.list",
    "authenticationunsuccessful",
    "oauthexception",
    "permission_denied",
    "resource_exhausted",
    "unauthenticated",
    "throttlingexception",
    "wrongpass",
    "sqlstate",
    "access denied for user",
    "password authentication failed",
    "docker",
    "from server (",
    "couldn't authenticate you",
    "invalid_oauthtoken",
    "oauth_scope_mismatch",
    "5.7.8",
    "uncommitted work",
    "redirect_uri_mismatch",
    "dailylimitexceeded",
];
/// Words with which programs and other services name the source of an error, whatever else the text names.
const FOREIGN_ALWAYS: [&str; 22] = [
    "does not exist on type",
    "aadsts",
    "npm err!",
    "npm error",
    "botocore.",
    "boto3.",
    "google.auth",
    "google.apis.",
    "google.api_core",
    "openai.",
    "anthropic.",
    "stripe.error",
    "psycopg2",
    "pymysql",
    "sqlalchemy",
    "sqlite3.",
    "snowflake.connector",
    "redis: ",
    "pymongo",
    "\"errorcode\":\"required_field_missing",
    "\"ok\":false,\"error\":",
    "\"errorcode\":\"invalid_session_id",
];

impl Facts<'_> {
    /// Whether the answer has a form that only HubSpot's answers have.
    pub(super) fn has_own_form(&self) -> bool {
        self.answer().is_some_and(|answer| {
            let oauth = answer.oauth_error.is_some() && answer.oauth_status.is_none();
            answer.envelope && !(oauth && answer.category.is_none() && answer.correlation_id.is_none())
        })
    }

    /// Whether the text has a word in the form of a HubSpot code: `BAD_AUTH_CODE`.
    pub fn has_own_words(&self) -> bool {
        self.answer().is_some_and(|answer| answer.words.iter().any(|word| word.contains('_')))
    }

    /// The host that a browser or a program could not load, in lower case.
    fn blamed_host(&self) -> Option<&str> {
        const BEFORE: [&str; 4] = ["cannot load https://", "fetch at 'https://", "xmlhttprequest at 'https://", "for url: https://"];
        let after = BEFORE.iter().find_map(|before| self.said.split_once(before).map(|(_, after)| after))?;
        let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).unwrap_or(after.len());
        Some(&after[..end])
    }

    /// The other service that the text names, where nothing in the text is HubSpot's: a connector's log may be about any of
    /// the services that it connects.
    pub fn other_service(&self) -> Option<&str> {
        // A sign of a HubSpot answer outweighs the name of the program that printed it.
        let answered = self.to_hubspot() || self.has_own_form() || self.says("correlationid");
        if !answered && FOREIGN_ALWAYS.iter().any(|mark| self.says(mark)) {
            return Some("another service or program");
        }
        if self.is_about_hubspot() {
            return None;
        }
        // Any OAuth server answers like this; HubSpot's server adds a word of its own.
        if self.answer().is_some_and(|answer| answer.envelope) {
            return Some("an error of OAuth");
        }
        // HubSpot's errors have a status, a category or a correlation id.
        let text = self.said.trim_start();
        let page = text.contains("<html");
        if (text.starts_with('{') || text.starts_with("[{")) && text.contains("\":") && !page && !text.contains("\"errortype\"") {
            return Some("a service whose errors have another form");
        }
        if FOREIGN.iter().any(|mark| self.says(mark)) {
            return Some("another service");
        }
        let named = OTHERS.iter().copied().find(|word| self.says(word)).map(str::trim);
        // A Keyway server has its own host name, and serves only paths that HubSpot's API has.
        let foreign = |host: &&str| {
            let is_number = host.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':'));
            !is_number && host.contains('.') && !is_for_tests(host) && keyway_core::sunset::family(self.raw_path()).is_none()
        };
        let called = || self.call().filter(|call| call.path.len() > 1)?.host.as_deref().filter(foreign);
        named.or_else(called).or_else(|| self.blamed_host().filter(foreign))
    }
}
