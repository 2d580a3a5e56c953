//! The answer to a call: HubSpot's error envelope, OAuth's error, an HTML page, or a text that quotes one
//! (hubspot facts, sections 3 and 4). Every field is optional: HubSpot itself omits some.

use serde_json::{Map, Value};

use super::read::error_in;
use keyway_core::hublet::Hublet;
use keyway_core::origin::is_oauth_error;

/// The answer to a call.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: Option<u16>,
    /// The message; where the text has no envelope, the text itself.
    pub message: String,
    /// Such as `MISSING_SCOPES`; for a 429 its `errorType`.
    pub category: Option<String>,
    /// Such as `PipelineError.STAGE_ID_IN_USE`.
    pub sub_category: Option<String>,
    /// HubSpot's or Keyway's.
    pub correlation_id: Option<String>,
    /// Named lists of values.
    pub context: Vec<(String, Vec<String>)>,
    /// One entry for each error.
    pub details: Vec<Detail>,
    /// `TEN_SECONDLY_ROLLING`, `SECONDLY` or `DAILY`.
    pub policy: Option<String>,
    /// The data centre that a 488 names.
    pub hublet: Option<Hublet>,
    /// The name of HubSpot's limit group, which contains app id and hub id.
    pub group: Option<String>,
    /// OAuth's `error`, such as `invalid_grant`.
    pub oauth_error: Option<String>,
    /// HubSpot's own word beside `error`, such as `BAD_REFRESH_TOKEN`.
    pub oauth_status: Option<String>,
    /// The value of `keyway-rule`, the header in which Keyway names its refusal.
    pub keyway_rule: Option<String>,
    /// Whether the answer is a page for people.
    pub html: bool,
    /// Whether the answer has the form of HubSpot's API, and is not only words of a text.
    pub envelope: bool,
    /// Whether the form is one that no other service's errors have.
    pub own: bool,
    /// Whether its status is only the word `error`, with a message. HubSpot's oldest answers have this form, and answers of
    /// many other services have it too.
    pub plain: bool,
    /// For a batch: how many inputs failed.
    pub failed_inputs: Option<u64>,
    /// Words in capitals anywhere in the text.
    pub words: Vec<String>,
    /// The first characters of the text around an envelope.
    pub around: String,
}

/// An entry of `errors`.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The message.
    pub message: String,
    /// Such as `PROPERTY_DOESNT_EXIST`.
    pub code: Option<String>,
    /// Named lists of values.
    pub context: Vec<(String, Vec<String>)>,
}

/// The most entries of a list that are read; HubSpot's batches have a hundred inputs.
const ENTRIES_MAX: usize = 200;
/// The greatest depth at which a JSON text is searched for an error.
const DEPTH_MAX: usize = 10;
/// The most levels of texts inside of texts that are searched.
pub(super) const LAYERS_MAX: usize = 3;
/// The longest message that is kept, in bytes; a longer one loses its middle.
const MESSAGE_MAX: usize = 128 * 1024;

impl Answer {
    /// Reads a JSON value that is, or contains, a HubSpot error.
    pub fn of_json(value: &Value) -> Option<Self> {
        Self::within(value, LAYERS_MAX)
    }

    /// As [`Answer::of_json`], where `layers` more levels of texts inside of texts may be searched.
    pub(super) fn within(value: &Value, layers: usize) -> Option<Self> {
        let mut best = None;
        find(value, 0, layers, &mut best);
        best
    }

