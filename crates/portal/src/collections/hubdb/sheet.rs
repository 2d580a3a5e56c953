//! Rows of a table as CSV, out and in (developers.hubspot.com/docs/api-reference/cms-hubdb-v3/guide).

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_objects::invalid;
use keyway_objects::request::{bad_field, missing_field};
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::super::multipart::parts;
use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, Item, reply};
use super::Table;
use super::rows::ROWS_MAX;
use crate::Reply;

const CONFIG: [Field; 6] = [
    ("columnMappings", Is::List, true),
    ("skipRows", Is::Number, false),
    ("separator", Is::Text, false),
    ("resetTable", Is::Flag, false),
    ("rowLimit", Is::Number, false),
    ("format", Is::Text, false),
];

/// A table's rows, with the ids, names and paths that HubSpot puts before the columns.
pub fn export<'v>(table: &Value, rows: impl Iterator<Item = &'v Value>) -> Answer {
    let columns: Vec<&str> = table["columns"].as_array().into_iter().flatten().filter_map(|column| column["name"].as_str()).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Rows have one length and are text, so this is not met.
    let fault = || Refusal::Internal.error("the rows could not be written");
    writer.write_record(["hs_id", "hs_name", "hs_path"].iter().chain(&columns)).map_err(|_| fault())?;
    for row in rows {
        let own = ["id", "name", "path"].map(|name| text(&row[name]));
        writer.write_record(own.into_iter().chain(columns.iter().map(|name| text(&row["values"][*name])))).map_err(|_| fault())?;
    }
    let bytes = writer.into_inner().map_err(|_| fault())?;
    Ok(Reply { status: 200, body: bytes.into() })
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Rows of a file as rows of the draft.
pub fn import(table: &Table, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let sent = parts(&asked.call.body).ok_or_else(invalid::form_missing)?;
    let part = |name: &str| sent.iter().find(|part| part.name == name).map(|part| part.bytes).ok_or_else(|| missing_field(name));
    let (file, config) = (part("file")?, part("config")?);
    let config: Map<String, Value> = serde_json::from_slice(config).map_err(|_| bad_field("config", "must be JSON"))?;
    let config = shape::read(&CONFIG, &config, false)?;
    let mappings = mappings(table, &config)?;
    let number =
        |name: &str, default: usize| config.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(default);
    let is_reset = config.get("resetTable") == Some(&json!(true));
    tx.work.write(2 * file.len())?;
    let kept = if is_reset { 0 } else { tx.state.items.count(&table.rows()) };
    let room = number("rowLimit", ROWS_MAX).min(ROWS_MAX.saturating_sub(kept));
    let separator = config.get("separator").and_then(Value::as_str).and_then(|text| text.bytes().next()).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(file);
    let (mut rows, mut exceeded) = (Vec::new(), false);
    for record in reader.records().skip(number("skipRows", 0)) {
        let record = record.map_err(|fault| bad_field("file", &format!("is not CSV: {fault}")))?;
        tx.work.each(record.len(), 4)?;
        if rows.len() == room {
            exceeded = true;
            break;
        }
        let value = |source: &usize| source.checked_sub(1).and_then(|at| record.get(at)).filter(|cell| !cell.is_empty());
        let values: Map<String, Value> =
            mappings.iter().filter_map(|(target, source)| Some((target.clone(), value(source)?.into()))).collect();
        rows.push(values);
    }
    if is_reset {
        table.charge(tx)?;
        let old: Vec<String> = tx.state.items.of(&table.rows()).map(|(id, _)| id.to_owned()).collect();
        for id in old {
            table.remove_row(tx, &id)?;
        }
    }
    let imported = rows.len();
    for values in rows {
        let id = tx.state.items.next_number(&table.rows()).to_string();
        let at = asked.now();
        let row = json!({ "id": id, "values": values, "path": null, "name": null, "childTableId": null, "createdAt": at, "updatedAt": at, "publishedAt": at });
        tx.put_item(&table.rows(), &id, Item { value: Value::Null, draft: Some(row), archived_at: None });
    }
    Ok(reply(200, json!({ "rowsImported": imported, "duplicateRows": 0, "rowLimitExceeded": exceeded, "errors": [] })))
}

/// Which column of the file, counted from 1, is which of the table, by name or id.
fn mappings(table: &Table, config: &Map<String, Value>) -> Result<Vec<(String, usize)>, ErrorBody> {
    let columns = table.item.draft.as_ref().unwrap_or(&table.item.value)["columns"].as_array().cloned().unwrap_or_default();
    let mut mappings = Vec::new();
    for mapping in config["columnMappings"].as_array().into_iter().flatten() {
        let (target, source) = (text(&mapping["target"]), mapping["source"].as_u64().and_then(|source| usize::try_from(source).ok()));
        let column = columns.iter().find(|column| column["name"] == *target || column["id"] == *target);
        let name = column.and_then(|column| column["name"].as_str());
        match (name, source) {
            (Some(name), Some(source)) => mappings.push((name.to_owned(), source)),
            _ => return Err(bad_field("columnMappings", &format!("name a column {target} that the table does not have"))),
        }
    }
    Ok(mappings)
}
