//! Reads and checks the request of an export (fields: HubSpot's published `PublicExportRequest`).

use keyway_core::error_body::ErrorBody;
use keyway_objects::crm::list_members::Members;
use keyway_objects::crm::search::Search;
use keyway_objects::crm::{self, lists, objects};
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::property::Name;
use keyway_objects::request::{bad_field, id_text, missing_field, text, texts};
use keyway_objects::state::State;
use keyway_objects::work::Work;
use serde_json::{Map, Value, json};

/// Largest number of columns of an export.
const COLUMNS_MAX: usize = 1_000;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 255;

/// Whose records are exported.
pub enum Source {
    /// Those that a search finds.
    View(Search),
    /// Those on a list.
    List(u64),
}

impl Source {
    /// The name on the wire.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::View(_) => "VIEW",
            Self::List(_) => "LIST",
        }
    }
}

/// The request of an export.
pub struct Wanted {
    pub name: String,
    pub kind: Kind,
    pub properties: Vec<Name>,
    pub source: Source,
    /// Types whose associated records are named in columns of their own.
    pub associated: Vec<Kind>,
    /// Internal names for columns, in place of labels.
    pub internal_names: bool,
    /// Internal values of options, in place of labels.
    pub internal_values: bool,
    /// All associated records of a row, and not the first thousand.
    pub all_associated: bool,
}

impl Wanted {
    /// Reads the body of a request.
    pub fn read(state: &State, body: &Map<String, Value>) -> Result<Self, ErrorBody> {
        let required = |field: &str| text(body, field)?.filter(|text| !text.is_empty()).ok_or_else(|| missing_field(field));
        let (export_type, name) = (required("exportType")?, required("exportName")?);
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(bad_field("exportName", &format!("has at most {NAME_CHARS_MAX} characters")));
        }
        match required("format")? {
            "CSV" => {}
            "XLS" | "XLSX" => return Err(bad_field("format", "must be CSV: an embedded account writes no spreadsheets")),
            _ => return Err(bad_field("format", "must be one of CSV, XLS, XLSX")),
        }
        let kind = kind(state, required("objectType")?)?;
        let options = texts(body, "exportInternalValuesOptions")?;
        if options.iter().any(|option| !["NAMES", "VALUES"].contains(option)) {
            return Err(bad_field("exportInternalValuesOptions", "must hold NAMES and VALUES only"));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            properties: properties(state, kind, body)?,
            source: source(state, kind, export_type, body)?,
            associated: associated(state, body)?,
            internal_names: options.contains(&"NAMES"),
            internal_values: options.contains(&"VALUES"),
            all_associated: body.get("overrideAssociatedObjectsPerDefinitionPerRowLimit") == Some(&Value::Bool(true)),
        })
    }

    /// The ids of the records, in the order of the search or of their ids.
    pub fn records(&self, state: &State, work: &Work) -> Result<Vec<u64>, ErrorBody> {
        match &self.source {
            Source::View(search) => Ok(search.found(state, self.kind, work)?.into_iter().map(|record| record.id).collect()),
            Source::List(list) => {
                let members = Members::new(state, work).of(lists::find(state, &list.to_string())?)?;
                members.into_iter().map(|(id, _)| objects::live(state, (self.kind, id)).map(|record| record.id)).collect()
            }
        }
    }

    /// The names of the exported properties, for the task of the export.
    pub fn property_names(&self) -> Vec<&str> {
        self.properties.iter().map(|name| &**name).collect()
    }

    /// The object type in capitals, as HubSpot's export tasks name it; a custom type by its id.
    pub fn object_type(&self, state: &State) -> String {
        let space = state.space(self.kind);
        if space.custom.is_some() { space.type_id.to_string() } else { space.shouted() }
    }
}

/// `CONTACT`, `contacts` and `0-1` are one type.
fn kind(state: &State, given: &str) -> Result<Kind, ErrorBody> {
    crm::kind(state, given).or_else(|refused| crm::kind(state, &given.to_lowercase()).map_err(|_| refused))
}

fn properties(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Vec<Name>, ErrorBody> {
    if body.get("objectProperties").is_none_or(Value::is_null) {
        return Err(missing_field("objectProperties"));
    }
    let names = texts(body, "objectProperties")?;
    if names.len() > COLUMNS_MAX {
        return Err(bad_field("objectProperties", &format!("holds at most {COLUMNS_MAX} properties")));
    }
    let schema = state.schema(kind);
    names
        .into_iter()
        .map(|name| {
            let found = schema.get(name).map(|property| property.name.clone());
            found.ok_or_else(|| invalid::property_name_unknown(name, vec![name.to_owned()]))
        })
        .collect()
}

fn source(state: &State, kind: Kind, export_type: &str, body: &Map<String, Value>) -> Result<Source, ErrorBody> {
    match export_type {
        "VIEW" => Ok(Source::View(search(state, kind, body)?)),
        "LIST" => {
            let id = id_text(body.get("listId")).ok_or_else(|| missing_field("listId"))?;
            let list = lists::find(state, &id)?;
            if lists::kind(state, list) != Some(kind) {
                return Err(bad_field("listId", "is a list of another object type"));
            }
            Ok(Source::List(list.id))
        }
        _ => Err(bad_field("exportType", "must be VIEW or LIST")),
    }
}

/// The search of a view. It has no pages, and its sorts say `order` where those of a search say
/// `direction`.
fn search(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Search, ErrorBody> {
    let mut asked = match body.get("publicCrmSearchRequest") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(asked)) => asked.clone(),
        Some(_) => return Err(bad_field("publicCrmSearchRequest", "must be an object")),
    };
    asked.retain(|name, _| ["filterGroups", "filters", "query", "sorts"].contains(&name.as_str()));
    for sort in asked.get_mut("sorts").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(order) = sort.as_object_mut().and_then(|sort| sort.remove("order")) {
            let direction = match order.as_str() {
                Some("ASC") => "ASCENDING",
                Some("DESC") => "DESCENDING",
                _ => return Err(bad_field("sorts.order", "must be ASC or DESC")),
            };
            sort["direction"] = json!(direction);
        }
    }
    Search::parse(state, kind, &asked)
}

/// One type in v3, a list of types under the dates.
fn associated(state: &State, body: &Map<String, Value>) -> Result<Vec<Kind>, ErrorBody> {
    let names = match body.get("associatedObjectType") {
        Some(Value::String(name)) => vec![name.as_str()],
        _ => texts(body, "associatedObjectType")?,
    };
    names.into_iter().filter(|name| !name.is_empty()).map(|name| kind(state, name)).collect()
}
