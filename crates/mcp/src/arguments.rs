//! The arguments of a tool: one table gives the schema that the model reads and the check of what it sends.
//!
//! Strict: an argument that the table does not have is refused, with the name of the one that was meant.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use crate::open::{near, short};

/// What an argument takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text with this maximum number of bytes.
    Text(usize),
    /// An id: text, or a whole number.
    Id,
    /// A whole number.
    Number(u64, u64),
    /// True or false.
    Flag,
    /// A list with this maximum number of texts.
    Texts(usize),
    /// One of these.
    Choice(&'static [&'static str]),
    /// Names with plain values.
    Values,
    /// Filters of a search.
    Filters,
    /// Names with plain values or lists of them.
    Query,
    /// An object or a list.
    Json,
}

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name in the JSON of a call.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for; empty where the name says it.
    pub words: &'static str,
}

/// An argument that must be there.
pub const fn needed(name: &'static str, kind: Kind, words: &'static str) -> Argument {
    Argument { name, kind, required: true, words }
}

/// An argument that may be left out.
pub const fn optional(name: &'static str, kind: Kind, words: &'static str) -> Argument {
    Argument { name, kind, required: false, words }
}

/// How filters compare.
pub const OPERATORS: [&str; 13] = [
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
];
/// Most filters of a search, as HubSpot's.
const FILTERS_MAX: usize = 6;
/// Most names of an object.
const NAMES_MAX: usize = 500;

/// The schema of a table.
pub fn schema(table: &[Argument]) -> JsonObject {
    let properties: Map<String, Value> = table.iter().map(|one| (one.name.to_owned(), one.schema())).collect();
    let required: Vec<&str> = table.iter().filter(|one| one.required).map(|one| one.name).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema.insert("additionalProperties".into(), false.into());
    schema
}

impl Argument {
    fn schema(&self) -> Value {
        let plain = json!({ "type": ["string", "number", "boolean", "null"] });
        let mut schema = match self.kind {
            Kind::Text(_) => json!({ "type": "string" }),
            Kind::Id => json!({ "type": ["string", "integer"] }),
            Kind::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Texts(most) => json!({ "type": "array", "items": { "type": "string" }, "maxItems": most }),
            Kind::Choice(all) => json!({ "type": "string", "enum": all }),
            Kind::Values => json!({ "type": "object", "additionalProperties": plain }),
            Kind::Filters => json!({ "type": "array", "maxItems": FILTERS_MAX, "items": {
                "type": "object",
                "properties": {
                    "property": { "type": "string" },
                    "operator": { "type": "string", "enum": OPERATORS },
                    "value": { "type": ["string", "number", "boolean"] },
                    "high_value": { "type": ["string", "number"] },
                    "values": { "type": "array", "items": { "type": "string" } },
                },
                "required": ["property", "operator"],
                "additionalProperties": false,
            } }),
            Kind::Query => json!({ "type": "object" }),
            Kind::Json => json!({ "type": ["object", "array"] }),
        };
        if !self.words.is_empty() {
            schema["description"] = self.words.into();
        }
        schema
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        let is_plain = |value: &Value| !value.is_object() && !value.is_array();
        let (fits, what) = match self.kind {
            Kind::Text(most) => (value.as_str().is_some_and(|text| text.len() <= most), format!("text of {most} bytes at most")),
            Kind::Id => (
                value.as_u64().is_some() || value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= 512),
                "an id: text or a whole number".into(),
            ),
            Kind::Number(least, most) => {
                (value.as_u64().is_some_and(|number| (least..=most).contains(&number)), format!("a whole number from {least} to {most}"))
            }
            Kind::Flag => (value.is_boolean(), "true or false".into()),
            Kind::Texts(most) => (
                value.as_array().is_some_and(|all| all.len() <= most && all.iter().all(|one| one.as_str().is_some_and(is_name))),
                format!("a list of {most} texts at most"),
            ),
            Kind::Choice(all) => (value.as_str().is_some_and(|text| all.contains(&text)), format!("one of {}", all.join(", "))),
            Kind::Values => (
                value.as_object().is_some_and(|all| all.len() <= NAMES_MAX && all.values().all(is_plain)),
                "an object of names with plain values".into(),
            ),
            Kind::Query => (
                value.as_object().is_some_and(|all| {
                    all.len() <= NAMES_MAX
                        && all.values().all(|one| is_plain(one) || one.as_array().is_some_and(|list| list.iter().all(is_plain)))
                }),
                "an object of names with plain values, or lists of them".into(),
            ),
            Kind::Filters => return filters(value),
            Kind::Json => (value.is_object() || value.is_array(), "an object or a list".into()),
        };
        if fits { Ok(()) } else { Err(format!("the argument \"{}\" must be {what}", self.name)) }
    }
}

