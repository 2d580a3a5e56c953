//! Unlisted operations: calls to paths that the catalog does not list, on connected accounts.
//!
//! For each app, the operator chooses which of them Keyway forwards: none, those that read, all, or those whose path matches a
//! pattern. [`crate::policy::authorize_unlisted`] decides; [`masked`] is the path without ids in the audit log.

use std::fmt;

use crate::catalog::{Catalog, Method, Resolution};
use crate::path::NormalPath;

/// The most rules of one app.
pub const RULES_MAX: usize = 50;
/// The longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 300;

/// First segments that no unlisted call may have, in lower case. Keyway answers OAuth itself, and no app may issue or read
/// credentials with the connection's credential.
const NEVER_FORWARDED: [&str; 3] = ["oauth", "localdevauth", ".well-known"];

/// Which unlisted operations an app may call. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// Every GET.
    Read,
    /// Everything.
    All,
    /// Paths that match the pattern, with one method or with all.
    Path { method: Option<Method>, pattern: String },
}

/// A setting that Keyway can't accept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnlistedError {
    /// Neither a word nor a pattern.
    #[error(
        "{0:?} is not a setting for unlisted operations. Use refuse, read, all, or a path pattern such as /some/api/v1/* or \"GET /some/api/v1/*\""
    )]
    Malformed(String),
    /// A part of the API that is never forwarded.
    #[error("{0:?}: Keyway never forwards /{1} as an unlisted operation, because it issues or reads credentials")]
    Never(String, &'static str),
    /// Too many rules.
    #[error("an app has at most {RULES_MAX} rules for unlisted operations")]
    TooMany,
}

impl Unlisted {
    /// Parses the setting: `refuse` alone, or any of `read`, `all` and path patterns. In a pattern, `*` is one segment; at the end
    /// it is one or more.
    ///
    /// # Errors
    /// A word is none of these, or there are too many.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, UnlistedError> {
        let mut rules = Vec::new();
        for text in texts.iter().map(|text| text.as_ref().trim()) {
            match text {
                "refuse" if texts.len() == 1 => {}
                "read" => rules.push(Rule::Read),
                "all" => rules.push(Rule::All),
                pattern => rules.push(pattern_rule(pattern)?),
            }
        }
        if rules.len() > RULES_MAX {
            return Err(UnlistedError::TooMany);
        }
        Ok(Self { rules })
    }

    /// The setting as users write it; `refuse` where nothing is allowed.
    pub fn to_texts(&self) -> Vec<String> {
        if self.rules.is_empty() { vec!["refuse".to_owned()] } else { self.rules.iter().map(ToString::to_string).collect() }
    }

    /// Whether an app with this setting may call a path, in the form of a request or of [`masked`]. Operations that issue or read
    /// credentials are never allowed.
    pub fn allows(&self, method: Method, path: &str) -> bool {
        let fits = |rule: &Rule| match rule {
            Rule::Read => method == Method::Get,
            Rule::All => true,
            Rule::Path { method: only, pattern } => only.is_none_or(|only| only == method) && matches(pattern, path),
        };
        never_forwarded(path).is_none() && self.rules.iter().any(fits)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::All => f.write_str("all"),
            Self::Path { method: Some(method), pattern } => write!(f, "{method} {pattern}"),
            Self::Path { method: None, pattern } => f.write_str(pattern),
        }
    }
}

fn pattern_rule(text: &str) -> Result<Rule, UnlistedError> {
    let malformed = || UnlistedError::Malformed(text.chars().take(PATTERN_BYTES_MAX).collect());
    let (method, pattern) = match text.split_once(' ') {
        Some((method, pattern)) => (Some(Method::parse(method).ok_or_else(malformed)?), pattern.trim_start()),
        None => (None, text),
    };
    let good = |segment: &str| {
        segment == "*" || (!segment.is_empty() && !segment.contains(['*', '?', '#', '%', ';', '\\']) && !segment.contains(char::is_control))
    };
    let segments = pattern.strip_prefix('/').ok_or_else(malformed)?.trim_end_matches('/');
    if text.len() > PATTERN_BYTES_MAX || !segments.split('/').all(good) {
        return Err(malformed());
    }
    if let Some(never) = never_forwarded(pattern) {
        return Err(UnlistedError::Never(text.to_owned(), never));
    }
    Ok(Rule::Path { method, pattern: format!("/{segments}") })
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut path = path.trim_matches('/').split('/');
    let mut pattern = pattern.trim_matches('/').split('/').peekable();
    while let Some(wanted) = pattern.next() {
        let Some(segment) = path.next() else { return false };
        if wanted == "*" && pattern.peek().is_none() {
            return true;
        }
        if wanted != "*" && wanted != segment {
            return false;
        }
    }
    path.next().is_none()
}