    fn of_object(error: &Map<String, Value>) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let word = text("status").filter(|status| is_oauth_word(status));
        let message = text("message").or_else(|| text("error_description")).unwrap_or_default();
        let mut details: Vec<Detail> =
            ["errors", "validationResults"].iter().flat_map(|name| entries(error.get(*name))).take(ENTRIES_MAX).map(Detail::of).collect();
        details.extend(in_message(&message));
        // A batch without named errors has none, whether or not it counts them.
        let done = details.is_empty() && text("status").as_deref() == Some("COMPLETE");
        Self {
            status: number(error.get("statusCode")).or_else(|| number(error.get("status"))).or_else(|| number(error.get("code"))),
            category: text("category").or_else(|| text("errorType")),
            sub_category: text("subCategory"),
            correlation_id: text("correlationId"),
            context: context(error.get("context")),
            details,
            policy: text("policyName"),
            hublet: text("correctHublet").and_then(|name| Hublet::parse(&name)),
            group: text("groupName"),
            oauth_error: text("error").filter(|word| is_oauth_error(word)),
            oauth_status: word,
            envelope: true,
            own: is_own(error),
            plain: !is_own(error) && error.get("status").and_then(Value::as_str) == Some("error"),
            failed_inputs: error.get("numErrors").and_then(Value::as_u64).or(done.then_some(0)),
            message,
            ..Self::default()
        }
    }

    /// A text without an envelope.
    pub fn of_text(text: &str) -> Self {
        let start = text.trim_start().get(..15).unwrap_or_default().to_ascii_lowercase();
        let html =
            start.starts_with("<!doctype") || start.starts_with("<html") || text.contains("<html") || text.contains("<!DOCTYPE html");
        let message = match text.len() > MESSAGE_MAX {
            true => {
                let end = (0..=MESSAGE_MAX / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                let last = (text.len() - MESSAGE_MAX / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
                format!("{}\n{}", &text[..end], &text[last..])
            }
            false => text.to_owned(),
        };
        Self { message, html, ..Self::default() }
    }

    /// How much information the answer has, to choose between several in one text.
    pub(super) fn weight(&self) -> usize {
        let known = [
            self.category.is_some(),
            self.oauth_status.is_some() || self.oauth_error.is_some(),
            self.policy.is_some(),
            !self.details.is_empty(),
            !self.context.is_empty(),
            self.failed_inputs.is_some_and(|failed| failed > 0),
            // A batch has more information than one of its inputs.
            self.failed_inputs.is_some_and(|failed| failed > 0),
        ];
        let little = [!self.message.is_empty(), self.status.is_some(), self.correlation_id.is_some()];
        3 * known.into_iter().filter(|known| *known).count() + little.into_iter().filter(|known| *known).count()
    }

    /// The values of a name in the context, or in that of a detail.
    pub fn named(&self, name: &str) -> Vec<&str> {
        let own = self.context.iter().filter(|(known, _)| known == name);
        let of_details = self.details.iter().flat_map(|detail| detail.context.iter().filter(|(known, _)| known == name));
        own.chain(of_details).flat_map(|(_, values)| values.iter().map(String::as_str)).collect()
    }

    /// Whether the message or a detail contains these words, in any case.
    pub fn says(&self, words: &str) -> bool {
        let holds = |text: &str| text.to_ascii_lowercase().contains(&words.to_ascii_lowercase());
        holds(&self.message) || self.details.iter().any(|detail| holds(&detail.message))
    }

    /// Whether the category is this one; for a text without a category, whether it contains the word.
    pub fn is(&self, category: &str) -> bool {
        self.category.as_deref() == Some(category) || (self.category.is_none() && self.word(category))
    }

    /// Whether a detail has this code, or the text contains it as a word.
    pub fn has_code(&self, code: &str) -> bool {
        self.details.iter().any(|detail| detail.code.as_deref() == Some(code)) || self.word(code)
    }

    /// Whether a word in capitals is anywhere in the text.
    pub fn word(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }
}

impl Detail {
    fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let mut context = context(value.get("context"));
        // The oldest form has the name of the property beside the message.
        if let Some(name) = text("name").filter(|_| !context.iter().any(|(known, _)| known == "propertyName")) {
            context.push(("propertyName".to_owned(), vec![name]));
        }
        if let Some(portal) = value.get("portalId").and_then(Value::as_u64) {
            context.push(("portalId".to_owned(), vec![portal.to_string()]));
        }
        Self {
            message: text("message").unwrap_or_default(),
            code: text("code").or_else(|| text("error")).or_else(|| text("errorType")).or_else(|| text("category")),
            context,
        }
    }
}

/// The error of each property, which HubSpot writes as a list into the message.
fn in_message(message: &str) -> Vec<Detail> {
    let Some((_, list)) = message.split_once(": [") else { return Vec::new() };
    if !list.trim_start().starts_with('{') {
        return Vec::new();
    }
    let Some((Value::Array(list), _)) = super::read::container(&format!("[{list}")) else { return Vec::new() };
    list.iter().filter(|one| one.is_object()).take(ENTRIES_MAX).map(Detail::of).collect()
}

/// The entries of a list, or of PHP's output for one.
fn entries(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(numbered)) if numbered.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit())) => {
            numbered.values().collect()
        }
        _ => Vec::new(),
    }
}

fn number(value: Option<&Value>) -> Option<u16> {
    let value = value?;
    let number = value.as_u64().and_then(|number| u16::try_from(number).ok()).or_else(|| value.as_str()?.parse().ok());
    // A final answer has a status of 200 or more; other services number their errors from 100.
    number.filter(|status| (200..=599).contains(status))
}

