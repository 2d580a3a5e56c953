//! The replacement of one text, by a rule or by the text's form.

use serde_json::Value;

use super::Masker;
use super::rules::{Action, Place};
use crate::association;
use crate::object_type::ObjectType;
use crate::scope::ScopeId;

/// The longest code that stays, in bytes.
const CODE_BYTES_MAX: usize = 80;
/// Fewest digits of a telephone number.
const PHONE_DIGITS_MIN: usize = 7;

impl Masker {
    /// The replacement of a text.
    pub fn text(&self, action: Action, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        match action {
            Action::Keep if is_plain_number(value) => value.to_owned(),
            Action::Keep | Action::Word => self.word(value),
            Action::Code => self.code(value),
            Action::ObjectType => self.object_type(value),
            Action::AssociationType => self.association_type(value),
            Action::Property => self.property_name(value),
            Action::Id | Action::Cursor => each(value, ',', |part| self.word(part)),
            Action::Number => self.keyed.number(value).unwrap_or_else(|| self.shape(value)),
            Action::Date => self.keyed.date(value).unwrap_or_else(|| self.shape(value)),
            Action::Email => each(value, ';', |part| self.keyed.email(part)),
            Action::Domain => each(value, ';', |part| self.domain(part)),
            Action::Phone => self.keyed.stream(value),
            Action::Url => self.url(value),
            Action::Text => self.free_text(value),
            Action::Message => self.message(value),
            Action::Drop => String::new(),
            Action::Option | Action::Properties | Action::FilterValue | Action::Shape => self.shape(value),
        }
    }

    /// The value of a property, by the rule of its name, or else of its type.
    pub fn property(&self, name: &str, value: &str) -> String {
        match self.property_action(name) {
            Action::Option => each(value, ';', |part| {
                let is_known = self.vocabulary.properties.get(name).is_some_and(|known| known.options.contains(part));
                if is_known { part.to_owned() } else { self.word_or_shape(part) }
            }),
            Action::Keep if self.vocabulary.properties.get(name).is_some_and(|known| known.value_type == "bool") => match value {
                "true" | "false" => value.to_owned(),
                _ => self.shape(value),
            },
            action => self.text(action, value),
        }
    }

    pub(super) fn property_action(&self, name: &str) -> Action {
        if let Some(action) = self.rules.action(Place::Property, name) {
            return action;
        }
        let known = self.vocabulary.properties.get(name);
        known.and_then(|known| self.rules.action(Place::Type, &known.value_type)).unwrap_or(Action::Shape)
    }

    /// Whether HubSpot defines a property of this name, or a rule names it.
    pub(super) fn names_property(&self, name: &str) -> bool {
        self.vocabulary.properties.contains_key(name) || self.rules.action(Place::Property, name).is_some()
    }

    /// Whether this is a word that stays.
    pub fn knows(&self, value: &str) -> bool {
        self.rules.lists(Place::Word, value)
            || self.vocabulary.words.contains(value)
            || self.names_property(value)
            || is_object_type(value)
            || is_scope(value)
            || is_association_name(value)
    }

    /// Replaces digits by digits. A single digit stays: it identifies nobody, and HubSpot's default stages have such ids.
    pub(super) fn digits(&self, value: &str) -> Option<String> {
        if value.len() == 1 && value.as_bytes()[0].is_ascii_digit() { Some(value.to_owned()) } else { self.keyed.digits(value) }
    }

    fn word(&self, value: &str) -> String {
        // Numbers are replaced even where they are values of options: an id needs the same replacement at every place.
        let known = |part: &str| !part.starts_with(|char: char| char.is_ascii_digit()) && self.knows(part);
        if known(value) { value.to_owned() } else { each(value, ';', |part| if known(part) { part.to_owned() } else { self.shape(part) }) }
    }

    fn word_or_shape(&self, value: &str) -> String {
        if self.rules.lists(Place::Word, value) { value.to_owned() } else { self.shape(value) }
    }

    fn code(&self, value: &str) -> String {
        if is_code(value) { value.to_owned() } else { self.word(value) }
    }

    fn object_type(&self, value: &str) -> String {
        each(value, ',', |part| {
            if is_object_type(part) {
                return part.to_owned();
            }
            // An id (2-123), a name (boat), or a name with its account (p42_boat).
            let (start, rest) = match part.strip_prefix("2-") {
                Some(rest) => ("2-", rest),
                None => match part.strip_prefix('p').and_then(|rest| rest.split_once('_')) {
                    Some((account, name)) if account.bytes().all(|byte| byte.is_ascii_digit()) => {
                        let account = self.keyed.digits(account).unwrap_or_default();
                        return format!("p{account}_{}", self.keyed.name(name));
                    }
                    _ => ("", part),
                },
            };
            format!("{start}{}", self.keyed.name(rest))
        })
    }

    pub(super) fn association_type(&self, value: &str) -> String {
        let is_published = value.parse().is_ok_and(|id| association::by_id(id).is_some());
        if is_published { value.to_owned() } else { self.word(value) }
    }

