//! A text of a person with the secrets in it hidden, so that a page can show the text again.
//!
//! A text holds secrets by their form, which `named` knows, and by the name before them: `client_secret=…`,
//! `Authorization: …`, `curl -u …`. A value without a known form counts as a secret where its name says so: to hide a word too
//! many costs nothing, since the doctor reads a hidden value as one.

use super::call::{CredentialKind, kind_of};
use super::named::without_credentials;

/// What a name of a secret ends with, in lower case and with `_` for `-`.
const NAMES_END: [&str; 12] = [
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "key",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "assertion",
    "signature",
];
/// Names that end so, and that name no secret.
const NOT_SECRET: [&str; 3] = ["key", "primary_key", "object_key"];
/// Names whose value is the rest of the line, or of the quoted text.
const WHOLE_LINE: [&str; 3] = ["authorization", "cookie", "set_cookie"];
/// Parameters of a URL or a form that are secrets; in other texts the word is too common.
const PARAMETERS: [&str; 3] = ["code", "code_verifier", "state"];
/// Words before a credential that say its form.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];
/// Options of curl with a name and a password.
const WITH_PASSWORD: [&str; 4] = ["-u", "--user", "--proxy-user", "-U"];

/// The text with `…` in place of each secret. The values to keep, such as a correlation id, stay where they are whole words.
pub fn without_secrets(text: &str, keep: &[&str]) -> String {
    let named = without_named(text);
    let (mut shown, mut from) = (String::with_capacity(named.len()), 0);
    while let Some((at, length)) = keep.iter().filter_map(|kept| Some((whole(&named, from, kept)?, kept.len()))).min() {
        shown.push_str(&without_credentials(&named[from..at]));
        shown.push_str(&named[at..at + length]);
        from = at + length;
    }
    shown.push_str(&without_credentials(&named[from..]));
    shown
}

/// Where a value is next as a whole word: a part of a token is not the value.
fn whole(text: &str, from: usize, value: &str) -> Option<usize> {
    let joins = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_');
    let found = text[from..].match_indices(value).map(|(at, _)| from + at);
    found.filter(|_| !value.is_empty()).find(|at| !text[..*at].ends_with(joins) && !text[at + value.len()..].starts_with(joins))
}

/// The text without the values that have a secret's name before them.
fn without_named(text: &str) -> String {
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    let mut at = 0;
    while let Some((begin, end)) = secret(text, at) {
        // A value is never before the place where the search began, so the loop ends.
        let value = text[begin..end].trim_end();
        if is_hidden(value) {
            shown.push_str(&text[from..begin]);
            shown.push('…');
            from = begin + value.len();
        }
        at = end;
    }
    shown.push_str(&text[from..]);
    shown
}

/// Whether the value itself must not be shown: a variable, a placeholder and a mask may.
fn is_hidden(value: &str) -> bool {
    !value.is_empty() && !matches!(kind_of(value), CredentialKind::Variable(_) | CredentialKind::Placeholder | CredentialKind::Masked)
}

/// The begin and the end of the next value that has a secret's name before it.
fn secret(text: &str, from: usize) -> Option<(usize, usize)> {
    let is_word = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '-');
    let mut at = from;
    loop {
        at += text[at..].find(|one: char| is_word(one) || one == ':')?;
        let word = &text[at..at + text[at..].find(|one: char| !is_word(one)).unwrap_or(text.len() - at)];
        let after = at + word.len();
        let found = if word.is_empty() { with_host(text, at) } else { named(text, word, after) };
        if let Some(found) = found {
            return Some(found);
        }
        at = after.max(at + 1);
    }
}

/// The name and password before a host: `://name:password@host`.
fn with_host(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = text[at..].strip_prefix("://")?;
    let authority =
        &rest[..rest.find(|one: char| one.is_whitespace() || matches!(one, '/' | '?' | '#' | '"' | '\'')).unwrap_or(rest.len())];
    let end = authority.rfind('@')?;
    Some((at + 3, at + 3 + end))
}

/// The value behind a word, if the word is a secret's name.
fn named(text: &str, word: &str, after: usize) -> Option<(usize, usize)> {
    let rest = &text[after..];
    let lower = word.to_ascii_lowercase();
    let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if WITH_PASSWORD.contains(&word) && spaces > 0 {
        return Some(value(text, after + spaces, false));
    }
    if SCHEMES[..2].contains(&lower.as_str()) && spaces > 0 {
        let (begin, end) = value(text, after + spaces, false);
        // "Bearer token" and "basic auth" are prose.
        let is_prose = text[begin..end].bytes().all(|byte| byte.is_ascii_lowercase());
        return (!is_prose).then_some((begin, end));
    }
    let name = lower.trim_start_matches('-').replace('-', "_");
    let is_parameter = PARAMETERS.contains(&name.as_str());
    let is_secret = NAMES_END.iter().any(|end| name.ends_with(end)) && !NOT_SECRET.contains(&name.as_str());
    if !is_parameter && !is_secret {
        return None;
    }
    // The quote that ends the name, and one more level of quotes in a text inside of a text.
    let rest = rest.trim_start_matches(['\\', '"', '\'', '`']).trim_start_matches([' ', '\t']);
    let separated = if is_parameter {
        rest.strip_prefix('=')
    } else {
        rest.strip_prefix("=>").or_else(|| rest.strip_prefix("%3D")).or_else(|| rest.strip_prefix([':', '=']))
    };
    // An option of a command has its value behind a space: `--token VALUE`.
    let separated = separated.or_else(|| (word.starts_with("--") && spaces > 0).then_some(rest))?;
    let begin = text.len() - separated.trim_start_matches([' ', '\t']).len();
    Some(value(text, begin, WHOLE_LINE.contains(&name.as_str())))
}

