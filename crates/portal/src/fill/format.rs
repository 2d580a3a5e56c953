//! The format of a seed, as JSON and as YAML, and its JSON Schema.

use std::collections::BTreeMap;

use keyway_objects::options::Options;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest seed of YAML, in bytes. JSON may be as long as the admin API takes.
const YAML_BYTES_MAX: usize = 16 << 20;
/// Deepest nesting: a list's filters take about fifteen levels.
const DEPTH_MAX: usize = 64;
/// Most values of a YAML seed, those of expanded aliases included.
const NODES_MAX: usize = 1_000_000;
/// Most bytes of all its texts, those of expanded aliases included.
const TEXT_BYTES_MAX: usize = 32 << 20;
/// Most values that aliases expand to.
const REPLAYED_MAX: usize = 200_000;

/// What an account is filled with.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "Keyway seed")]
pub struct Seed {
    /// What the account does by itself.
    pub settings: Option<Options>,
    /// A built-in set: demo, minimal or activities.
    pub set: Option<String>,
    /// The number that factories pick values by: the same number, the same values.
    pub number: u64,
    /// Owners. One with the ID of an owner of the account takes its place.
    pub owners: Vec<SeedOwner>,
    /// Custom object types, as HubSpot takes them.
    #[schemars(with = "Vec<Map<String, Value>>")]
    pub schemas: Vec<Value>,
    /// Property groups by object type, as HubSpot takes them. A group that exists is changed.
    #[schemars(with = "BTreeMap<String, Vec<Map<String, Value>>>")]
    pub groups: Map<String, Value>,
    /// Property definitions by object type, as HubSpot takes them. A property that exists is changed.
    #[schemars(with = "BTreeMap<String, Vec<Map<String, Value>>>")]
    pub properties: Map<String, Value>,
    /// Pipelines with their stages by object type, as HubSpot takes them, with `pipelineId` and `stageId`.
    /// They take the place of pipelines with their IDs.
    #[schemars(with = "BTreeMap<String, Vec<Map<String, Value>>>")]
    pub pipelines: Map<String, Value>,
    /// Association labels.
    pub labels: Vec<Label>,
    /// Records by object type.
    #[schemars(with = "BTreeMap<String, Vec<Row>>")]
    pub records: Map<String, Value>,
    /// Records that are made by a rule, after `records` and in this order.
    pub factories: Vec<Factory>,
    /// Lists, as HubSpot takes them. `objectTypeId` can be the name of a type.
    #[schemars(with = "Vec<Map<String, Value>>")]
    pub lists: Vec<Value>,
    /// Calls of HubSpot's API, for all else.
    pub calls: Vec<PlainCall>,
}

/// An owner.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedOwner {
    /// The value of hubspot_owner_id.
    pub id: u64,
    /// The ID of the owner's user; the ID of the owner when left out.
    pub user_id: Option<u64>,
    /// The address.
    pub email: String,
    /// The first name.
    #[serde(default)]
    pub first_name: String,
    /// The last name.
    #[serde(default)]
    pub last_name: String,
}

/// A label of associations from one object type to another, and of the way back.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Label {
    /// The object type that it leads from.
    pub from: String,
    /// The object type that it leads to.
    pub to: String,
    /// Its internal name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// The label of the way back, where it is another one.
    pub inverse_label: Option<String>,
    /// The type ID; chosen by the account when left out.
    pub type_id: Option<u32>,
    /// The type ID of the way back; belongs to `typeId`.
    pub inverse_type_id: Option<u32>,
}

/// A record.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// By which other records name it.
    pub key: Option<String>,
    /// Values by property: texts, numbers, true or false.
    pub properties: Map<String, Value>,
    /// Records of this seed, as type/key: companies/acme.
    #[serde(default)]
    pub associations: Vec<String>,
}

/// A rule that makes records.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factory {
    /// The object type.
    pub r#type: String,
    /// How many records, 20,000 at most.
    #[schemars(range(max = 20_000))]
    pub count: u32,
    /// Other records name those of this rule by this text and their number: `key: person` makes person1, person2 and so on.
    pub key: Option<String>,
    /// Values by property: a text with {n}, {id}, {property} and {type.property}; { pick: [...] }; { from: 1, to: 9 };
    /// {} for a value that fits the property; null for none. Properties that a record needs are added.
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// What each record is associated with: a type (its records take turns) or type/key.
    #[serde(default)]
    pub associate: Associate,
}

/// One place or several.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Associate {
    /// Nothing.
    #[default]
    Nothing,
    /// One place.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Associate {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::Nothing => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

