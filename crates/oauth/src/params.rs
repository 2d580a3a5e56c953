//! Parameters of a request: a form (RFC 6749, appendix B), or JSON, which HubSpot's generated
//! clients send to the same endpoints.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::OAuthError;

/// Most parameters that a request may have. The specifications name a dozen.
const COUNT_MAX: usize = 32;

/// The parameters of one request, each at most once.
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query or a form's body.
    ///
    /// # Errors
    /// A parameter is repeated (RFC 6749, section 3.1 forbids it), or there are too many.
    pub fn from_form(text: &[u8]) -> Result<Self, OAuthError> {
        let pairs = form_urlencoded::parse(text)
            .take(COUNT_MAX + 1)
            .map(|(name, value): (Cow<'_, str>, _)| (name.into_owned(), value.into_owned()));
        Self::checked(pairs.collect())
    }

    /// Reads a JSON object; numbers and lists of words (scopes) count as their text.
    ///
    /// # Errors
    /// It is not a JSON object of such values.
    pub fn from_json(text: &[u8]) -> Result<Self, OAuthError> {
        let parsed: Value = serde_json::from_slice(text).map_err(|_| OAuthError::invalid("the body is not JSON"))?;
        let Value::Object(fields) = parsed else { return Err(OAuthError::invalid("the body is not a JSON object")) };
        let text = |name: String, value: Value| match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some((name, text))),
            Value::Number(number) => Ok(Some((name, number.to_string()))),
            Value::Array(words) if words.iter().all(Value::is_string) => {
                Ok(Some((name, words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))))
            }
            _ => Err(OAuthError::invalid("a field of the body is neither text nor a list of words")),
        };
        let pairs: Result<Vec<_>, _> = fields.into_iter().take(COUNT_MAX + 1).map(|(name, value)| text(name, value)).collect();
        Self::checked(pairs?.into_iter().flatten().collect())
    }

    /// The same, with parameters of another place for those that are missing. OAuth v1 takes some in
    /// the query, which is why it ends.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        let missing: Vec<_> = other.0.into_iter().filter(|(name, _)| self.get(name).is_none()).collect();
        self.0.extend(missing);
        self
    }

    /// Adds a parameter that was sent elsewhere, as the client's credentials in a header are.
    pub fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(one, _)| one != name);
        self.0.push((name.to_owned(), value));
    }

    /// The value of a parameter. An empty one counts as missing (RFC 6749, section 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(one, value)| one == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// It is missing.
    pub fn need(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid(format!("missing {name}")))
    }

    /// Words with spaces between, sorted and each once; empty when missing.
    pub fn words(&self, name: &str) -> Vec<String> {
        let mut words: Vec<String> = self.get(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words
    }

    fn checked(pairs: Vec<(String, String)>) -> Result<Self, OAuthError> {
        if pairs.len() > COUNT_MAX {
            return Err(OAuthError::invalid("too many parameters"));
        }
        if let Some((at, _)) = pairs.iter().enumerate().find(|(at, (name, _))| pairs[..*at].iter().any(|(other, _)| other == name)) {
            // The name is not repeated: it may be anything.
            return Err(OAuthError::invalid(format!("parameter number {} stands twice", at + 1)));
        }
        Ok(Self(pairs))
    }
}

impl std::fmt::Debug for Params {
    /// The names only: values are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_json_say_the_same() {
        let form = Params::from_form(b"grant_type=refresh_token&scope=b+a%20b&empty=").unwrap();
        let json = Params::from_json(br#"{"grant_type":"refresh_token","scope":["a","b"],"empty":null}"#).unwrap();
        for params in [form, json] {
            assert_eq!(params.need("grant_type").unwrap(), "refresh_token");
            assert_eq!(params.words("scope"), ["a", "b"]);
            assert!(params.get("empty").is_none());
        }
    }

    #[test]
    fn a_parameter_that_stands_twice_is_refused() {
        assert!(Params::from_form(b"code=a&code=b").is_err());
        assert!(Params::from_form("x=1&".repeat(50).as_bytes()).is_err());
        assert!(Params::from_json(br#"["code"]"#).is_err());
        assert!(Params::from_json(br#"{"code":{"a":1}}"#).is_err());
    }

    #[test]
    fn debug_output_shows_no_value() {
        let params = Params::from_form(b"client_secret=hunter2").unwrap();
        assert_eq!(format!("{params:?}"), r#"["client_secret"]"#);
    }
}
