//! How a call authenticates, as far as its file shows.

use std::sync::LazyLock;

use keyway_core::catalog::Auth;
use regex::bytes::Regex;

use super::Meaning;
use crate::finding::UsageAuth;

static HAPIKEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)hapi_?key").expect("a constant"));
static BEARER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)bearer|access_?token(?:[^s\w]|_|$)|with_?(?:access_?)?token|private_?app|\bpat-[a-z]{2}\d|authorization|oauth2?[_-]?token|x-auth|auth_?token")
        .expect("a constant")
});
static KEY_OPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u)(?:^|[^\w.]|[^r]_)api_?key\s*[:=(]|setApiKey\s*\(|set_api_key|api_key\[|createWithApiKey|create_with_api_key|useApiKey",
    )
    .expect("a constant")
});
static DEVELOPER_OPTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i-u)dev(?:eloper)?_?(?:api|hapi)_?key|createWithDeveloperApiKey").expect("a constant"));

/// How a whole file authenticates.
pub(super) struct Habits {
    hapikey: bool,
    bearer: bool,
    key_option: bool,
    developer: bool,
}

impl Habits {
    pub(super) fn of(text: &[u8]) -> Self {
        Self {
            hapikey: HAPIKEY.is_match(text),
            bearer: BEARER.is_match(text),
            key_option: KEY_OPTION.is_match(text),
            developer: DEVELOPER_OPTION.is_match(text),
        }
    }

    /// The authentication that a URL's own call shows, if it shows any.
    pub(super) fn of_call(&self, meaning: &Meaning, call: &[u8]) -> Option<UsageAuth> {
        if meaning.auth == Auth::None {
            return Some(UsageAuth::None);
        }
        if HAPIKEY.is_match(call) {
            return Some(if meaning.takes_developer_key() { UsageAuth::DeveloperKey } else { UsageAuth::Hapikey });
        }
        BEARER.is_match(call).then_some(UsageAuth::Bearer)
    }

    /// The authentication of a URL whose call shows none: that of the rest of the file.
    pub(super) fn of_url(&self, meaning: &Meaning) -> UsageAuth {
        let key = if meaning.takes_developer_key() { UsageAuth::DeveloperKey } else { UsageAuth::Hapikey };
        match (self.hapikey, self.bearer) {
            (true, false) => key,
            (false, true) => UsageAuth::Bearer,
            _ if meaning.takes_developer_key() && self.developer => UsageAuth::DeveloperKey,
            _ => UsageAuth::Unknown,
        }
    }

    /// The authentication of a call of a client library, by the options of the client.
    pub(super) fn of_client(&self, meaning: &Meaning) -> UsageAuth {
        let key = self.hapikey || self.key_option;
        match meaning.auth {
            Auth::None => UsageAuth::None,
            _ if meaning.takes_developer_key() && (self.developer || key) => UsageAuth::DeveloperKey,
            _ if self.bearer && !key => UsageAuth::Bearer,
            _ if key && !self.bearer => UsageAuth::Hapikey,
            // A file with both ways is probably moving to the new one; which of them a call uses is unknown.
            _ => UsageAuth::Unknown,
        }
    }
}
