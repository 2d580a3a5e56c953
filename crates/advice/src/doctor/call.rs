//! A call as a program sent it, without its credentials: Keyway keeps only their kind and a hint.

use keyway_core::credential;
use keyway_core::token::{Shape, shape};

/// The request of a call.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Upper case; none where the text does not show it.
    pub method: Option<String>,
    /// Lower case, without a port.
    pub host: Option<String>,
    /// As written, without the query.
    pub path: String,
    /// The client library's call, such as `crm.contacts.basicApi.create`, where the text shows one.
    pub sdk: Option<&'static str>,
    /// Names and values, decoded; a credential has an empty value.
    pub query: Vec<(String, String)>,
    /// Every credential in the request.
    pub credentials: Vec<Credential>,
    /// Lower case, without parameters.
    pub content_type: Option<String>,
    /// The body, where it is JSON.
    pub body: Option<serde_json::Value>,
    /// The length of the body, in characters.
    pub body_chars: usize,
    /// Whether the headers are known too. Where they are not, a missing credential means nothing.
    pub headers_known: bool,
    /// Whether a browser sent it for a page.
    pub by_a_page: bool,
}

/// A credential in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The place of the credential in the request.
    pub place: Place,
    /// What it is.
    pub kind: CredentialKind,
    /// A part of the credential to recognise it by: `pat-na1-…9f3c`.
    pub hint: String,
}

/// The place of a credential in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization` with another scheme, or none.
    Authorization(String),
    /// Another header.
    Header(String),
    /// `?hapikey=…`.
    Hapikey,
    /// Another parameter of the query.
    Query(String),
}

/// The form of a credential (hubspot facts, section 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A token issued by a Keyway.
    Keyway,
    /// `pat-<region>-<uuid>`: a private-app token, a service key or a static-auth token.
    Pat,
    /// An OAuth access token.
    Access,
    /// A bare UUID: an account-wide key, a developer key, a client secret or an old refresh token.
    Uuid,
    /// A region and hex groups: a refresh token, or an old key of a regional account.
    Routed,
    /// A person's key for HubSpot's command line.
    PersonalAccessKey,
    /// A shell's or template's variable, with its name.
    Variable(String),
    /// Nothing, or a placeholder that nobody replaced with a value.
    Placeholder,
    /// A value that a log or a person has hidden: `***`, `REDACTED`. The value itself is unknown.
    Masked,
    /// A credential with extra characters around or inside it.
    Damaged(&'static str),
    /// Anything else.
    Other,
}

impl Call {
    /// A call from the audit log: method and path template, and the object type of a generic operation.
    pub fn on_record(operation: &str, object: Option<&str>) -> Self {
        let (method, template) = operation.split_once(' ').unwrap_or(("", operation));
        let mut types = object.unwrap_or_default().split(',').filter(|name| !name.is_empty());
        let filled = template.split('/').map(|segment| match segment {
            typed if typed.starts_with('{') && typed.contains("bjectType") => types.next().unwrap_or("contacts"),
            varies if varies.starts_with('{') => "0",
            literal => literal,
        });
        let path = if template.starts_with('/') { filled.collect::<Vec<_>>().join("/") } else { String::new() };
        Self { method: Some(method.to_owned()), path, ..Self::default() }
    }

    /// Records a credential, and drops its value.
    pub fn presents(&mut self, place: Place, value: &str) {
        let kind = kind_of(value);
        let hint = match &kind {
            CredentialKind::Variable(name) => format!("${name}"),
            CredentialKind::Placeholder => "nothing".to_owned(),
            CredentialKind::Masked => "hidden".to_owned(),
            _ => credential::hint(value.trim()),
        };
        self.credentials.push(Credential { place, kind, hint });
    }

    /// Records the value of an `Authorization` header.
    pub fn authorizes(&mut self, value: &str) {
        let value = value.trim();
        let (scheme, rest) = value.split_once(char::is_whitespace).unwrap_or(("", value));
        if scheme.eq_ignore_ascii_case("bearer") {
            self.presents(Place::Bearer, rest.trim_start());
        } else if value.eq_ignore_ascii_case("bearer") {
            self.presents(Place::Bearer, "");
        } else if scheme.is_empty() && is_mask(value) && !value.starts_with("pat-") {
            // What hides the whole value hides the word Bearer too.
            self.presents(Place::Bearer, value);
        } else {
            self.presents(Place::Authorization(scheme.to_owned()), rest);
        }
    }

