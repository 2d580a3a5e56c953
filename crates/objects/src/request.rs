//! The query and the body of a call, parsed once. An invalid one gets HubSpot's error.

use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use keyway_core::object_type::ObjectType;
use keyway_core::path::encode_component;
use keyway_core::policy::OnBehalf;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value};

use crate::invalid;
use crate::kind::Kind;
use crate::route::Version;
use crate::space::Space;
use crate::work::{UNBOUNDED, Work};

/// What a handler knows of a call.
#[derive(Debug)]
pub struct Request<'a> {
    /// The calling app.
    pub app_id: u64,
    /// The time of the call.
    pub now: Timestamp,
    /// Where the records that it makes come from, as HubSpot names it: `INTEGRATION`, `IMPORT`.
    pub source: &'static str,
    /// The form of the path.
    pub version: Version,
    /// Where the account is reached: for links to the next page.
    pub base: &'a str,
    /// The path, for the same.
    pub path: &'a str,
    /// The query, decoded.
    pub query: Query,
    /// The bytes of the body; empty where the call has none.
    pub body: &'a [u8],
    /// In whose name it is performed; none of the operator's own.
    pub by: Option<&'a OnBehalf>,
    /// What the call has left to do.
    pub work: &'a Work,
}

impl Request<'_> {
    /// A request that nobody sent: what the program itself does in an app's name, whose work was bounded before.
    pub fn of_program(app_id: u64, now: Timestamp) -> Self {
        let (version, query) = (Version::Dated, Query::default());
        Self { app_id, now, source: "INTEGRATION", version, base: "", path: "", query, body: b"", by: None, work: &UNBOUNDED }
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// It is not an object, or too large.
    pub fn json(&self) -> Result<Map<String, Value>, ErrorBody> {
        object(self.body, self.work)
    }

    /// Reports the names that are not properties of the type to the observer of the call.
    pub(crate) fn tell_unknown(&self, space: &Space, names: &[&str]) {
        let Some(by) = self.by else { return };
        names.iter().filter(|name| space.schema.get(name).is_none()).for_each(|name| by.unknown_property(&space.name, name));
    }

    /// Reports the unknown properties that a refusal names.
    pub(crate) fn tell_refused(&self, space: &Space, error: &ErrorBody) {
        let unknown = error.errors.iter().filter(|detail| detail.code.as_deref() == Some(NO_PROPERTY));
        let names: Vec<&str> = unknown.filter_map(|detail| detail.context.get("propertyName")?.get(0)?.as_str()).collect();
        self.tell_unknown(space, &names);
    }

    /// Whether the caller may read or write the records of a type, which its path does not name.
    ///
    /// # Errors
    /// HubSpot's refusal, with the missing scope.
    pub fn needs(&self, kind: Kind, access: Access) -> Result<(), ErrorBody> {
        needs(self.by, kind, access)
    }
}

/// The code of a refusal whose property does not exist.
pub(crate) const NO_PROPERTY: &str = "PROPERTY_DOESNT_EXIST";

/// Whether a caller may read or write the records of a type.
///
/// # Errors
/// HubSpot's refusal, with the missing scope.
pub fn needs(by: Option<&OnBehalf>, kind: Kind, access: Access) -> Result<(), ErrorBody> {
    let row = kind.row().unwrap_or_else(|| ObjectType::custom());
    by.map_or(Ok(()), |by| by.needs(row, access))
}

/// Values of a JSON body: five times those of a hundred records with a thousand properties each. In memory
/// each takes up to a hundred bytes, whatever it takes in the body.
pub(crate) const VALUES_MAX: usize = 500_000;

/// A body as a JSON object.
///
/// # Errors
/// It is not an object, has too many values, or fewer steps are left than reading it takes.
pub fn object(body: &[u8], work: &Work) -> Result<Map<String, Value>, ErrorBody> {
    match any(body, work)? {
        Value::Object(object) => Ok(object),
        _ => Err(unexpected("an object")),
    }
}

