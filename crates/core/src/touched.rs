//! The CRM records that a call reads one by one or changes, and the properties that it sets.
//!
//! The ids are in the path, in the body and in the answer. `plan` knows where for each operation, and `read` finds them in
//! JSON. Values are never kept: an id is a number, and another value (an e-mail address that names a contact) is counted but
//! not stored. The name of a property is kept where it has HubSpot's form. A client or HubSpot wrote all of this, so all of it
//! is bounded.

pub(crate) mod plan;
mod read;

use std::borrow::Cow;
use std::fmt;

use crate::catalog::Operation;
use crate::object_type;
use crate::path::NormalPath;
use plan::{Kind, Plan};

/// The most record ids that are listed; further ones are counted.
pub const RECORDS_MAX: usize = 100;
/// The most names of properties that are listed; further ones are counted.
pub const PROPERTIES_MAX: usize = 100;
/// The longest name of a property that is listed, in bytes.
const PROPERTY_BYTES_MAX: usize = 100;
/// The most bytes of all listed names of properties.
const PROPERTIES_BYTES_MAX: usize = 4_096;
/// The longest object type that is listed, in bytes.
const TYPE_BYTES_MAX: usize = 64;
/// The object type for records of the engagements API, whose calls do not show the kind of activity.
const ENGAGEMENTS: &str = "engagements";
/// The activities that HubSpot's engagements API calls engagements.
const ACTIVITIES: [&str; 7] = ["calls", "communications", "emails", "meetings", "notes", "postal_mail", "tasks"];

/// A CRM record: its object type and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRef {
    object_type: Cow<'static, str>,
    id: u64,
}

/// Why a text does not name a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a record; write an object type and an ID, such as contacts/123, 0-1/123 or 2-456/789")]
pub struct NoRecord(String);

impl RecordRef {
    /// Parses `contacts/123`, `contact/123`, `0-1/123` or `2-456/789`.
    ///
    /// # Errors
    /// The text is not an object type and a number.
    pub fn parse(text: &str) -> Result<Self, NoRecord> {
        let read = || {
            let (object_type, id) = text.trim().split_once('/')?;
            let object_type = if object_type == ENGAGEMENTS { ENGAGEMENTS.into() } else { type_of(object_type)? };
            Some(Self { object_type, id: id_of(id)? })
        };
        read().ok_or_else(|| NoRecord(text.chars().take(100).collect()))
    }

    /// Every form under which the record may be listed: an activity also has the name that the engagements API gives it.
    pub fn forms(&self) -> Vec<String> {
        let mut forms = vec![self.to_string()];
        if self.object_type == ENGAGEMENTS {
            forms.extend(ACTIVITIES.iter().map(|activity| format!("{activity}/{}", self.id)));
        } else if ACTIVITIES.contains(&&*self.object_type) {
            forms.push(format!("{ENGAGEMENTS}/{}", self.id));
        }
        forms
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.object_type, self.id)
    }
}

/// The object type in a text, as it is listed: a standard one by its name, a custom one in lower case. None where the text is
/// not a type, or is a custom one in a form that HubSpot does not use.
fn type_of(text: &str) -> Option<Cow<'static, str>> {
    let name = object_type::name_of(text)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.len() > TYPE_BYTES_MAX || !name.bytes().all(fits) {
        return None;
    }
    Some(if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name })
}

/// The id in a text: only digits.
fn id_of(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The normal form of a property's name, in lower case; none where HubSpot accepts no such name.
pub fn property_name(text: &str) -> Option<Cow<'_, str>> {
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let fits = starts && text.len() <= PROPERTY_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // HubSpot treats Email and email as the same, and so must every search.
    fits.then(|| if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() })
}

/// The facts known so far about the records that a call touches.
#[derive(Clone, Debug)]
pub struct Touched {
    plan: &'static Plan,
    /// The object types in the path, in the order of the plan.
    types: [Option<Cow<'static, str>>; 2],
    records: Vec<RecordRef>,
    /// Records beyond those that are listed.
    more: u64,
    /// Records that the call names by something other than their id.
    named_otherwise: u64,
    /// Whether the call named one of them by a property.
    by_property: bool,
    properties: Vec<String>,
    property_bytes: usize,
    more_properties: u64,
    /// Whether a part that may name records could not be read.
    incomplete: bool,
    /// Whether the answer can add nothing more.
    settled: bool,
}

/// The facts that are kept. Texts are lists with one space between the items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Records, such as `contacts/123`, without repetitions.
    pub records: String,
    /// The number of records, those included that are not listed.
    pub record_count: u64,
    /// Whether there may be records that are neither listed nor counted.
    pub incomplete: bool,
    /// Names of properties that the call sets, in alphabetical order.
    pub properties: String,
    /// The number of properties, those included that are not listed.
    pub property_count: u64,
}