fn never_forwarded(path: &str) -> Option<&'static str> {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_ascii_lowercase();
    NEVER_FORWARDED.into_iter().find(|never| *never == first)
}

/// Why Keyway refuses an unlisted call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnlistedDenial {
    /// The app's setting does not allow it.
    NotAllowed,
    /// It issues or reads credentials.
    Never(&'static str),
    /// The catalog lists the operation in this spelling, with its scopes.
    Spelling(String),
    /// No operation has the method.
    Method,
    /// The caller is limited to classes of operations, and the effect of the call is unknown.
    Class,
}

/// Decides whether an app's setting allows an unlisted call.
///
/// # Errors
/// The reason why not.
pub(crate) fn decide(allowed: &Unlisted, method: &str, path: &NormalPath) -> Result<Method, UnlistedDenial> {
    if let Some(never) = never_forwarded(path.as_str()) {
        return Err(UnlistedDenial::Never(never));
    }
    let method = Method::parse(method).ok_or(UnlistedDenial::Method)?;
    // A server that ignores letter case would treat this path as an operation whose scopes were not checked.
    let lower = path.as_str().to_ascii_lowercase();
    if lower != path.as_str()
        && let Ok(known) = NormalPath::parse(&lower)
        && !matches!(Catalog::get().resolve(method.as_str(), &known), Resolution::Unknown)
    {
        return Err(UnlistedDenial::Spelling(lower));
    }
    if allowed.allows(method, path.as_str()) { Ok(method) } else { Err(UnlistedDenial::NotAllowed) }
}

/// The path in the audit log: segments that may be ids, addresses or secrets become `*`. Words of letters, hyphens and
/// underscores stay, and so do versions. The result is a pattern for [`Unlisted`].
pub fn masked(path: &NormalPath) -> String {
    let mut masked = String::new();
    for segment in path.segments().take(SEGMENTS_MAX) {
        masked.push('/');
        masked.push_str(if is_word(segment) || is_version(segment) { segment } else { "*" });
    }
    if masked.is_empty() {
        masked.push('/');
    }
    masked
}

/// The most segments of a path in the audit log.
const SEGMENTS_MAX: usize = 16;
/// The longest word that is kept, in bytes; HubSpot's longest has 31 letters.
const WORD_BYTES_MAX: usize = 32;

fn is_word(segment: &str) -> bool {
    let word = segment.strip_suffix(".json").unwrap_or(segment);
    (1..=WORD_BYTES_MAX).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
}

