//! Clients built with an API key. HubSpot has removed API keys, so their calls fail wherever they are.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{other, spaceless};
use crate::detect::Text;
use crate::finding::{Usage, UsageAuth, Via};
use crate::text::{contains_ignore_case, is_comment, line_near};

/// Calls that take the key by name or exist only for the key, and calls that take it as the first argument.
static BUILT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        (?P<options>(?:new\s+)?(?:[\w$\\]+(?:\.|::|\\))*(?:Client|HubSpot|Hubspot|HubSpotClient|HubspotClient|Hubspot3|HubSpotApi)(?:\.new)?)
          \s*\(\s*(?P<arguments>[^()]*(?:\([^()]*\)[^()]*){0,6})\)
        | (?P<configured>Hubspot\.configure)\b(?P<block>[^\n]{0,200}(?:\n[^\n]{0,200}){0,4})
        | (?P<key>createWithApiKey|create_with_api_key|(?:hubspot|Hubspot|HubSpot|hubspotClient|client|config|Configuration)\w*(?:\.|->|::)(?:getDefaultConfiguration\(\)(?:\.|->))?(?:setApiKey|set_api_key)|hubspot\.SetAPIKey|hubspot\.NewAPIKeyAuth)\s*\(
        | (?P<developer>createWithDeveloperApiKey|create_with_developer_api_key|setDeveloperApiKey)\s*\(
        | (?P<first>new\s+HubSpot(?:Contact|Company|Deal|LineItem|List|Owner|EmailSubscriptions|Api)(?:Client)?|SevenShores\\Hubspot\\Factory::create|HubSpotApi|hubspot\.NewClient)\s*\(\s*(?P<argument>[^(){}\s][^(){}]*)\)
        "#,
    )
    .expect("a constant")
});

/// Options that hold the key.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)(?:^|[^\w])["']?(?:apiKey|api_key|hapikey|hapi_key|hapiKey)["']?\s*(?:=>|[:=,}])|(?:^|[{,]\s*)apiKey\s*(?:[,}]|$)"#)
        .expect("a constant")
});
static DEVELOPER_KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?-u)["']?(?:developerApiKey|developer_api_key)["']?\s*(?:=>|[:=,}])"#).expect("a constant"));

/// Finds clients built with a key.
pub(super) fn find(text: Text<'_>) -> Vec<(usize, Usage)> {
    let bytes = text.bytes;
    // A `Client` can be HubSpot's only where the file imports a client, HubSpot's or another.
    if !contains_ignore_case(bytes, b"hubspot") || super::url::is_prose(text.path) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for captures in BUILT.captures_iter(bytes) {
        let Some(whole) = captures.get(0) else { continue };
        let line = line_near(bytes, whole.start()).start;
        if is_comment(&bytes[line..whole.start()]) {
            continue;
        }
        let group = |name: &str| captures.name(name).map(|group| group.as_bytes());
        let by = |name: &str, options: &[u8]| -> Option<(String, UsageAuth)> {
            let name = spaceless(group(name)?);
            let key = KEY.is_match(options);
            let developer = DEVELOPER_KEY.is_match(options);
            let auth = if key { UsageAuth::Hapikey } else { UsageAuth::DeveloperKey };
            (key || developer).then_some((name, auth))
        };
        let built = by("options", group("arguments").unwrap_or_default())
            .filter(|(name, _)| is_hubspots(bytes, name))
            .or_else(|| by("configured", group("block").unwrap_or_default()))
            .or_else(|| Some((spaceless(group("key")?), UsageAuth::Hapikey)))
            .or_else(|| Some((spaceless(group("developer")?), UsageAuth::DeveloperKey)))
            .or_else(|| {
                Some((spaceless(group("first")?), UsageAuth::Hapikey)).filter(|_| takes_a_key(group("argument").unwrap_or_default()))
            });
        if let Some((name, auth)) = built {
            let name = name.strip_prefix("new").unwrap_or(&name).to_owned();
            found.push((whole.start(), other(Via::Client, format!("client {name}"), Some(name), auth)));
        }
    }
    found
}

/// Whether a constructor belongs to a HubSpot client, by its own name or by the file's imports.
fn is_hubspots(text: &[u8], name: &str) -> bool {
    static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i-u)(?:require|import|from|use|using)\b[^\n]{0,100}(?:@hubspot/api-client|\bhubspot\b|hubspot3|sevenshores)"#)
            .expect("a constant")
    });
    contains_ignore_case(name.as_bytes(), b"hubspot") || IMPORT.is_match(text)
}

/// Whether a first argument is a key, and not a token, a configuration or nothing.
fn takes_a_key(argument: &[u8]) -> bool {
    !contains_ignore_case(argument, b"token") && !contains_ignore_case(argument, b"config") && !contains_ignore_case(argument, b"oauth")
}
