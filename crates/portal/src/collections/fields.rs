//! The fields of an item: what a caller may write, what the account keeps by itself, and how the item is shown.

use keyway_core::error_body::ErrorBody;
use keyway_objects::request::bad_field;
use serde_json::{Map, Value, json};

use super::table::{Collection, Id, Shape};
use super::{Asked, shape, site};

impl Collection {
    /// What a caller may write: the fields of a flat thing, or its `properties`.
    pub(super) fn fields(&self, body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
        let fields = match self.shape {
            Shape::Flat => body,
            Shape::Properties => match body.get("properties") {
                Some(Value::Object(properties)) => properties,
                _ => return Err(bad_field("properties", "must be an object")),
            },
        };
        let given = fields.iter().filter(|(name, _)| !self.is_own(name));
        if self.shape == Shape::Properties {
            return Ok(given.map(|(name, value)| (name.clone(), value.clone())).collect());
        }
        let defaults = self.defaults();
        given.map(|(name, value)| Ok((name.clone(), shape::like(name, value, defaults.get(name))?))).collect()
    }

    /// The same of a thing as it is shown.
    pub(super) fn own_fields(&self, value: &Value) -> Map<String, Value> {
        let fields = match self.shape {
            Shape::Flat => value.as_object(),
            Shape::Properties => value["properties"].as_object(),
        };
        fields.into_iter().flatten().filter(|(name, _)| !self.is_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Fields that the account keeps itself.
    fn is_own(&self, name: &str) -> bool {
        let given = matches!(self.id, Id::Given(_));
        ["archived", "archivedAt", self.created, self.updated].contains(&name) || (name == "id" && !given) || name == "objectId"
    }

    /// The fields that a new item has before its caller writes some.
    pub(super) fn defaults(&self) -> Map<String, Value> {
        serde_json::from_str(self.defaults).expect("the defaults of a collection are JSON; a test reads them")
    }

    /// Who made a thing and who changed it, where its form has that.
    pub(super) fn note_users(&self, fields: &mut Map<String, Value>, asked: &Asked<'_>, is_new: bool) {
        for name in if is_new { &["createdById", "updatedById"][..] } else { &["updatedById"] } {
            if let Some(field) = fields.get_mut(*name) {
                *field = asked.call.user_id.to_string().into();
            }
        }
    }

    /// The item as the account keeps and shows it.
    pub(super) fn shown(&self, id: &str, fields: Map<String, Value>, created: &str, updated: &str, hub_id: u64) -> Value {
        let mut value = match self.shape {
            Shape::Flat => Value::Object(fields),
            Shape::Properties => json!({ "properties": fields }),
        };
        if value.get("url").is_some() && value.get("slug").is_some() {
            let domain =
                value["domain"].as_str().filter(|domain| !domain.is_empty()).map_or_else(|| site::own_domain(hub_id), str::to_owned);
            value["url"] = format!("https://{domain}/{}", value["slug"].as_str().unwrap_or_default()).into();
        }
        // What is not archived has a time too, where the model always has it.
        if let Some(never) = self.defaults().remove("archivedAt") {
            value["archivedAt"] = never;
        }
        value[self.shown_id] = id.into();
        value[self.created] = created.into();
        value[self.updated] = updated.into();
        if self.shape == Shape::Flat && self.archivable {
            value["archived"] = false.into();
        }
        if self.store == "event-definitions" {
            value["fullyQualifiedName"] = format!("pe{hub_id}_{id}").into();
        }
        value
    }
}