fn context(value: Option<&Value>) -> Vec<(String, Vec<String>)> {
    let Some(Value::Object(named)) = value else { return Vec::new() };
    let text = |one: &Value| one.as_str().map(str::to_owned).or_else(|| one.as_u64().map(|number| number.to_string()));
    let texts = |value: &Value| match value {
        Value::String(_) | Value::Number(_) => text(value).into_iter().collect(),
        other => entries(Some(other)).into_iter().take(ENTRIES_MAX).filter_map(text).collect(),
    };
    named.iter().take(ENTRIES_MAX).map(|(name, value)| (name.clone(), texts(value))).collect()
}

/// The error in a JSON text: clients and logs wrap it in more JSON, sometimes as a string. Of several errors, the one
/// with the most information.
fn find(value: &Value, depth: usize, layers: usize, best: &mut Option<Answer>) {
    let mut offer = |found: Answer| {
        if best.as_ref().is_none_or(|best| found.weight() > best.weight()) {
            *best = Some(found);
        }
    };
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(object) => {
            if is_error(object) {
                offer(Answer::of_object(object));
            }
            object.values().for_each(|inner| find(inner, depth + 1, layers, best));
        }
        Value::Array(list) => {
            // A list with the error of each property, without its envelope.
            if list.first().is_some_and(|first| first.get("isValid").is_some()) {
                let details = list.iter().take(ENTRIES_MAX).map(Detail::of).collect();
                offer(Answer {
                    details,
                    envelope: true,
                    own: true,
                    category: Some("VALIDATION_ERROR".to_owned()),
                    // The sentence that HubSpot puts before the list.
                    message: "Property values were not valid".to_owned(),
                    ..Answer::default()
                });
            }
            list.iter().take(ENTRIES_MAX).for_each(|inner| find(inner, depth + 1, layers, best));
        }
        Value::String(text) if text.len() > 10 && text.contains('{') => match serde_json::from_str::<Value>(text) {
            Ok(inner) => find(&inner, depth + 1, layers, best),
            Err(_) if layers > 0 && text.len() < 64 * 1024 => {
                if let Some(found) = error_in(text, layers - 1) {
                    offer(found);
                }
            }
            Err(_) => {}
        },
        _ => {}
    }
}

/// Whether HubSpot's token endpoint adds this word beside OAuth's own. Other services write `BAD_REQUEST` in the same
/// field.
fn is_oauth_word(word: &str) -> bool {
    word.starts_with("BAD_") && !matches!(word, "BAD_REQUEST" | "BAD_GATEWAY")
}

/// Whether an object is only the part of an answer that lists scopes.
fn names_scopes(object: &Map<String, Value>) -> bool {
    let lists = |value: &Value| {
        ["requiredGranularScopes", "requiredScopes", "missingScopes"].iter().any(|name| value["context"].get(*name).is_some())
    };
    entries(object.get("errors")).into_iter().any(lists) || object.get("context").is_some() && lists(&Value::Object(object.clone()))
}

/// Whether an error has a part that no other service's errors have: HubSpot's word for the status beside an id, a category in capitals,
/// or a correlation id that is a UUID, and not beside a code as other services have it.
fn is_own(object: &Map<String, Value>) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let capitals = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'.');
    let uuid = |id: &str| id.len() == 36 && id.bytes().filter(|byte| *byte == b'-').count() == 4;
    let beside = ["correlationId", "requestId", "identityProfile"].iter().any(|name| object.contains_key(*name));
    text("status").is_some_and(|word| word == "error" && beside || is_oauth_word(word))
        || ["category", "errorType", "subCategory"].iter().any(|name| text(name).is_some_and(capitals))
        || ["policyName", "validationResults", "numErrors"].iter().any(|name| object.contains_key(*name))
        || object.contains_key("correlationId") && text("status").is_some_and(|word| word.contains('_') && capitals(word))
        || text("correlationId").is_some_and(uuid) && !object.contains_key("code")
        || names_scopes(object)
}

fn is_error(object: &Map<String, Value>) -> bool {
    let has = |name: &str| object.contains_key(name);
    let is_text = |name: &str| object.get(name).is_some_and(Value::is_string);
    let oauth = object.get("error").and_then(Value::as_str).is_some_and(is_oauth_error);
    let batch = has("numErrors") && has("results");
    let names_it = has("correlationId") || is_text("category") || has("policyName") || has("errorType") || has("validationResults");
    let word = object.get("status").and_then(Value::as_str);
    (is_text("message") && names_it)
        || (has("correlationId") && (is_text("category") || has("errors")))
        || oauth
        || batch
        // The oldest answers have a status and a message and nothing else.
        || (is_text("message") && word == Some("error"))
        || word.is_some_and(is_oauth_word)
        || names_scopes(object)
        || (has("errors") && has("validationResults"))
}