/// A body as a JSON list.
///
/// # Errors
/// The same, for a list.
pub fn list(body: &[u8], work: &Work) -> Result<Vec<Value>, ErrorBody> {
    match any(body, work)? {
        Value::Array(list) => Ok(list),
        _ => Err(unexpected("a list")),
    }
}

fn unexpected(wanted: &str) -> ErrorBody {
    invalid::body_of_another_type(wanted)
}

fn any(body: &[u8], work: &Work) -> Result<Value, ErrorBody> {
    work.read(body.len())?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid::body_missing());
    }
    let values = values(body);
    if values > VALUES_MAX {
        return Err(invalid::body_too_large(VALUES_MAX));
    }
    work.each(values, 4)?;
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line().max(1), error.column());
        invalid::body_invalid(line, column, reason(&error))
    })
}

/// An upper estimate of the number of values in a JSON text. For a text that is not JSON the number is
/// arbitrary.
fn values(body: &[u8]) -> usize {
    let (mut values, mut in_text, mut bytes) = (1, false, body.iter());
    while let Some(byte) = bytes.next() {
        match (in_text, byte) {
            (true, b'\\') => drop(bytes.next()),
            (_, b'"') => in_text = !in_text,
            (false, b',' | b'[' | b'{') => values += 1,
            _ => {}
        }
    }
    values
}

/// serde's own words end in the place, which HubSpot's sentence begins with.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The decoded parameters of a query, in order.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query as forms encode it.
    pub fn parse(raw: Option<&str>) -> Self {
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(key, value)| (decode(key), decode(value))).collect())
    }

    /// The last value of a parameter.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(own, value)| own == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A list: comma-separated, repeated, or both.
    pub fn list(&self, key: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(own, _)| own == key);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// A flag, false where it is not given.
    ///
    /// # Errors
    /// It is neither true nor false.
    pub fn flag(&self, key: &str) -> Result<bool, ErrorBody> {
        match self.get(key) {
            None => Ok(false),
            // The Python client writes `True`.
            Some(flag) if flag.eq_ignore_ascii_case("false") => Ok(false),
            Some(flag) if flag.eq_ignore_ascii_case("true") => Ok(true),
            Some(other) => Err(bad_parameter(key, &format!("'{other}' is not a valid boolean"))),
        }
    }

    /// A page size between 1 and `max`.
    ///
    /// # Errors
    /// It is not a number, or not between the two.
    pub fn limit(&self, default: usize, max: usize) -> Result<usize, ErrorBody> {
        let Some(raw) = self.get("limit") else { return Ok(default.min(max)) };
        let limit: usize = raw.parse().map_err(|_| bad_parameter("limit", &format!("'{raw}' is not a valid integer")))?;
        if limit == 0 || limit > max {
            return Err(bad_parameter("limit", &format!("limit must be between 1 and {max}, but was {limit}")));
        }
        Ok(limit)
    }

    /// The record to begin a page with.
    ///
    /// # Errors
    /// It is not an id.
    pub fn after(&self) -> Result<u64, ErrorBody> {
        match self.get("after") {
            None => Ok(0),
            Some(raw) => raw.parse().map_err(|_| bad_parameter("after", &format!("'{raw}' is not a valid paging cursor"))),
        }
    }

    /// The link to the next page of the same list, at the address where the account is reached: clients
    /// follow it as it is, with their token.
    pub fn link(&self, base: &str, path: &str, after: u64) -> String {
        let mut link = format!("{base}{path}?");
        for (key, value) in self.0.iter().filter(|(key, _)| key != "after") {
            encode_component(key, &mut link);
            link.push('=');
            encode_component(value, &mut link);
            link.push('&');
        }
        link.push_str(&format!("after={after}"));
        link
    }
}

/// The refusal of a query parameter.
pub fn bad_parameter(name: &str, problem: &str) -> ErrorBody {
    invalid::parameter_invalid(name, problem)
}