impl Touched {
    /// The facts in the path and the query. None where the operation reads no single record and changes none.
    pub fn of(operation: &Operation, path: &NormalPath, query: Option<&str>) -> Option<Box<Self>> {
        let plan = plan::of(operation)?;
        let types = [plan.first, plan.second].map(|kind| match kind {
            Kind::None => None,
            Kind::Named(name) => Some(name.into()),
            Kind::At(at) => path.segments().nth(at).and_then(type_of),
        });
        let mut touched = Box::new(Self {
            plan,
            types,
            records: Vec::new(),
            more: 0,
            named_otherwise: 0,
            by_property: query.is_some_and(by_property),
            properties: Vec::new(),
            property_bytes: 0,
            more_properties: 0,
            incomplete: false,
            settled: plan.answer == plan::Answer::None,
        });
        for (number, (side, at)) in plan.path.iter().enumerate() {
            let text = path.segments().nth(*at).unwrap_or_default();
            // The property in the query belongs to the first record of the path.
            let id = if touched.by_property && number == 0 { None } else { id_of(text) };
            touched.add(*side, id);
        }
        touched.by_property |= plan.by_property;
        touched.named_otherwise += u64::from(plan.by_property);
        if let (Some((name, side)), Some(query)) = (plan.query, query) {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).for_each(|(_, value)| touched.add(side, id_of(value)));
        }
        if plan.answer == plan::Answer::ByProperty {
            touched.settled = !touched.by_property;
        }
        Some(touched)
    }

    /// Adds the facts in the whole body.
    pub fn body(&mut self, bytes: &[u8]) {
        if self.plan.body == plan::Body::None || bytes.is_empty() {
            return;
        }
        read::body(self, bytes);
        if self.plan.answer == plan::Answer::ByProperty {
            self.settled = !self.by_property;
        }
    }

    /// The body was forwarded without being read.
    pub fn body_unread(&mut self) {
        self.incomplete |= self.plan.body != plan::Body::None;
    }

    /// Whether the answer names records that the call does not.
    pub fn awaits_answer(&self) -> bool {
        !self.settled
    }

    /// Adds the facts in an answer of success. `whole` is whether `bytes` is the whole answer.
    pub fn answer(&mut self, bytes: &[u8], whole: bool) {
        if self.settled {
            return;
        }
        let before = self.found();
        let read = read::answer(self, bytes) && whole;
        let found = self.found() - before;
        self.settled = true;
        // The call asked for one record and found it: the rest of the answer adds nothing.
        let is_one = self.plan.is_one() && found > 0;
        if read || is_one {
            // A record that a complete answer lacks was not found, and so not touched.
            self.named_otherwise = 0;
        } else {
            self.incomplete = true;
            self.named_otherwise = self.named_otherwise.saturating_sub(found);
        }
    }

    /// The number of records with an id.
    fn found(&self) -> u64 {
        self.records.len() as u64 + self.more
    }

    /// The call was refused, so it changed and read nothing.
    pub fn refused(&mut self) {
        self.settled = true;
    }

    /// The facts to keep, with or without the names of properties.
    pub fn named(&self, with_properties: bool) -> Named {
        use fmt::Write as _;
        let mut records = String::with_capacity(self.records.len() * 24);
        for record in &self.records {
            if !records.is_empty() {
                records.push(' ');
            }
            // Writing to a text does not fail.
            let _ = write!(records, "{record}");
        }
        let (properties, property_count) = match with_properties {
            true => (self.properties.join(" "), self.properties.len() as u64 + self.more_properties),
            false => (String::new(), 0),
        };
        Named {
            records,
            record_count: self.records.len() as u64 + self.more + self.named_otherwise,
            incomplete: self.incomplete || !self.settled,
            properties,
            property_count,
        }
    }

    /// Adds a record of one of the path's types. Without an id, counts it as named otherwise.
    fn add(&mut self, side: usize, id: Option<u64>) {
        match (self.types[side].clone(), id) {
            (Some(object_type), Some(id)) => self.add_record(RecordRef { object_type, id }),
            _ => self.named_otherwise += 1,
        }
    }

    fn add_record(&mut self, record: RecordRef) {
        if self.records.iter().any(|there| there.id == record.id && there.object_type == record.object_type) {
            return;
        }
        if self.records.len() < RECORDS_MAX {
            self.records.push(record);
        } else {
            self.more += 1;
        }
    }

    fn add_property(&mut self, text: &str) {
        let Some(name) = property_name(text) else {
            self.more_properties += 1;
            return;
        };
        let Err(place) = self.properties.binary_search_by(|there| (**there).cmp(&*name)) else { return };
        if self.properties.len() < PROPERTIES_MAX && self.property_bytes + name.len() < PROPERTIES_BYTES_MAX {
            self.property_bytes += name.len() + 1;
            self.properties.insert(place, name.into_owned());
        } else {
            self.more_properties += 1;
        }
    }
}

/// Whether a query names the record in the path by a property (`idProperty`). Every spelling of the parameter counts: a value
/// that is stored by mistake can't be withdrawn.
fn by_property(query: &str) -> bool {
    let is_property = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        decoded(key).eq_ignore_ascii_case("idProperty") && !is_own_id(&decoded(value))
    };
    query.split('&').any(is_property)
}

/// Whether this property is the record id itself.
fn is_own_id(property: &str) -> bool {
    property.is_empty() || property.eq_ignore_ascii_case("hs_object_id")
}

/// A part of a query, percent-decoded; unchanged where the result is not text.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests;
