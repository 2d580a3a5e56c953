//! What came back: HubSpot's error envelope, OAuth's error, an HTML page, or a text that quotes one
//! (hubspot facts, sections 3 and 4). Every field is optional: HubSpot itself leaves some out.

use serde_json::{Map, Value};

use crate::hublet::Hublet;
use crate::origin::is_oauth_error;

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: Option<u16>,
    /// The sentence; where no envelope was found, the text that was read.
    pub message: String,
    /// Such as `MISSING_SCOPES`; of a 429 its `errorType`.
    pub category: Option<String>,
    /// Such as `PipelineError.STAGE_ID_IN_USE`.
    pub sub_category: Option<String>,
    /// HubSpot's or Keyway's.
    pub correlation_id: Option<String>,
    /// Named lists of values.
    pub context: Vec<(String, Vec<String>)>,
    /// One for each thing that is wrong.
    pub details: Vec<Detail>,
    /// `TEN_SECONDLY_ROLLING`, `SECONDLY` or `DAILY`.
    pub policy: Option<String>,
    /// The data centre that a 488 names.
    pub hublet: Option<Hublet>,
    /// HubSpot writes app id and hub id into it.
    pub group: Option<String>,
    /// OAuth's `error`, such as `invalid_grant`.
    pub oauth_error: Option<String>,
    /// HubSpot's own word beside it, such as `BAD_REFRESH_TOKEN`.
    pub oauth_status: Option<String>,
    /// The header with which Keyway names its rule.
    pub keyway_rule: Option<String>,
    /// Whether it is a page for people.
    pub html: bool,
    /// Of a batch: how many inputs failed.
    pub failed_inputs: Option<u64>,
}

/// An entry of `errors`.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The sentence.
    pub message: String,
    /// Such as `PROPERTY_DOESNT_EXIST`.
    pub code: Option<String>,
    /// Named lists of values.
    pub context: Vec<(String, Vec<String>)>,
}

/// Entries of a list that are read; HubSpot's batches have a hundred inputs.
const ENTRIES_MAX: usize = 200;
/// Depth to which a JSON text is searched for an error.
const DEPTH_MAX: usize = 8;

impl Answer {
    /// Reads a JSON value that is, or holds, an error of HubSpot's.
    pub fn of_json(value: &Value) -> Option<Self> {
        find(value, 0).map(|error| Self::of_object(&error))
    }

    fn of_object(error: &Map<String, Value>) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let word = text("status").filter(|status| status.starts_with("BAD_"));
        let entries = |name: &str| error.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Self {
            status: number(error.get("statusCode")).or_else(|| number(error.get("status"))).or_else(|| number(error.get("code"))),
            message: text("message").or_else(|| text("error_description")).unwrap_or_default(),
            category: text("category").or_else(|| text("errorType")),
            sub_category: text("subCategory"),
            correlation_id: text("correlationId"),
            context: context(error.get("context")),
            details: entries("errors").iter().chain(entries("validationResults")).take(ENTRIES_MAX).map(Detail::of).collect(),
            policy: text("policyName"),
            hublet: text("correctHublet").and_then(|name| Hublet::parse(&name)),
            group: text("groupName"),
            oauth_error: text("error").filter(|word| is_oauth_error(word)),
            oauth_status: word,
            keyway_rule: None,
            html: false,
            failed_inputs: error.get("numErrors").and_then(Value::as_u64),
        }
    }

    /// A text without an envelope.
    pub fn of_text(text: &str) -> Self {
        let start = text.trim_start().get(..15).unwrap_or_default().to_ascii_lowercase();
        let html = start.starts_with("<!doctype") || start.starts_with("<html") || text.contains("<html");
        Self { message: text.to_owned(), html, ..Self::default() }
    }

    /// The values of a name in the context, or in that of any detail.
    pub fn named(&self, name: &str) -> Vec<&str> {
        let own = self.context.iter().filter(|(known, _)| known == name);
        let of_details = self.details.iter().flat_map(|detail| detail.context.iter().filter(|(known, _)| known == name));
        own.chain(of_details).flat_map(|(_, values)| values.iter().map(String::as_str)).collect()
    }

    /// Whether the message or a detail holds these words, in any case.
    pub fn says(&self, words: &str) -> bool {
        let holds = |text: &str| text.to_ascii_lowercase().contains(&words.to_ascii_lowercase());
        holds(&self.message) || self.details.iter().any(|detail| holds(&detail.message))
    }

    /// Whether its category is this one; of a text, whether the word stands in it.
    pub fn is(&self, category: &str) -> bool {
        self.category.as_deref() == Some(category) || (self.category.is_none() && self.message.contains(category))
    }

    /// Whether a detail has this code, or the text this word.
    pub fn has_code(&self, code: &str) -> bool {
        self.details.iter().any(|detail| detail.code.as_deref() == Some(code)) || self.message.contains(code)
    }
}

impl Detail {
    fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Self {
            message: text("message").unwrap_or_default(),
            code: text("code").or_else(|| text("error")).or_else(|| text("category")),
            context: context(value.get("context")),
        }
    }
}

fn number(value: Option<&Value>) -> Option<u16> {
    let value = value?;
    let number = value.as_u64().and_then(|number| u16::try_from(number).ok()).or_else(|| value.as_str()?.parse().ok());
    number.filter(|status| (100..=599).contains(status))
}

fn context(value: Option<&Value>) -> Vec<(String, Vec<String>)> {
    let Some(Value::Object(named)) = value else { return Vec::new() };
    let texts = |value: &Value| match value {
        Value::Array(list) => list.iter().take(ENTRIES_MAX).filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    };
    named.iter().take(ENTRIES_MAX).map(|(name, value)| (name.clone(), texts(value))).collect()
}

/// The error in a JSON text: clients and logs wrap it in more JSON, sometimes as a string.
fn find(value: &Value, depth: usize) -> Option<Map<String, Value>> {
    if depth > DEPTH_MAX {
        return None;
    }
    match value {
        Value::Object(object) if is_error(object) => Some(object.clone()),
        Value::Object(object) => object.values().find_map(|inner| find(inner, depth + 1)),
        Value::Array(list) => list.iter().take(ENTRIES_MAX).find_map(|inner| find(inner, depth + 1)),
        Value::String(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(text).ok().and_then(|inner: Value| find(&inner, depth + 1))
        }
        _ => None,
    }
}

fn is_error(object: &Map<String, Value>) -> bool {
    let has = |name: &str| object.contains_key(name);
    let oauth = object.get("error").and_then(Value::as_str).is_some_and(is_oauth_error);
    let batch = has("numErrors") && has("results");
    (has("message") && (has("correlationId") || has("category") || has("policyName") || has("errorType"))) || oauth || batch
        // The oldest answers have a status and a message and nothing else.
        || (has("message") && object.get("status").and_then(Value::as_str) == Some("error"))
}