    /// Records a header, where it contains a credential or the media type of the body.
    pub fn header(&mut self, name: &str, value: &str) {
        match name.trim().to_ascii_lowercase().as_str() {
            "authorization" => self.authorizes(value),
            "content-type" => {
                self.content_type = value.split(';').next().map(|kind| kind.trim().to_ascii_lowercase());
            }
            "host" if self.host.is_none() => self.host = Some(without_port(value.trim()).to_ascii_lowercase()),
            other if CREDENTIAL_HEADERS.contains(&other) => self.presents(Place::Header(other.to_owned()), value.trim()),
            _ => {}
        }
    }

    /// Splits a URL or an absolute path into host, path, query and the credentials in it.
    pub fn target(&mut self, url: &str) {
        let rest = match url.split_once("://") {
            Some((_, rest)) => {
                let (authority, _) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
                let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                self.host = Some(without_port(host).to_ascii_lowercase());
                &rest[authority.len()..]
            }
            None => url,
        };
        let (rest, _) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        self.path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        query.split('&').filter(|pair| !pair.is_empty()).for_each(|pair| self.parameter(pair));
    }

    fn parameter(&mut self, pair: &str) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let lower = name.to_ascii_lowercase();
        if lower == "hapikey" {
            self.presents(Place::Hapikey, &value);
        } else if CREDENTIAL_PARAMETERS.contains(&lower.as_str()) {
            self.presents(Place::Query(lower), &value);
        } else {
            self.query.push((name, value));
            return;
        }
        self.query.push((name, String::new()));
    }

    /// Records the body.
    pub fn body(&mut self, text: &str) {
        self.body_chars = text.chars().count();
        self.body = serde_json::from_str(text).ok();
    }

    /// Whether the path belongs to the API, by a version in it or by its family.
    pub fn is_of_the_api(&self) -> bool {
        let versioned = ["/v1/", "/v2/", "/v3/", "/v4/", "/2025-", "/2026-", "/2027-"].iter().any(|part| self.path.contains(part));
        versioned && !self.path.starts_with("/uploads/form")
    }

    /// A parameter of the query.
    pub fn parameter_named(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Headers in which people send HubSpot's tokens by mistake.
const CREDENTIAL_HEADERS: [&str; 9] =
    ["bearer", "x-api-key", "api-key", "apikey", "x-hubspot-token", "x-hubspot-access-token", "token", "access-token", "hapikey"];
/// Query parameters with credentials, none of which HubSpot reads.
const CREDENTIAL_PARAMETERS: [&str; 7] = ["access_token", "accesstoken", "token", "api_key", "apikey", "client_secret", "refresh_token"];

/// The form of a credential.
pub fn kind_of(value: &str) -> CredentialKind {
    let trimmed = value.trim();
    if let Some(name) = variable(trimmed) {
        return CredentialKind::Variable(name);
    }
    if is_mask(trimmed) {
        return CredentialKind::Masked;
    }
    if is_placeholder(trimmed) {
        return CredentialKind::Placeholder;
    }
    if let Some(damage) = damage(trimmed) {
        return CredentialKind::Damaged(damage);
    }
    let bytes = trimmed.as_bytes();
    let whole = |length: Option<usize>| length == Some(bytes.len());
    match shape(trimmed) {
        Shape::Ours => CredentialKind::Keyway,
        Shape::Pat => CredentialKind::Pat,
        Shape::Other if whole(credential::uuid(bytes)) => CredentialKind::Uuid,
        Shape::Other if whole(credential::routed(bytes)) => CredentialKind::Routed,
        Shape::Other if trimmed.starts_with("CiR") && bytes.len() >= 80 => CredentialKind::PersonalAccessKey,
        Shape::Other if is_access_token(bytes) => CredentialKind::Access,
        Shape::Other if trimmed.starts_with("pat-") => CredentialKind::Damaged("it begins as a token and has not a token's length"),
        Shape::Other => CredentialKind::Other,
    }
}

/// Whether this is an access token, by its first letters and its length (hubspot facts, section 1).
fn is_access_token(bytes: &[u8]) -> bool {
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.len() >= 60 && bytes[0] == b'C' && (b'I'..=b'P').contains(&bytes[1]) && bytes.iter().all(alphabet)
}

/// `$NAME`, `${NAME}`, `{{ name }}`, `%NAME%`. `<name>` is a placeholder, and not a variable.
fn variable(text: &str) -> Option<String> {
    let inner = match text.strip_prefix('$') {
        Some(rest) => rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest),
        None => text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))?,
    };
    let name = inner.trim().split(":-").next().unwrap_or_default();
    let named =
        !name.is_empty() && name.len() <= 100 && name.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | '.' | ' ' | '$'));
    named.then(|| name.to_owned())
}

fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = ["", "undefined", "null", "none", "nil", "token", "[object object]", "false"];
    let begins = ["your", "<", "my_", "insert", "replace", "todo", "access_token", "api_key", "${"];
    words.contains(&lower.as_str()) || begins.iter().any(|begin| lower.starts_with(begin))
}

/// Whether a log, a tool or a person has hidden the value, or all of it but its beginning: `pat-na1-[token]`.
fn is_mask(text: &str) -> bool {
    let after_region = text.strip_prefix("pat-").and_then(|rest| rest.split_once('-')).map(|(_, rest)| rest);
    after_region.is_some_and(|rest| rest.starts_with(['<', '[', '(', '{']) || hides(rest)) || hides(text)
}

/// Whether a text has the form of a hidden value.
fn hides(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let inner = lower.trim_matches(['<', '>', '[', ']', '(', ')', '*', '{', '}', '_', '-']);
    let words = ["redacted", "filtered", "hidden", "masked", "removed", "excluded", "omitted", "secret", "sanitized", "hash", "snip"];
    let mask = |one: char| matches!(one, 'x' | '*' | '.' | '-' | '0' | '•' | '…' | '#');
    let run = |sign: &str| lower.contains(&sign.repeat(3));
    words.contains(&inner)
        || (lower.chars().count() >= 3 && lower.chars().all(mask))
        || run("*")
        || run("•")
        || lower.contains('…')
        || run("x") && run("xx")
        || lower.contains("...")
        || (lower.contains("redacted") && text.len() < 60)
}

fn damage(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("bearer ") || lower.starts_with("bearer:") {
        Some("the word Bearer is there twice")
    } else if text.contains(['"', '\'', '`']) || lower.contains("%22") {
        Some("there are quotes around it")
    } else if text.contains(char::is_whitespace) || text.contains("\\n") {
        Some("there is a space or a line break in it")
    } else if !text.is_ascii() {
        Some("there is a character in it that no token has (often a dash or an ellipsis that a text editor put there)")
    } else {
        None
    }
}

fn without_port(host: &str) -> &str {
    host.split(':').next().unwrap_or(host)
}

/// Percent-decoded as a form field (WHATWG URL, application/x-www-form-urlencoded parsing).
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &after[2..];
                continue;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pat() -> String {
        format!("pat-na1-{}", keyway_core::token::uuid_text(&[0x4b; 16]))
    }

    #[test]
    fn each_kind_is_told_by_its_form() {
        let uuid = keyway_core::token::uuid_text(&[0x5a; 16]);
        for (text, kind) in [
            (pat(), CredentialKind::Pat),
            (uuid, CredentialKind::Uuid),
            (format!("CiR{}", "a1B2".repeat(26)), CredentialKind::PersonalAccessKey),
            (format!("CKj4{}", "a1B2".repeat(20)), CredentialKind::Access),
            ("$HUBSPOT_TOKEN".into(), CredentialKind::Variable("HUBSPOT_TOKEN".into())),
            ("${HUBSPOT_TOKEN}".into(), CredentialKind::Variable("HUBSPOT_TOKEN".into())),
            ("YOUR_ACCESS_TOKEN".into(), CredentialKind::Placeholder),
            (String::new(), CredentialKind::Placeholder),
            (format!("\"{}\"", pat()), CredentialKind::Damaged("there are quotes around it")),
            (pat()[..30].to_owned(), CredentialKind::Damaged("it begins as a token and has not a token's length")),
            ("hunter2".into(), CredentialKind::Other),
            ("***".into(), CredentialKind::Masked),
            ("[REDACTED]".into(), CredentialKind::Masked),
            ("pat-na1-xxxxxxxx-xxxx-xxxx".into(), CredentialKind::Masked),
            ("pat-eu1-********".into(), CredentialKind::Masked),
            ("pat-eu1-xxx".into(), CredentialKind::Masked),
            ("pat-eu1-<redacted>".into(), CredentialKind::Masked),
            ("pat-eu1-[token]".into(), CredentialKind::Masked),
            ("pat-eu1-5a5a...9f3c".into(), CredentialKind::Masked),
        ] {
            assert_eq!(kind_of(&text), kind, "{text}");
        }
    }

    #[test]
    fn no_value_is_kept() {
        let mut call = Call::default();
        call.target(&format!("https://api.hubapi.com/contacts/v1/contact?hapikey={}&access_token={}&count=5", pat(), pat()));
        call.authorizes(&format!("Bearer {}", pat()));
        assert!(!format!("{call:?}").contains(&pat()[8..40]), "{call:?}");
        assert_eq!((call.host.as_deref(), call.path.as_str()), (Some("api.hubapi.com"), "/contacts/v1/contact"));
        assert_eq!((call.credentials.len(), call.parameter_named("count")), (3, Some("5")));
    }
}