/// A call of HubSpot's API.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainCall {
    /// The method.
    pub method: String,
    /// The path, with a query where it has one.
    pub path: String,
    /// The JSON body.
    #[serde(default)]
    pub body: Value,
}

/// The JSON Schema of a seed.
pub fn seed_schema() -> Value {
    schemars::schema_for!(Seed).to_value()
}

/// Reads the text of a seed: YAML where the name ends in .yaml or .yml; JSON where it ends in .json or the text
/// begins with a brace; else YAML.
///
/// # Errors
/// The text is neither. The error is one line with the line of the text.
pub fn read_seed(name: &str, text: &str) -> Result<Value, String> {
    let ends = |ending: &str| name.len() > ending.len() && name.to_ascii_lowercase().ends_with(ending);
    let is_yaml = ends(".yaml") || ends(".yml");
    if !is_yaml && (ends(".json") || text.trim_start_matches('\u{feff}').trim_start().starts_with('{')) {
        return serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"));
    }
    read_yaml(text)
}

/// Reads a seed of YAML, by the rules of decision 53: one document, no key twice, no `yes`, bounded aliases.
///
/// # Errors
/// It is not YAML, or is beyond a bound. The error is one line with the line of the text.
pub fn read_yaml(text: &str) -> Result<Value, String> {
    if text.len() > YAML_BYTES_MAX {
        return Err(format!("a YAML seed has {} MiB at most. Write a longer one as JSON", YAML_BYTES_MAX >> 20));
    }
    let mut options = serde_saphyr::Options::default();
    options.budget = serde_saphyr::budget! {
        max_depth: DEPTH_MAX,
        flow_nesting_limit: DEPTH_MAX,
        max_documents: 1,
        max_events: NODES_MAX * 2,
        max_nodes: NODES_MAX,
        max_total_scalar_bytes: TEXT_BYTES_MAX,
        max_recorded_anchor_events: REPLAYED_MAX,
        max_recorded_anchor_bytes: TEXT_BYTES_MAX,
        enforce_alias_anchor_ratio: false,
    };
    options.alias_limits.max_total_replayed_events = REPLAYED_MAX;
    options.alias_limits.max_replay_stack_depth = DEPTH_MAX;
    options.strict_booleans = true;
    // A postal code keeps its zero.
    options.leading_zero_numbers_as_strings = true;
    options.underscored_numbers_as_strings = true;
    options.with_snippet = false;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let mut innermost = error.without_snippet();
        while let serde_saphyr::Error::AliasError { error, .. } = innermost {
            innermost = error.without_snippet();
        }
        let place = error.location().filter(|at| at.line() > 0).map(|at| format!("line {}: ", at.line())).unwrap_or_default();
        format!("{place}{}", keyway_core::shown::line(&innermost.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_of_one_seed_are_one_value() {
        let yaml = "records:\n  contacts:\n    - key: ada\n      properties: {email: ada@example.com, zip: 01234, amount: 15, optin: true, note: no}\n";
        let json = r#"{"records":{"contacts":[{"key":"ada","properties":{"email":"ada@example.com","zip":"01234","amount":15,"optin":true,"note":"no"}}]}}"#;
        assert_eq!(read_seed("a.yaml", yaml).unwrap(), read_seed("a.json", json).unwrap());
        assert_eq!(read_seed("-", yaml).unwrap(), read_seed("-", json).unwrap());
    }

    #[test]
    fn the_schema_in_the_docs_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keyway-seed.schema.json");
        let mut schema = serde_json::to_string_pretty(&seed_schema()).unwrap();
        schema.push('\n');
        if std::env::var_os("KEYWAY_WRITE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published, schema, "write it again: KEYWAY_WRITE_SCHEMA=1 cargo nextest run --workspace -E 'test(schema_in_the_docs)'");
    }

    #[test]
    fn what_yaml_can_do_to_a_reader_is_refused_with_its_line() {
        let mut laughs = "calls: []\nrecords:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..10 {
            laughs.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
        }
        for text in [
            laughs.as_str(),
            "a: 1\na: 2\n",
            "a: 1\n---\nb: 2\n",
            "a: [\n",
            "a: &a [*a]\n",
            &format!("a: {}", "[".repeat(100_000)),
            &"{a: ".repeat(50_000),
        ] {
            let refused = read_yaml(text).unwrap_err();
            assert!(!refused.contains('\n') && refused.len() < 500, "{refused}");
        }
        assert!(read_yaml(&"#\n".repeat(YAML_BYTES_MAX)).unwrap_err().contains("16 MiB"));
    }
}
