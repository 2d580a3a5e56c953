//! Records: search, get, list.

use http::Method;
use keyway_core::object_type::{ObjectType, ObjectTypeRef};
use serde_json::{Map, Value, json};

use super::paging::{Cursor, page};
use super::{Ask, Effect, Tool, segment, target};
use crate::ROWS_MAX;
use crate::answer::Reply;
use crate::arguments::{Kind, needed, optional};
use crate::open::{near, short};
use crate::road::BoxFuture;
use keyway_core::safety::Class;

/// Where records are; the version of HubSpot's API that lasts longest.
pub const OBJECTS: &str = "/crm/objects/2026-09";

/// Properties that are shown where the model asks for none.
const DEFAULTS: [(&str, &[&str]); 4] = [
    ("contacts", &["firstname", "lastname", "email", "lifecyclestage", "hubspot_owner_id"]),
    ("companies", &["name", "domain", "lifecyclestage", "hubspot_owner_id"]),
    ("deals", &["dealname", "amount", "pipeline", "dealstage", "closedate", "hubspot_owner_id"]),
    ("tickets", &["subject", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "hubspot_owner_id"]),
];

/// Most properties of one answer.
const PROPERTIES_MAX: usize = 50;

pub const OBJECT_TYPE: crate::arguments::Argument =
    needed("object_type", Kind::Text(128), "Such as contacts, companies, deals, tickets, notes, or a custom type (2-123)");
const PROPERTIES: crate::arguments::Argument =
    optional("properties", Kind::Texts(PROPERTIES_MAX), "Names of the properties to show; only these are shown");
pub const LIMIT: crate::arguments::Argument = optional("limit", Kind::Number(1, ROWS_MAX), "Rows; 20 where left out");
pub const AFTER: crate::arguments::Argument = optional("after", Kind::Text(512), "The cursor that the page before named");

/// Search records.
pub static SEARCH: Tool = Tool {
    name: "search_records",
    title: "Search records",
    words: "Find CRM records by text or by filters on properties. All filters must hold.",
    arguments: &[
        OBJECT_TYPE,
        optional("query", Kind::Text(3_000), "Text to look for in the usual properties"),
        optional("filters", Kind::Filters, "IN and NOT_IN take values, BETWEEN takes value and high_value, HAS_PROPERTY takes none"),
        optional("sort", Kind::Text(256), "A property; with - before it, descending"),
        PROPERTIES,
        LIMIT,
        AFTER,
    ],
    operation: Some(("POST", "/crm/objects/2026-09/{objectType}/search")),
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: search,
};

/// Get one record.
pub static GET: Tool = Tool {
    name: "get_record",
    title: "Get a record",
    words: "Read one CRM record, and the IDs of records associated with it.",
    arguments: &[
        OBJECT_TYPE,
        needed("id", Kind::Id, "The record's ID, or the value of id_property"),
        optional("id_property", Kind::Text(256), "A property with unique values that names the record, such as email"),
        PROPERTIES,
        optional("associated", Kind::Texts(10), "Object types whose associated IDs to show"),
    ],
    operation: Some(("GET", "/crm/objects/2026-09/{objectType}/{objectId}")),
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: get,
};

/// List records.
pub static LIST: Tool = Tool {
    name: "list_records",
    title: "List records",
    words: "List CRM records of a type, page by page, in no useful order. To find some, use search_records.",
    arguments: &[OBJECT_TYPE, PROPERTIES, LIMIT, AFTER, optional("archived", Kind::Flag, "Show deleted records instead")],
    operation: Some(("GET", "/crm/objects/2026-09/{objectType}")),
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: list,
};

impl Ask<'_> {
    /// The object type of an argument, in one spelling.
    ///
    /// # Errors
    /// It is none.
    pub fn object_type(&self, argument: &str) -> Result<String, Reply> {
        let given = self.given.text(argument);
        match ObjectTypeRef::parse(given) {
            Some(ObjectTypeRef::Standard(row)) => Ok(row.name.to_owned()),
            Some(ObjectTypeRef::Custom(name)) => Ok(name),
            None => {
                let near = near(given, ObjectType::all().iter().map(|row| row.name), 0.8);
                let meant = near.map(|name| format!(" Did you mean {name}?")).unwrap_or_default();
                Err(Reply::refused(format!("\"{}\" is not an object type.{meant} describe_object lists them.", short(given))))
            }
        }
    }

    /// The properties to show: those that were asked for, or the usual ones of a type; none where HubSpot chooses.
    fn properties<'a>(&'a self, object: &str) -> Vec<&'a str> {
        let asked = self.given.texts("properties");
        if !asked.is_empty() {
            return asked;
        }
        DEFAULTS.iter().find(|(name, _)| *name == object).map(|(_, properties)| properties.to_vec()).unwrap_or_default()
    }
}