/// `v3`, `2026-09`, `2026-09-beta`.
fn is_version(segment: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = segment.strip_prefix('v') {
        return digits(number, 1) || digits(number, 2);
    }
    let date = segment.strip_suffix("-beta").unwrap_or(segment);
    date.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Caller;
    use crate::scope::ScopeSet;

    fn path(text: &str) -> NormalPath {
        NormalPath::parse(text).unwrap()
    }

    fn allowed(setting: &[&str], call: &str) -> bool {
        let (method, text) = call.split_once(' ').unwrap();
        decide(&Unlisted::parse(setting).unwrap(), method, &path(text)).is_ok()
    }

    #[test]
    fn nothing_is_allowed_until_it_is_said() {
        for setting in [&[][..], &["refuse"]] {
            assert!(!allowed(setting, "GET /new/v1/things"));
        }
        assert_eq!(Unlisted::default().to_texts(), ["refuse"]);
    }

    #[test]
    fn read_allows_get_and_nothing_that_may_change_something() {
        assert!(allowed(&["read"], "GET /new/v1/things"));
        for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD", "PROPFIND"] {
            assert!(!allowed(&["read"], &format!("{method} /new/v1/things")), "{method}");
        }
        assert!(allowed(&["all"], "DELETE /new/v1/things/7"));
        assert!(!allowed(&["all"], "PROPFIND /new/v1/things"));
    }

    #[test]
    fn a_star_is_one_segment_and_at_the_end_one_or_more() {
        for (pattern, call, fits) in [
            ("/new/v1/*", "GET /new/v1/things", true),
            ("/new/v1/*", "POST /new/v1/things/7/parts", true),
            ("/new/v1/*", "GET /new/v1", false),
            ("/new/v1/*", "GET /new/v10/things", false),
            ("/new/*/things", "GET /new/v1/things", true),
            ("/new/*/things", "GET /new/v1/other", false),
            ("/new/*/things", "GET /new/v1/things/7", false),
            ("/new/v1/things/", "GET /new/v1/things", true),
            ("GET /new/v1/*", "GET /new/v1/things", true),
            ("GET /new/v1/*", "POST /new/v1/things", false),
        ] {
            assert_eq!(allowed(&[pattern], call), fits, "{pattern} {call}");
        }
    }

    #[test]
    fn a_setting_that_means_nothing_is_refused() {
        for wrong in ["", "some", "new/v1", "/new/v*", "/new//things", "/", "FETCH /new", "/a?b", "/a%2fb", "refuse /a", "/a/\u{7}"] {
            assert!(Unlisted::parse(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(Unlisted::parse(&["refuse", "read"]).is_err(), "nothing and something");
        assert!(Unlisted::parse(&vec!["/a"; RULES_MAX + 1]).is_err());
        assert!(Unlisted::parse(&[format!("/{}", "a".repeat(PATTERN_BYTES_MAX))]).is_err());
        let written = ["read", "GET /a/*", "/b"];
        assert_eq!(Unlisted::parse(&written).unwrap().to_texts(), written);
    }

    #[test]
    fn what_issues_credentials_is_never_forwarded() {
        for text in ["/oauth/v9/token", "/OAuth/v9/token", "/localdevauth/v1/auth/refresh", "/.well-known/x"] {
            assert!(matches!(decide(&Unlisted::parse(&["all"]).unwrap(), "GET", &path(text)), Err(UnlistedDenial::Never(_))), "{text}");
        }
        assert!(matches!(Unlisted::parse(&["/OAUTH/*"]), Err(UnlistedError::Never(..))));
    }

    #[test]
    fn the_setting_opens_no_listed_operation_that_issues_or_reads_credentials() {
        let all = Unlisted::parse(&["all"]).unwrap();
        let listed: Vec<_> = Catalog::get().operations().iter().filter(|operation| operation.template.starts_with("/oauth/")).collect();
        assert!(!listed.is_empty());
        for operation in listed {
            assert!(!all.allows(operation.method, operation.template), "{operation}");
        }
    }

    #[test]
    fn another_letter_case_is_no_way_around_scopes() {
        let all = Unlisted::parse(&["all"]).unwrap();
        let denied = decide(&all, "GET", &path("/CRM/v3/Objects/contacts"));
        assert_eq!(denied, Err(UnlistedDenial::Spelling("/crm/v3/objects/contacts".to_owned())));
        assert!(decide(&all, "GET", &path("/New/v1/Things")).is_ok());
    }

    #[test]
    fn a_masked_path_has_no_ids_addresses_or_secrets_and_is_a_pattern() {
        let uuid = ["4f2a", "11ee", "be56"].join("-");
        for (text, shown) in [
            ("/new/v1/things/123/parts", "/new/v1/things/*/parts"),
            ("/new/2026-09-beta/things", "/new/2026-09-beta/things"),
            ("/new/v1/ada@example.com", "/new/v1/*"),
            (&format!("/new/v1/{uuid}/x.json"), "/new/v1/*/x.json"),
            (&format!("/new/{}", "a".repeat(33)), "/new/*"),
            ("/", "/"),
        ] {
            assert_eq!(masked(&path(text)), shown, "{text}");
        }
        let pattern = masked(&path("/new/v1/things/123/parts"));
        assert!(allowed(&[&pattern], "GET /new/v1/things/456/parts"));
    }

    #[test]
    fn a_refusal_names_the_command_that_allows_the_call() {
        let granted = ScopeSet::EMPTY;
        let unlisted = Unlisted::default();
        let caller = Caller::of_app(7, "Order sync", 1, &granted, &unlisted);
        let error = UnlistedDenial::NotAllowed.to_error(&caller, "GET", &path("/new/v1/things/123"));
        assert_eq!((error.status, error.category), (403, "UNLISTED_OPERATION"));
        assert!(error.message.contains("keyway app update 7 --unlisted 'GET /new/v1/things/*'"), "{}", error.message);
        assert!(error.message.contains("Order sync"));
    }
}