    /// The name of a property; a name that the account chose is replaced.
    pub fn property_name(&self, value: &str) -> String {
        each(value, ',', |part| {
            let (start, name) = part.strip_prefix('-').map_or(("", part), |rest| ("-", rest));
            format!("{start}{}", if self.names_property(name) { name.to_owned() } else { self.keyed.name(name) })
        })
    }

    fn free_text(&self, value: &str) -> String {
        if value.contains('@') { self.shape(value) } else { self.keyed.text(value) }
    }

    fn domain(&self, value: &str) -> String {
        if value.contains("://") { self.url(value) } else { self.keyed.domain(value) }
    }

    /// The replacement of a text that no rule knows.
    pub(super) fn shape(&self, value: &str) -> String {
        if matches!(value, "" | "true" | "false") {
            return value.to_owned();
        }
        if let Some(digits) = self.digits(value) {
            return digits;
        }
        if let Some(moved) = self.keyed.date(value) {
            return moved;
        }
        if let Some(number) = self.keyed.number(value) {
            return number;
        }
        if is_uuid(value) {
            return self.keyed.uuid(value);
        }
        if value.contains("://") && !value.contains(char::is_whitespace) {
            return self.url(value);
        }
        if let Some((local, domain)) = value.rsplit_once('@')
            && !value.contains(|char: char| char.is_whitespace() || "<>,;\"{}[]".contains(char))
            && !local.is_empty()
            && domain.contains('.')
        {
            return self.keyed.email(value);
        }
        if value.starts_with(['{', '['])
            && let Ok(json) = serde_json::from_str::<Value>(value)
        {
            return self.strictly(&json).to_string();
        }
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        if digits >= PHONE_DIGITS_MIN && value.chars().all(|char| char.is_ascii_digit() || "+-.()/ ".contains(char)) {
            return self.keyed.stream(value);
        }
        self.keyed.text(value)
    }

    /// An error message. Common words, codes and the names of HubSpot's own properties and types stay.
    pub(super) fn message(&self, value: &str) -> String {
        if let Some(at) = value.find(['[', '{'])
            && let Ok(json) = serde_json::from_str::<Value>(&value[at..])
        {
            return format!("{}{}", self.message(&value[..at]), self.json(&json));
        }
        let is_word =
            |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '@' | '.' | '\'' | '+' | ':' | '/' | '%') || !char.is_ascii();
        let (mut out, mut rest) = (String::new(), value);
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|char| is_word(char) != is_word(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            if is_word(first) {
                self.message_word(run, &mut out)
            } else {
                out.push_str(run)
            }
            rest = after;
        }
        out
    }

    fn message_word(&self, run: &str, out: &mut String) {
        let edge = |char: char| matches!(char, '.' | '\'' | ':' | '-' | '/' | '+' | '%');
        let core = run.trim_matches(edge);
        let start = run.find(core).unwrap_or(0);
        out.push_str(&run[..start]);
        let is_known = self.rules.lists(Place::Phrase, core) || self.names_property(core) || is_object_type(core) || is_scope(core);
        if is_known {
            out.push_str(core)
        } else {
            out.push_str(&self.shape(core))
        }
        out.push_str(&run[start + core.len()..]);
    }
}

/// Replaces every part of a text that a character separates.
fn each(value: &str, separator: char, replace: impl Fn(&str) -> String) -> String {
    let parts: Vec<String> = value.split(separator).map(|part| if part.is_empty() { String::new() } else { replace(part) }).collect();
    parts.join(separator.encode_utf8(&mut [0; 4]))
}

/// Whether a text has the form of HubSpot's codes, with two words or more: `VALIDATION_ERROR`, `PipelineError.STAGE_ID_IN_USE`,
/// `keyway.no-token`.
fn is_code(value: &str) -> bool {
    let is_upper = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let (first, last) = value.rsplit_once('.').unwrap_or(("", value));
    let is_own = value.strip_prefix("keyway.").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    let is_group = first.bytes().all(|byte| byte.is_ascii_alphabetic()) && (first.is_empty() || first.ends_with("Error"));
    value.len() <= CODE_BYTES_MAX
        && !last.is_empty()
        && ((is_upper(last) && last.contains('_') && is_group && last.starts_with(|char: char| char.is_ascii_uppercase())) || is_own)
}

pub(super) fn is_object_type(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ObjectType::all().iter().any(|row| row.name == value || row.singular == value || row.type_id == Some(value.as_str()))
}

fn is_scope(value: &str) -> bool {
    ScopeId::of(value).is_some()
}

/// Whether it is the name of an association type that HubSpot defines, such as `contact_to_company_unlabeled`.
fn is_association_name(value: &str) -> bool {
    let value = value.strip_suffix("_unlabeled").unwrap_or(value);
    value.split_once("_to_").is_some_and(|(from, to)| is_object_type(from) && is_object_type(to))
}

/// Whether it is a number as a program writes it, such as a page size.
fn is_plain_number(value: &str) -> bool {
    value.len() <= 15 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}