/// A record as a row: its id, and of its properties those that were asked for.
pub fn record(value: &Value, asked: &[&str]) -> Value {
    let mut row = Map::new();
    row.insert("id".into(), value["id"].clone());
    let properties = value["properties"].as_object().cloned().unwrap_or_default();
    let shown: Map<String, Value> = match asked.is_empty() {
        true => properties.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        false => asked.iter().filter_map(|name| Some(((*name).to_owned(), properties.get(*name)?.clone()))).collect(),
    };
    row.insert("properties".into(), shown.into());
    if let Some(types) = value["associations"].as_object() {
        let ids = |list: &Value| -> Value {
            let mut ids: Vec<Value> = list["results"].as_array().into_iter().flatten().map(|one| one["id"].clone()).collect();
            ids.dedup();
            ids.into()
        };
        row.insert("associated".into(), types.iter().map(|(name, list)| (name.clone(), ids(list))).collect::<Map<_, _>>().into());
    }
    if value["archived"] == true {
        row.insert("archived".into(), true.into());
    }
    row.into()
}

fn search<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let object = ask.object_type("object_type")?;
        let properties = ask.properties(&object);
        let mut body = Map::new();
        if let Some(filters) = ask.given.get("filters").and_then(Value::as_array).filter(|filters| !filters.is_empty()) {
            for filter in filters {
                ask.may_ask_by(Some(&object), filter["property"].as_str().unwrap_or_default())?;
            }
            body.insert("filterGroups".into(), json!([{ "filters": filters.iter().map(filter).collect::<Vec<_>>() }]));
        }
        if let Some(query) = ask.given.get("query") {
            body.insert("query".into(), query.clone());
        }
        let sort = ask.given.text("sort");
        if !sort.is_empty() {
            let (property, direction) = sort.strip_prefix('-').map_or((sort, "ASCENDING"), |property| (property, "DESCENDING"));
            ask.may_ask_by(Some(&object), property)?;
            body.insert("sorts".into(), json!([{ "propertyName": property, "direction": direction }]));
        }
        if !properties.is_empty() {
            body.insert("properties".into(), properties.clone().into());
        }
        if let Some(after) = ask.given.get("after") {
            body.insert("after".into(), after.clone());
        }
        let to = format!("{OBJECTS}/{}/search", segment(&object));
        let asked = |limit: u64| {
            let mut body = body.clone();
            body.insert("limit".into(), limit.into());
            (Method::POST, to.clone(), Some(body.into()))
        };
        let page = page(ask, asked, |value| record(value, &properties), Cursor::Offset).await?;
        Ok(page.reply(ask, &object))
    })
}

/// A filter in HubSpot's words.
fn filter(given: &Value) -> Value {
    let mut filter = Map::new();
    filter.insert("propertyName".into(), given["property"].clone());
    filter.insert("operator".into(), given["operator"].clone());
    let text = |value: &Value| match value {
        Value::String(_) => value.clone(),
        other => other.to_string().into(),
    };
    for (name, theirs) in [("value", "value"), ("high_value", "highValue")] {
        filter.extend(given.get(name).map(|value| (theirs.to_owned(), text(value))));
    }
    filter.extend(given.get("values").map(|values| ("values".to_owned(), values.clone())));
    filter.into()
}

fn get<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let object = ask.object_type("object_type")?;
        let properties = ask.properties(&object);
        let by = ask.given.text("id_property");
        if !by.is_empty() {
            ask.may_ask_by(Some(&object), by)?;
        }
        let path = format!("{OBJECTS}/{}/{}", segment(&object), segment(&ask.given.id("id").unwrap_or_default()));
        let query = [
            ("properties", properties.join(",")),
            ("idProperty", by.to_owned()),
            ("associations", ask.given.texts("associated").join(",")),
        ];
        let value = ask.call(Method::GET, target(path, &query), None).await?;
        Ok(Reply::of(format!("One of {object}."), record(&value, &properties)))
    })
}

fn list<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let object = ask.object_type("object_type")?;
        let properties = ask.properties(&object);
        let path = format!("{OBJECTS}/{}", segment(&object));
        let asked = |limit: u64| {
            let archived = if ask.given.flag("archived") { "true" } else { "" };
            let query = [
                ("limit", limit.to_string()),
                ("after", ask.given.text("after").to_owned()),
                ("properties", properties.join(",")),
                ("archived", archived.to_owned()),
            ];
            (Method::GET, target(path.clone(), &query), None)
        };
        let page = page(ask, asked, |value| record(value, &properties), Cursor::Opaque).await?;
        Ok(page.reply(ask, &object))
    })
}
