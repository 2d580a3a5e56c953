//! HubDB: tables with columns and rows. Rows are drafts until their table is published.

mod rows;
mod sheet;

use std::collections::HashMap;

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter, missing_field};
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, page, reply, size};

/// Columns of a table. HubSpot has a bound of this size; its exact value is not confirmed.
const COLUMNS_MAX: usize = 250;
const COLUMN: [Field; 3] = [
    ("name", Is::Text, true),
    ("label", Is::Text, true),
    (
        "type",
        Is::One(&[
            "NULL",
            "TEXT",
            "NUMBER",
            "URL",
            "IMAGE",
            "SELECT",
            "MULTISELECT",
            "BOOLEAN",
            "LOCATION",
            "DATE",
            "DATETIME",
            "CURRENCY",
            "RICHTEXT",
            "FOREIGN_ID",
            "VIDEO",
            "CTA",
            "FILE",
            "JSON",
            "COMPOSITE",
            "CODE",
            "HUBSPOT_VIDEO",
            "EMBED",
        ]),
        true,
    ),
];
/// The fields of a table that a caller may write.
const TABLE: [Field; 8] = [
    ("name", Is::Text, true),
    ("label", Is::Text, true),
    ("columns", Is::List, false),
    ("useForPages", Is::Flag, false),
    ("allowPublicApiAccess", Is::Flag, false),
    ("allowChildTables", Is::Flag, false),
    ("enableChildTablePages", Is::Flag, false),
    ("dynamicMetaTags", Is::Object, false),
];
/// Versions of a table that are remembered.
const VERSIONS_MAX: usize = 50;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => tables(asked, tx, false),
        ("GET", ["draft"]) => tables(asked, tx, true),
        ("POST", []) => create(asked, tx),
        (_, ["draft", ..]) => return None,
        ("GET", [table]) => Table::find(tx, table).and_then(|table| table.live()).map(|value| reply(200, value)),
        ("GET", [table, "draft"]) => Table::find(tx, table).map(|table| reply(200, table.item.draft.clone().unwrap_or(table.item.value))),
        ("DELETE", [table]) => Table::find(tx, table).and_then(|table| table.delete(tx)),
        ("PATCH", [table, "draft"]) => Table::find(tx, table).and_then(|table| table.change(asked, tx)),
        ("POST", [table, "draft", "publish"]) => Table::find(tx, table).and_then(|table| table.publish(asked, tx)),
        ("POST", [table, "draft", "clone"]) => Table::find(tx, table).and_then(|table| table.copy(asked, tx)),
        ("GET", [table, "draft", "export"]) => Table::find(tx, table).and_then(|table| table.export(asked, tx, true)),
        ("GET", [table, "export"]) => Table::find(tx, table).and_then(|table| table.export(asked, tx, false)),
        ("POST", [table, "draft", "import"]) => Table::find(tx, table).and_then(|table| sheet::import(&table, asked, tx)),
        ("DELETE", [table, "versions", version]) => Table::find(tx, table).and_then(|table| table.delete_version(tx, version)),
        ("POST", [table, "draft", "reset"]) => Table::find(tx, table).and_then(|table| table.reset(tx)),
        ("POST", [table, "unpublish"]) => Table::find(tx, table).map(|table| table.unpublish(tx)),
        (_, [table, "rows", rest @ ..]) => return rows::answer(asked, table, rest, tx),
        _ => return None,
    })
}

fn tables(asked: &Asked<'_>, tx: &Tx<'_>, drafts: bool) -> Answer {
    let items = tx.state.items.of(&place()).map(|(_, item)| item);
    let shown = items.filter_map(|item| match drafts {
        true => Some(item.draft.as_ref().unwrap_or(&item.value)),
        false => Some(&item.value).filter(|value| value["published"] == true),
    });
    page(asked, shown.collect(), true)
}

fn place() -> Place {
    Place::new("hubdb-tables", &[])
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    for field in ["name", "label"] {
        if body.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(missing_field(field));
        }
    }
    if Table::find(tx, body["name"].as_str().unwrap_or_default()).is_ok() {
        return Err(invalid::table_exists(&body["name"]));
    }
    let id = tx.state.items.next_number(&place()).to_string();
    let mut value = json!({
        "id": id, "columns": [], "published": false, "archived": false, "rowCount": 0, "createdAt": asked.now(), "updatedAt": asked.now(),
        "columnCount": 0, "deleted": false, "deletedAt": "1970-01-01T00:00:00Z", "useForPages": false, "allowPublicApiAccess": false, "allowChildTables": false, "enableChildTablePages": false,
    });
    write(&mut value, body)?;
    tx.put_item(&place(), &id, Item::new(value.clone()));
    Ok(reply(201, value))
}

