//! What a client says of itself, and its id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_core::refusal::Refusal;
use keyway_core::secret::Secret;
use keyway_core::shown::acts;
use serde_json::{Value, json};

use crate::error::{Code, OAuthError};
use crate::redirect;

/// Shows what an id is to people.
const PREFIX: &str = "kwc_";
/// Bytes of the hash in an id.
const HASH: usize = 16;
/// Redirect URIs of one client, and the longest of them in bytes.
const URIS_MAX: usize = 10;
const URI_BYTES_MAX: usize = 500;
/// Longest name of a client, in letters.
const NAME_LETTERS_MAX: usize = 80;
/// Largest description that is put into an id, in bytes: the id is a part of URLs.
const DESCRIBED_BYTES_MAX: usize = 1_500;
/// Longest URL that is an id, in bytes.
const URL_BYTES_MAX: usize = 500;

/// What a client says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name; empty where it says none.
    pub name: String,
    /// Where it may be answered.
    pub redirect_uris: Vec<String>,
}

/// A client with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// What it says of itself.
    pub described: Described,
}

impl Client {
    /// By what the client is known from now on: its URL, or a digest of the id that it registered for.
    pub fn key(&self) -> String {
        key_of(&self.id)
    }

    /// The host that answers for it; none for a client that has registered, for which nobody does.
    pub fn host(&self) -> Option<&str> {
        is_url(&self.id).then(|| redirect::authority(&self.id))
    }
}

/// The same of an id as it is sent.
pub fn key_of(id: &str) -> String {
    if is_url(id) { id.to_owned() } else { format!("registered-{}", &blake3::hash(id.as_bytes()).to_hex()[..16]) }
}

/// Whether an id is a URL, where a document describes the client.
pub fn is_url(id: &str) -> bool {
    id.starts_with("https://")
}

/// Checks the URL of a document (OAuth Client ID Metadata Document, section 3): HTTPS to a host with a name, with a path,
/// and with nothing that has two spellings.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(id: &str) -> Result<(), String> {
    let no = |what: &str| Err(format!("the client_id {what}"));
    if redirect::check(id).is_err() || !is_url(id) || id.len() > URL_BYTES_MAX {
        return no("is not an https:// URL without fragment and user");
    }
    let authority = redirect::authority(id);
    let host = authority.split(':').next().unwrap_or_default();
    // A name ends with letters; an address, in whatever spelling, with digits or a bracket.
    let is_name = host.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_alphabetic()));
    if !is_name || host.bytes().any(|byte| !(byte.is_ascii_alphanumeric() || b"-.".contains(&byte))) {
        return no("has no host name");
    }
    let path = &id["https://".len() + authority.len()..];
    if path.len() < 2 || !path.starts_with('/') {
        return no("has no path");
    }
    if path.split(['/', '?']).any(|part| matches!(part, "." | "..")) {
        return no("has dot segments in its path");
    }
    Ok(())
}

/// Reads what a client registers with (RFC 7591, section 2), or the document that its id names.
///
/// # Errors
/// What is wrong with it, in the words of section 3.2.2.
pub fn described(said: &Value) -> Result<Described, OAuthError> {
    let bad = |words: &str| OAuthError::new(Code::InvalidClientMetadata, Refusal::OAuthRequest, words);
    if !said.is_object() {
        return Err(bad("what the client says of itself is not a JSON object"));
    }
    let has =
        |field: &str, value: &str| said[field].is_null() || said[field].as_array().is_some_and(|list| list.iter().any(|one| one == value));
    if !has("grant_types", "authorization_code") {
        return Err(bad("grant_types must name authorization_code"));
    }
    if !has("response_types", "code") {
        return Err(bad("response_types must name code"));
    }
    let bad_uri = |words: String| OAuthError::new(Code::InvalidRedirectUri, Refusal::OAuthRequest, words);
    let uris = said["redirect_uris"].as_array().filter(|uris| (1..=URIS_MAX).contains(&uris.len()));
    let uris = uris.ok_or_else(|| bad_uri(format!("redirect_uris must be a list of 1 to {URIS_MAX} URIs")))?;
    let mut redirect_uris = Vec::with_capacity(uris.len());
    for uri in uris {
        let uri = uri.as_str().filter(|uri| uri.len() <= URI_BYTES_MAX);
        let uri = uri.ok_or_else(|| bad_uri(format!("a redirect URI is not a text of at most {URI_BYTES_MAX} bytes")))?;
        redirect::check_native(uri).map_err(|_| {
            bad_uri(
                "a redirect URI must be https://, http:// to this machine, or of the program's own scheme, without fragment and user"
                    .into(),
            )
        })?;
        redirect_uris.push(uri.to_owned());
    }
    let name = match &said["client_name"] {
        Value::Null => "",
        Value::String(name) => name.trim(),
        _ => return Err(bad("client_name is not a text")),
    };
    // It is shown to the person who decides: nothing in it may act on what shows it.
    let name: String = name.chars().filter(|letter| !acts(*letter)).take(NAME_LETTERS_MAX).collect();
    Ok(Described { name, redirect_uris })
}