/// The value that begins here, without its quotes and without the word for its form.
fn value(text: &str, at: usize, whole_line: bool) -> (usize, usize) {
    let rest = &text[at..];
    let inner = rest.trim_start_matches('\\').trim_start_matches(['"', '\'', '`']);
    let (quoted, begin) = (inner.len() < rest.len(), text.len() - inner.len());
    let scheme = SCHEMES.iter().find_map(|scheme| {
        let found = inner.get(..scheme.len()).filter(|word| word.eq_ignore_ascii_case(scheme))?;
        inner[found.len()..].starts_with(' ').then_some(found.len() + 1)
    });
    let begin = begin + scheme.unwrap_or(0);
    let ends = |one: char| match one {
        '\n' | '\r' | '"' | '\'' | '`' => true,
        _ if quoted || whole_line => false,
        _ => one.is_whitespace() || matches!(one, '&' | ',' | ';' | ')' | ']' | '}' | '<' | '#'),
    };
    let length = text[begin..].find(ends).unwrap_or(text.len() - begin);
    (begin, begin + text[begin..begin + length].trim_end_matches('\\').len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value in no form that HubSpot uses. Only the name before it shows that it is a secret.
    const PLAIN: &str = "plAnted-9z";

    fn uuid() -> String {
        keyway_core::token::uuid_text(&[0x3c; 16])
    }

    #[test]
    fn a_value_is_hidden_by_the_name_before_it() {
        for form in [
            "curl 'https://api.hubapi.com/crm/v3/objects/contacts?hapikey={}&limit=1'",
            "curl https://api.hubapi.com/x -H 'Authorization: Bearer {}'",
            "curl https://api.hubapi.com/x -H \"authorization:{}\"",
            "curl -u app:{} https://api.hubapi.com/x",
            "curl --user {} https://api.hubapi.com/x",
            "GET https://ada:{}@api.hubapi.com/x",
            "client_id=1&client_secret={}&redirect_uri=https://a.example",
            "grant_type=authorization_code&code={}",
            "{\"refresh_token\":\"{}\",\"hub_id\":1}",
            "{\\\"refresh_token\\\": \\\"{}\\\"}",
            "HUBSPOT_PRIVATE_APP_TOKEN={}",
            "export HUBSPOT_API_KEY='{}'",
            "'password' => '{}',",
            "Cookie: hubspotutk=a; session={}; b=c",
            "hs auth --personal-access-key {} --account x",
            "headers: { 'X-Api-Key': `{}` }",
            "Bearer {}",
            "Proxy-Authorization: Basic {}",
        ] {
            let shown = without_secrets(&form.replace("{}", PLAIN), &[]);
            assert!(!shown.contains(PLAIN) && shown.contains('…'), "{shown}");
            // What is hidden once stays as it is.
            assert_eq!(without_secrets(&shown, &[]), shown);
        }
    }

    #[test]
    fn the_rest_of_a_text_stays_as_it_was_pasted() {
        for text in [
            "GET https://api.hubapi.com/crm/v3/objects/contacts/search -> 429 Too Many Requests TEN_SECONDLY_ROLLING",
            r#"{"status":"error","message":"This app hasn't been granted all required scopes","category":"MISSING_SCOPES","context":{"requiredGranularScopes":["crm.objects.deals.read"]}}"#,
            "curl https://api.hubapi.com/x -H 'Authorization: Bearer $HUBSPOT_TOKEN'",
            "Authorization: Bearer YOUR_ACCESS_TOKEN",
            "the bearer token was refused, and basic auth too: see the key figures\nstatusCode: 401, code: 'ERR_BAD_REQUEST'",
            "2026-11-25T09:15:07Z POST /oauth/v1/token 400 BAD_AUTH_CODE",
        ] {
            assert_eq!(without_secrets(text, &[]), text);
        }
    }

    #[test]
    fn a_correlation_id_is_kept_and_the_same_digits_in_a_token_are_not() {
        let id = uuid();
        let text = format!("{{\"correlationId\":\"{id}\"}} for pat-na1-{id}");
        assert_eq!(without_secrets(&text, &[&id]), format!("{{\"correlationId\":\"{id}\"}} for …"));
        assert_eq!(without_secrets(&text, &[]), "{\"correlationId\":\"…\"} for …");
        assert_eq!(without_secrets("", &["", &id]), "");
    }

    #[test]
    fn letters_of_several_bytes_and_cut_texts_are_read_to_their_end() {
        for text in ["", "token", "token=", "token=\"", "Bearer ", "-u ", "é token: é", "://@", "…", "token=é", "\u{1f511}key:\u{1f511}"]
        {
            for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                without_secrets(&text[..end], &["é"]);
            }
        }
    }
}
