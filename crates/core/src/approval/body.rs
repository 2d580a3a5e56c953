//! The canonical form of a JSON body: keys in order, no spaces, numbers as written.
//!
//! Two bodies with the same canonical form mean the same to every reader. A body with a duplicate key does not: nobody knows
//! which of the two values a server takes, so Keyway could not show a person what the call does.

use serde_json::Value;

/// The longest body of a call that needs an approval, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// A body that can't be shown for approval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is not JSON in UTF-8")]
    NotJson,
    /// Longer than [`BODY_BYTES_MAX`].
    #[error("the body is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
    /// An object has a duplicate key.
    #[error("an object in the body has the key {0:?} twice")]
    Twice(String),
}

/// The canonical form of a body, and its value.
///
/// # Errors
/// The body is not JSON, is too long, or has a duplicate key.
pub fn canonical(bytes: &[u8]) -> Result<(String, Value), BodyError> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(BodyError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::NotJson)?;
    // This checks the form and the depth, so that the reader below need not.
    let value: Value = serde_json::from_str(text).map_err(|_| BodyError::NotJson)?;
    let mut reader = Reader { text, at: 0 };
    let form = reader.value()?;
    Ok((form, value))
}

/// Reads a text that is known to be JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is not a space.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self) -> Result<String, BodyError> {
        match self.peek() {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => Ok(Value::String(self.string()).to_string()),
            _ => Ok(self.word().to_owned()),
        }
    }

    fn object(&mut self) -> Result<String, BodyError> {
        self.at += 1;
        let mut fields: Vec<(String, String)> = Vec::new();
        while self.peek() != b'}' {
            let key = self.string();
            self.peek();
            // The colon.
            self.at += 1;
            fields.push((key, self.value()?));
            self.comma();
        }
        self.at += 1;
        fields.sort_by(|one, other| one.0.cmp(&other.0));
        if let Some(pair) = fields.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(BodyError::Twice(pair[0].0.chars().take(60).collect()));
        }
        let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("{}:{value}", Value::String(key))).collect();
        Ok(format!("{{{}}}", fields.join(",")))
    }

    fn list(&mut self) -> Result<String, BodyError> {
        self.at += 1;
        let mut items = Vec::new();
        while self.peek() != b']' {
            items.push(self.value()?);
            self.comma();
        }
        self.at += 1;
        Ok(format!("[{}]", items.join(",")))
    }

    fn comma(&mut self) {
        if self.peek() == b',' {
            self.at += 1;
        }
    }

    fn string(&mut self) -> String {
        let (from, bytes) = (self.at, self.text.as_bytes());
        self.at += 1;
        while bytes[self.at] != b'"' {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_str(&self.text[from..self.at]).unwrap_or_default()
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> &'a str {
        let from = self.at;
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        while self.text.as_bytes().get(self.at).is_some_and(|byte| !ends(byte)) {
            self.at += 1;
        }
        &self.text[from..self.at]
    }
}