/// Reads the document of a client whose id is the URL that it was found at.
///
/// # Errors
/// It describes another client, or one that Keyway can't serve.
pub fn document(id: &str, said: &Value) -> Result<Described, OAuthError> {
    let bad = |words: &str| OAuthError::new(Code::InvalidClientMetadata, Refusal::OAuthRequest, words);
    // Simple string comparison, as the specification has it: the document at one URL is valid for that URL only.
    if said["client_id"] != id {
        return Err(bad("the document names another client_id than its own URL"));
    }
    if !matches!(said["token_endpoint_auth_method"].as_str(), None | Some("none")) {
        return Err(bad("the document names a token_endpoint_auth_method other than none; Keyway's clients prove themselves with PKCE"));
    }
    described(said)
}

/// The key of the ids of clients that register. The id of a client holds its metadata, so that Keyway stores nothing
/// about a client that nobody has approved.
pub struct ClientKey(Secret<[u8; 32]>);

impl ClientKey {
    /// Takes the key into custody.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(Secret::new(key))
    }

    /// Makes the id of a client.
    ///
    /// # Errors
    /// It says too much of itself.
    pub fn issue(&self, described: &Described) -> Result<String, OAuthError> {
        let mut bytes = json!([described.name, described.redirect_uris]).to_string().into_bytes();
        if bytes.len() > DESCRIBED_BYTES_MAX {
            let words = format!("the name and the redirect URIs have more than {DESCRIBED_BYTES_MAX} bytes together");
            return Err(OAuthError::new(Code::InvalidClientMetadata, Refusal::OAuthRequest, words));
        }
        let hash = blake3::keyed_hash(self.0.expose(), &bytes);
        bytes.extend(&hash.as_bytes()[..HASH]);
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What the client of an id said; none for an id that this key did not make.
    pub fn read(&self, id: &str) -> Option<Client> {
        let text = id.strip_prefix(PREFIX).filter(|text| text.len() <= 2 * DESCRIBED_BYTES_MAX)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
        let made = blake3::keyed_hash(self.0.expose(), body);
        // An id is not a secret, so the time that the comparison takes reveals none.
        if made.as_bytes()[..HASH] != *hash {
            return None;
        }
        let (name, redirect_uris) = match serde_json::from_slice(body).ok()? {
            Value::Array(parts) => match <[Value; 2]>::try_from(parts).ok()? {
                [Value::String(name), Value::Array(uris)] => (name, uris),
                _ => return None,
            },
            _ => return None,
        };
        let redirect_uris = redirect_uris.into_iter().filter_map(|uri| uri.as_str().map(str::to_owned)).collect();
        Some(Client { id: id.to_owned(), described: Described { name, redirect_uris } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(said: &Value) -> Code {
        described(said).unwrap_err().code
    }

    #[test]
    fn a_client_says_its_name_and_where_it_is_answered() {
        let said = json!({ "client_name": " Agent\u{202e}\n ", "redirect_uris": ["http://127.0.0.1/cb"], "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "client_secret_post" });
        assert_eq!(described(&said).unwrap(), Described { name: "Agent".into(), redirect_uris: vec!["http://127.0.0.1/cb".into()] });
        let uris = |uris: Value| json!({ "redirect_uris": uris });
        for bad in [
            json!({}),
            uris(json!([])),
            uris(json!("https://a.example/")),
            uris(json!([7])),
            uris(json!(["http://a.example/"])),
            uris(json!(["javascript://x"])),
            uris(json!([format!("https://a.example/{}", "a".repeat(URI_BYTES_MAX))])),
            uris(json!(vec!["https://a.example/"; URIS_MAX + 1])),
        ] {
            assert_eq!(code(&bad), Code::InvalidRedirectUri, "{bad}");
        }
        for bad in [
            json!([]),
            json!({ "redirect_uris": ["https://a.example/"], "grant_types": ["client_credentials"] }),
            json!({ "redirect_uris": ["https://a.example/"], "response_types": ["token"] }),
            json!({ "redirect_uris": ["https://a.example/"], "client_name": ["a"] }),
        ] {
            assert_eq!(code(&bad), Code::InvalidClientMetadata, "{bad}");
        }
    }

    #[test]
    fn an_id_says_to_its_own_key_what_it_was_made_of_and_to_no_other() {
        let key = ClientKey::new([1; 32]);
        let said = Described { name: "Agent".into(), redirect_uris: vec!["http://127.0.0.1/cb".into()] };
        let id = key.issue(&said).unwrap();
        assert_eq!(key.read(&id).unwrap().described, said);
        assert_eq!(ClientKey::new([2; 32]).read(&id), None);
        assert!(key_of(&id).starts_with("registered-") && key_of(&id) != key_of(&format!("{id}A")));
        let long = Described { name: String::new(), redirect_uris: vec![format!("https://a.example/{}", "a".repeat(400)); 4] };
        assert_eq!(key.issue(&long).unwrap_err().code, Code::InvalidClientMetadata);
    }

    #[test]
    fn a_document_speaks_for_its_own_url() {
        let id = "https://agent.example/client.json";
        let said = |client_id: &str, method: &str| json!({ "client_id": client_id, "redirect_uris": ["https://agent.example/cb"], "token_endpoint_auth_method": method });
        assert!(document(id, &said(id, "none")).is_ok());
        assert!(document(id, &json!({ "client_id": id, "redirect_uris": ["https://agent.example/cb"] })).is_ok());
        for bad in [
            said("https://agent.example/client.json?", "none"),
            said("", "none"),
            said(id, "client_secret_basic"),
            said(id, "private_key_jwt"),
        ] {
            assert_eq!(document(id, &bad).unwrap_err().code, Code::InvalidClientMetadata, "{bad}");
        }
    }

    #[test]
    fn the_url_of_a_document_has_one_spelling_and_a_name_for_its_host() {
        for url in ["https://agent.example/client.json", "https://agent.example:8443/a?b=c", "https://localhost/x"] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://agent.example/x",
            "https://agent.example",
            "https://agent.example/",
            "https://agent.example/a/../b",
            "https://agent.example/./b",
            "https://agent.example/a#b",
            "https://user@agent.example/a",
            "https://127.0.0.1/a",
            "https://2130706433/a",
            "https://0x7f.1/a",
            "https://[::1]/a",
            "https://agent.example./a",
            "https://agent_example/%00 a",
            "https:///a",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_id_is_known_and_no_text_panics(at in 4usize..40, byte in 33u8..127, text in ".{0,120}") {
            let key = ClientKey::new([1; 32]);
            let said = Described { name: "Agent".into(), redirect_uris: vec!["http://127.0.0.1/cb".into()] };
            let mut changed = key.issue(&said).unwrap().into_bytes();
            prop_assume!(changed[at] != byte);
            changed[at] = byte;
            prop_assert_eq!(key.read(&String::from_utf8(changed).unwrap()), None);
            prop_assert_eq!(key.read(&text), None);
            let _ = check_url(&text);
        }
    }
}
