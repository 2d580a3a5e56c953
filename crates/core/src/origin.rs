//! Whether HubSpot itself wrote an answer (hubspot facts, section 4).
//!
//! A web application firewall, a company's proxy or a captive portal may answer in HubSpot's place, with any status. Such an
//! answer is not evidence about a credential, a grant or a path. So Keyway changes its state only for answers that
//! [`own_word`] accepts.

use std::fmt;

use serde_json::{Map, Value};

use crate::credential;

/// An answer, as far as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// HTTP status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The header `Server`.
    pub server: Option<&'a str>,
    /// Whether the header `X-HubSpot-Correlation-Id` is there.
    pub has_correlation_header: bool,
    /// The body, or its beginning.
    pub body: Extent<'a>,
}

/// The part of a body that was read.
#[derive(Clone, Copy, Debug)]
pub enum Extent<'a> {
    /// All of it, decoded.
    Whole(&'a [u8]),
    /// The body was cut off after this part.
    Cut(&'a [u8]),
    /// There is more, or the encoding is one that Keyway does not decode.
    Unread(&'a [u8]),
}

impl<'a> Extent<'a> {
    const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Whole(bytes) | Self::Cut(bytes) | Self::Unread(bytes) => bytes,
        }
    }
}

/// A summary of an answer that is not HubSpot's. It is safe to show on a terminal and in a page, and contains no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// HTTP status.
    pub status: u16,
    /// The media type, without parameters.
    pub content_type: Option<String>,
    /// The value of the header `Server`.
    pub server: Option<String>,
    /// The title of a page, or the first words.
    pub begins: String,
    /// Whether it is a page for people.
    pub html: bool,
}

/// The longest text of each field, in characters.
const SHOWN_MAX: usize = 80;
/// A word of this length with a digit in it may be a credential that the answer repeats.
const WORD_MAX: usize = 20;
/// The longest correlation id that is accepted, in characters; HubSpot's are UUIDs.
const CORRELATION_MAX: usize = 128;

/// The answer's JSON, if HubSpot itself wrote it.
///
/// A success (2xx) is HubSpot's when its JSON object has all the fields of `documented`, which the reference of the operation
/// lists. An error is HubSpot's when it has a `correlationId` beside a message or category; a 429 also with `policyName`, or
/// `errorType` and `requestId`; an OAuth error also with HubSpot's own word (`BAD_…`) or its own field `message`. No other
/// answer is HubSpot's: no redirect, no page, no JSON that is cut off, and no JSON with another content type.
///
/// # Errors
/// The answer is not HubSpot's; the error is a summary of it.
pub fn own_word(answered: &Answered<'_>, documented: &[&str]) -> Result<Value, Seen> {
    let json = answered.content_type.is_none_or(is_json);
    let object = match answered.body {
        Extent::Whole(body) if json => serde_json::from_slice::<Map<String, Value>>(body).ok(),
        // HubSpot's own servers set this header; services that answer in their place do not know it.
        Extent::Unread(_) if json && answered.has_correlation_header && answered.status >= 400 => return Ok(Value::Null),
        _ => None,
    };
    let is_own = |object: &Map<String, Value>| match answered.status {
        200..=299 => !documented.is_empty() && documented.iter().all(|field| object.get(*field).is_some_and(|value| !value.is_null())),
        400.. => is_error(answered.status, object),
        _ => false,
    };
    object.filter(is_own).map(Value::Object).ok_or_else(|| Seen::of(answered))
}

/// Whether an object has the form of HubSpot's errors.
fn is_error(status: u16, object: &Map<String, Value>) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let says = text("message").is_some() || text("category").is_some();
    let correlated = text("correlationId").is_some_and(|id| id.len() <= CORRELATION_MAX && id.chars().all(|one| one.is_ascii_graphic()));
    let limited = status == 429 && (text("policyName").is_some() || (text("errorType").is_some() && text("requestId").is_some()));
    let own_oauth_word = text("status").is_some_and(|word| word.starts_with("BAD_"));
    // RFC 6749, section 5.2, has no `message`: a server of another product does not send it.
    let oauth = matches!(status, 400 | 401) && text("message").is_some() && (own_oauth_word || text("error").is_some_and(is_oauth_error));
    (correlated && says) || limited || oauth
}

/// RFC 6749, sections 4.1.2.1 and 5.2.
pub fn is_oauth_error(word: &str) -> bool {
    matches!(
        word,
        "invalid_request"
            | "invalid_client"
            | "invalid_grant"
            | "unauthorized_client"
            | "unsupported_grant_type"
            | "invalid_scope"
            | "access_denied"
    )
}

fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type);
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl Seen {
    /// A summary of an answer.
    pub fn of(answered: &Answered<'_>) -> Self {
        let body = answered.body.bytes();
        let text = String::from_utf8_lossy(&body[..body.len().min(8 << 10)]).into_owned();
        let start = text.trim_start().get(..15).unwrap_or_default().to_ascii_lowercase();
        let media_type = answered.content_type.map(media_type);
        let html = media_type.as_deref() == Some("text/html") || start.starts_with("<!doctype") || start.starts_with("<html");
        let begins = match answered.body {
            // The body is not text.
            Extent::Unread(_) => String::new(),
            _ if html => harmless(title(&text).unwrap_or_default()),
            _ => harmless(&text),
        };
        Self {
            status: answered.status,
            content_type: media_type.map(|text| harmless(&text)).filter(|text| !text.is_empty()),
            server: answered.server.map(harmless).filter(|text| !text.is_empty()),
            begins,
            html,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        match &self.content_type {
            Some(content_type) => write!(f, ", {content_type}")?,
            None => f.write_str(", no content type")?,
        }
        if let Some(server) = &self.server {
            write!(f, ", server {server}")?;
        }
        if !self.begins.is_empty() {
            write!(f, ", \"{}\"", self.begins)?;
        }
        Ok(())
    }
}

/// The title of an HTML page.
fn title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find('<').unwrap_or(lower.len() - start);
    // ASCII lower case keeps the offset of every byte.
    page.get(start..end)
}

/// Makes a foreign text safe for a person's terminal: one line of letters, digits and plain signs, without anything that may
/// be a credential.
fn harmless(text: &str) -> String {
    let plain: String = text
        .chars()
        .take(1_024)
        .map(|one| if one.is_ascii_graphic() || one.is_alphanumeric() { one } else { ' ' })
        .map(|one| if matches!(one, '"' | '\\' | '`') { '\'' } else { one })
        .collect();
    let words: Vec<String> = plain.split_whitespace().map(masked).collect();
    let line = words.join(" ");
    match line.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A word without anything that may be a credential.
fn masked(word: &str) -> String {
    let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_');
    let mut shown = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let part = &rest[..rest.find(|one| !is_part(one)).unwrap_or(rest.len())];
        let secret =
            credential::pat(part.as_bytes()).is_some() || (part.len() >= WORD_MAX && part.bytes().any(|byte| byte.is_ascii_digit()));
        shown.push_str(if secret { "…" } else { part });
        rest = &rest[part.len()..];
        let other = &rest[..rest.find(is_part).unwrap_or(rest.len())];
        shown.push_str(other);
        rest = &rest[other.len()..];
    }
    shown
}

#[cfg(test)]
mod tests;