/// A name in a list: of a property, a type, an id.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 512
}

fn filters(value: &Value) -> Result<(), String> {
    const FIELDS: [&str; 5] = ["property", "operator", "value", "high_value", "values"];
    let wrong = || format!("the argument \"filters\" must be a list of {FILTERS_MAX} objects at most");
    let all = value.as_array().filter(|all| all.len() <= FILTERS_MAX).ok_or_else(wrong)?;
    for filter in all {
        let fields = filter.as_object().ok_or_else(wrong)?;
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(unknown_name("a filter", unknown, &FIELDS));
        }
        if !filter["property"].as_str().is_some_and(is_name) {
            return Err("each filter needs \"property\", the name of a property".into());
        }
        if !filter["operator"].as_str().is_some_and(|operator| OPERATORS.contains(&operator)) {
            return Err(format!("each filter needs \"operator\", one of {}", OPERATORS.join(", ")));
        }
    }
    Ok(())
}

/// Arguments that fit their table.
#[derive(Debug, Default)]
pub struct Arguments(JsonObject);

impl Arguments {
    /// Checks what a model sent.
    ///
    /// # Errors
    /// The sentence that the model reads.
    pub fn read(tool: &str, table: &[Argument], given: JsonObject) -> Result<Self, String> {
        // A model that fills in every argument sends null for what it leaves out.
        let given: JsonObject = given.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let names: Vec<&str> = table.iter().map(|one| one.name).collect();
        if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(unknown_name(tool, unknown, &names));
        }
        for one in table {
            match given.get(one.name) {
                Some(value) => one.check(value)?,
                None if one.required => return Err(format!("{tool} needs the argument \"{}\"", one.name)),
                None => {}
            }
        }
        Ok(Self(given))
    }

    /// The value of an argument.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text; empty where it was left out.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// An id, or whatever is to be text; none where it was left out.
    pub fn id(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(Value::as_u64)
    }

    /// A flag; false where it was left out.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A list of texts; empty where it was left out.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.get(name).and_then(Value::as_array).map(|all| all.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }
}

fn unknown_name(of: &str, unknown: &str, names: &[&str]) -> String {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let shown = short(unknown);
    let same = names.iter().copied().find(|name| plain(name) == plain(unknown));
    let near = same.or_else(|| near(&shown, names.iter().copied(), 0.7));
    let meant = near.map(|name| format!(" Use \"{name}\".")).unwrap_or_default();
    let has = if names.is_empty() { "It takes none.".to_owned() } else { format!("It takes: {}.", names.join(", ")) };
    format!("{of} has no argument \"{shown}\".{meant} {has}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Argument; 3] =
        [needed("object_type", Kind::Text(64), ""), optional("limit", Kind::Number(1, 100), ""), optional("filters", Kind::Filters, "")];

    fn read(given: Value) -> Result<Arguments, String> {
        Arguments::read("search_records", &TABLE, given.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn an_unknown_argument_is_refused_with_the_name_of_the_right_one() {
        for wrong in ["objectType", "object-type", "ObjectType", "objct_type", "object"] {
            let refused = read(json!({ wrong: "contacts" })).unwrap_err();
            assert!(refused.contains("Use \"object_type\"."), "{wrong}: {refused}");
        }
        let refused = read(json!({ "object_type": "contacts", "zzz\u{1b}[2J": 1 })).unwrap_err();
        assert_eq!(refused, "search_records has no argument \"zzz\\u{1b}[2J\". It takes: object_type, limit, filters.");
    }

    #[test]
    fn values_of_another_kind_are_refused_and_null_is_left_out() {
        assert!(read(json!({ "object_type": "contacts", "limit": null })).is_ok());
        for (wrong, says) in [
            (json!({}), "needs the argument \"object_type\""),
            (json!({ "object_type": 1 }), "must be text"),
            (json!({ "object_type": "contacts", "limit": 101 }), "from 1 to 100"),
            (json!({ "object_type": "contacts", "limit": "5" }), "a whole number"),
            (json!({ "object_type": "contacts", "filters": [{ "propertyName": "a", "operator": "EQ" }] }), "Use \"property\"."),
            (json!({ "object_type": "contacts", "filters": [{ "property": "a", "operator": "CONSTAIN_TOKEN" }] }), "CONTAINS_TOKEN"),
            (json!({ "object_type": "contacts", "filters": {} }), "a list of 6 objects"),
        ] {
            let refused = read(wrong.clone()).unwrap_err();
            assert!(refused.contains(says), "{wrong}: {refused}");
        }
    }

    #[test]
    fn the_schema_takes_nothing_that_the_table_does_not_have() {
        let schema = schema(&TABLE);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], json!(["object_type"]));
        assert_eq!(schema["properties"]["limit"], json!({ "type": "integer", "minimum": 1, "maximum": 100 }));
    }
}