/// The refusal of a field of a body.
pub fn bad_field(field: &str, problem: &str) -> ErrorBody {
    invalid::field_invalid(field, problem)
}

/// The refusal of a body without a field that it must have.
pub fn missing_field(field: &str) -> ErrorBody {
    invalid::field_missing(field)
}

/// A field's list of texts; an absent one is empty.
///
/// # Errors
/// It is not a list, or something in it is not a text.
pub fn texts<'a>(object: &'a Map<String, Value>, field: &str) -> Result<Vec<&'a str>, ErrorBody> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().ok_or_else(|| bad_field(field, "must be a list of strings"))).collect()
        }
        Some(_) => Err(bad_field(field, "must be a list of strings")),
    }
}

/// An optional text.
///
/// # Errors
/// It is not a text.
pub fn text<'a>(object: &'a Map<String, Value>, field: &str) -> Result<Option<&'a str>, ErrorBody> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(bad_field(field, "must be a string")),
    }
}

/// An optional whole number, as a number or as text.
///
/// # Errors
/// It is neither a whole number nor the text of one.
pub(crate) fn integer(object: &Map<String, Value>, field: &str) -> Result<Option<i64>, ErrorBody> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(|| bad_field(field, "must be a whole number")),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| bad_field(field, "must be a whole number")),
        Some(_) => Err(bad_field(field, "must be a whole number")),
    }
}

/// An id: text or a number on the wire.
pub fn id_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The `inputs` of a batch, between 1 and `max` objects.
///
/// # Errors
/// There is no such list, it is empty or too long, or something in it is not an object.
pub fn inputs(object: &Map<String, Value>, max: usize) -> Result<Vec<&Map<String, Value>>, ErrorBody> {
    let Some(Value::Array(items)) = object.get("inputs") else { return Err(bad_field("inputs", "must be a list")) };
    if items.is_empty() {
        return Err(bad_field("inputs", "must not be empty"));
    }
    if items.len() > max {
        return Err(invalid::batch_too_large(max, items.len()));
    }
    items.iter().map(|item| item.as_object().ok_or_else(|| bad_field("inputs", "must be a list of objects"))).collect()
}

/// A segment of a path, in which a plus is a plus.
pub fn decoded(segment: &str) -> String {
    decode(&segment.replace('+', "%2B"))
}

fn decode(raw: &str) -> String {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (*first, escaped) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_comma_separated_or_repeated() {
        let query = Query::parse(Some("properties=a,b&properties=c%2Cd&x=1+2&bad=%zz"));
        assert_eq!(query.list("properties"), ["a", "b", "c", "d"]);
        assert_eq!((query.get("x"), query.get("bad"), query.get("y")), (Some("1 2"), Some("%zz"), None));
    }

    #[test]
    fn values_are_counted_outside_of_texts_alone() {
        for (text, count) in [(r#"{}"#, 2), (r#"{"a":1,"b":[2,3]}"#, 5), (r#"{"a":"[,{\\","b":"\",,"}"#, 3), (r#""",,"#, 3)] {
            assert_eq!(values(text.as_bytes()), count, "{text}");
        }
    }

    #[test]
    fn a_body_of_small_values_without_number_is_refused_before_it_is_read() {
        let body = format!(r#"{{"properties":[{}[]]}}"#, "[],".repeat(VALUES_MAX));
        let refused = object(body.as_bytes(), &UNBOUNDED).unwrap_err();
        assert_eq!(refused.message, "Invalid input JSON: it has more than 500000 values");
    }

    #[test]
    fn limits_have_both_ends() {
        let limit = |raw: &str| Query::parse(Some(raw)).limit(10, 100).ok();
        assert_eq!(
            [limit(""), limit("limit=100"), limit("limit=101"), limit("limit=0"), limit("limit=x")],
            [Some(10), Some(100), None, None, None]
        );
    }
}