/// The fields of a table that a caller may write; columns get an id each.
fn write(value: &mut Value, body: Map<String, Value>) -> Result<(), ErrorBody> {
    if body.get("columns").and_then(Value::as_array).is_some_and(|columns| columns.len() > COLUMNS_MAX) {
        return Err(bad_field("columns", &format!("must hold at most {COLUMNS_MAX} columns")));
    }
    shape::each("columns", &COLUMN, &body)?;
    let body = shape::read(&TABLE, &body, true)?;
    let before = value["columns"].as_array().cloned().unwrap_or_default();
    shape::set(value, body);
    let known: HashMap<String, Value> = before.iter().map(|column| (column["name"].to_string(), column["id"].clone())).collect();
    let mut next = before.iter().filter_map(|column| column["id"].as_str()?.parse::<u64>().ok()).max().unwrap_or_default();
    for column in value["columns"].as_array_mut().into_iter().flatten() {
        // A column keeps its id; another has a new one.
        column["id"] = known.get(&column["name"].to_string()).cloned().unwrap_or_else(|| {
            next += 1;
            next.to_string().into()
        });
        for (name, default) in [("deleted", json!(false)), ("description", json!(""))] {
            if column.get(name).is_none() {
                column[name] = default;
            }
        }
    }
    value["columnCount"] = value["columns"].as_array().map_or(0, Vec::len).into();
    Ok(())
}

/// A table that is there.
struct Table {
    id: String,
    item: Item,
}

impl Table {
    fn find(tx: &Tx<'_>, id_or_name: &str) -> Result<Self, ErrorBody> {
        let named = |(_, item): &(&str, &Item)| item.value["name"].as_str() == Some(id_or_name);
        let found = tx.state.items.of(&place()).find(|(id, _)| *id == id_or_name).or_else(|| tx.state.items.of(&place()).find(named));
        found.map(|(id, item)| Self { id: id.to_owned(), item: item.clone() }).ok_or_else(|| missing(id_or_name))
    }

    fn rows(&self) -> Place {
        Place::new("hubdb-rows", &[&self.id])
    }

    fn live(self) -> Result<Value, ErrorBody> {
        if self.item.value["published"] == true { Ok(self.item.value) } else { Err(missing(&self.id)) }
    }

    /// Takes the steps of writing all rows down.
    fn charge(&self, tx: &Tx<'_>) -> Result<(), ErrorBody> {
        for (_, row) in tx.state.items.of(&self.rows()) {
            tx.work.write(size(&row.value).saturating_add(row.draft.as_ref().map_or(0, size)))?;
        }
        Ok(())
    }

    fn delete(self, tx: &mut Tx<'_>) -> Answer {
        self.charge(tx)?;
        let rows: Vec<String> = tx.state.items.of(&self.rows()).map(|(id, _)| id.to_owned()).collect();
        rows.iter().for_each(|id| tx.remove_item(&self.rows(), id));
        let versions: Vec<String> = tx.state.items.of(&self.versions()).map(|(id, _)| id.to_owned()).collect();
        versions.iter().for_each(|id| tx.remove_item(&self.versions(), id));
        tx.remove_item(&place(), &self.id);
        Ok(no_content())
    }

    fn change(mut self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let mut draft = self.item.draft.clone().unwrap_or_else(|| self.item.value.clone());
        write(&mut draft, asked.body()?)?;
        draft["updatedAt"] = asked.now().into();
        self.item.draft = Some(draft.clone());
        tx.put_item(&place(), &self.id, self.item);
        Ok(reply(200, draft))
    }

    /// The table and its rows as they are drafted become what is live.
    fn publish(mut self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        self.charge(tx)?;
        let rows: Vec<(String, Item)> = tx.state.items.of(&self.rows()).map(|(id, item)| (id.to_owned(), item.clone())).collect();
        let mut live = 0;
        for (id, mut row) in rows {
            if row.is_archived() {
                tx.remove_item(&self.rows(), &id);
                continue;
            }
            live += 1;
            if let Some(draft) = row.draft.take() {
                row.value = draft;
            }
            tx.put_item(&self.rows(), &id, row);
        }
        self.note_version(asked, tx);
        let mut value = self.item.draft.take().unwrap_or(self.item.value);
        value["published"] = true.into();
        value["publishedAt"] = asked.now().into();
        value["updatedAt"] = asked.now().into();
        value["rowCount"] = live.into();
        self.item.value = value.clone();
        tx.put_item(&place(), &self.id, self.item);
        Ok(reply(200, value))
    }

    fn reset(mut self, tx: &mut Tx<'_>) -> Answer {
        self.charge(tx)?;
        let rows: Vec<(String, Item)> = tx.state.items.of(&self.rows()).map(|(id, item)| (id.to_owned(), item.clone())).collect();
        for (id, mut row) in rows {
            (row.draft, row.archived_at) = (None, None);
            if row.value.is_null() { tx.remove_item(&self.rows(), &id) } else { tx.put_item(&self.rows(), &id, row) }
        }
        self.item.draft = None;
        let value = self.item.value.clone();
        tx.put_item(&place(), &self.id, self.item);
        Ok(reply(200, value))
    }

    /// Another table with the same columns, as a draft, and with the rows where the call says so.
    fn copy(self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let form = [
            ("copyRows", Is::Flag, false),
            ("isHubspotDefined", Is::Flag, false),
            ("newName", Is::Text, false),
            ("newLabel", Is::Text, false),
        ];
        let body = shape::read(&form, &asked.body()?, false)?;
        let mut value = self.item.draft.clone().unwrap_or_else(|| self.item.value.clone());
        let given = |name: &str, before: &Value| body.get(name).cloned().unwrap_or_else(|| before.clone());
        let free =
            (1..).map(|n| format!("{}_copy_{n}", value["name"].as_str().unwrap_or_default())).find(|name| Self::find(tx, name).is_err());
        let name = given("newName", &free.unwrap_or_default().into());
        if Self::find(tx, name.as_str().unwrap_or_default()).is_ok() {
            return Err(invalid::table_exists(name));
        }
        let rows: Vec<Item> = if body.get("copyRows") == Some(&json!(true)) {
            self.charge(tx)?;
            tx.state.items.of(&self.rows()).map(|(_, item)| item).filter(|item| !item.is_archived()).cloned().collect()
        } else {
            Vec::new()
        };
        let id = tx.state.items.next_number(&place()).to_string();
        value["label"] = given("newLabel", &value["label"]);
        value["name"] = name;
        value["id"] = id.as_str().into();
        (value["published"], value["rowCount"]) = (false.into(), rows.len().into());
        (value["createdAt"], value["updatedAt"]) = (asked.now().into(), asked.now().into());
        let made = Self { id: id.clone(), item: Item::new(value.clone()) };
        for row in rows {
            let mut row = row.draft.unwrap_or(row.value);
            let row_id = tx.state.items.next_number(&made.rows()).to_string();
            row["id"] = row_id.as_str().into();
            tx.put_item(&made.rows(), &row_id, Item { value: Value::Null, draft: Some(row), archived_at: None });
        }
        tx.put_item(&place(), &id, made.item);
        Ok(reply(200, value))
    }

    fn export(&self, asked: &Asked<'_>, tx: &Tx<'_>, drafts: bool) -> Answer {
        let table = if drafts { self.item.draft.as_ref().unwrap_or(&self.item.value) } else { &self.item.value };
        if !drafts && table["published"] != true {
            return Err(missing(&self.id));
        }
        if let Some(other) = asked.query.get("format").filter(|format| !format.eq_ignore_ascii_case("csv")) {
            return Err(bad_parameter("format", &format!("'{other}' is not served; CSV is")));
        }
        self.charge(tx)?;
        let rows = tx.state.items.of(&self.rows()).map(|(_, item)| item);
        let shown = rows.filter_map(|row| match drafts {
            true => (!row.is_archived()).then(|| row.draft.as_ref().unwrap_or(&row.value)),
            false => Some(&row.value).filter(|value| !value.is_null()),
        });
        sheet::export(table, shown)
    }

    fn versions(&self) -> Place {
        Place::new("hubdb-versions", &[&self.id])
    }

    /// Each publishing makes a version, which can be forgotten.
    fn delete_version(&self, tx: &mut Tx<'_>, version: &str) -> Answer {
        tx.state.items.get(&self.versions(), version).ok_or_else(|| missing(version))?;
        tx.remove_item(&self.versions(), version);
        Ok(no_content())
    }

    /// Keeps when a version was published, of the newest [`VERSIONS_MAX`].
    fn note_version(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) {
        let place = self.versions();
        let last = tx.state.items.of(&place).last().and_then(|(id, _)| id.parse::<u64>().ok()).unwrap_or_default();
        let oldest = tx.state.items.of(&place).next().map(|(id, _)| id.to_owned());
        if let Some(oldest) = oldest.filter(|_| tx.state.items.count(&place) >= VERSIONS_MAX) {
            tx.remove_item(&place, &oldest);
        }
        tx.put_item(&place, &(last + 1).to_string(), Item::new(json!({ "publishedAt": asked.now() })));
    }

    fn unpublish(mut self, tx: &mut Tx<'_>) -> crate::Reply {
        self.item.value["published"] = false.into();
        let value = self.item.value.clone();
        tx.put_item(&place(), &self.id, self.item);
        reply(200, value)
    }
}
