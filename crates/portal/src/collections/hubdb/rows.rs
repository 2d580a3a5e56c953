//! Rows of a table: read live or as drafts, and written as drafts.

use std::collections::HashSet;

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{bad_field, id_text, inputs, missing_field};
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::super::shape;
use super::super::{Act, Answer, Asked, BATCH_MAX, Item, input_size, missing, no_content, page, plain_ids, reply};
use super::Table;

/// Rows of a table. HubSpot has a bound of this size; its exact value is not confirmed.
pub(super) const ROWS_MAX: usize = 10_000;

/// Answers a call of a table's rows. `rest` is the path after `rows`; none where there is no such operation.
pub(super) fn answer(asked: &Asked<'_>, table: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let of_batch: Option<(Act<Table>, u16)> = match rest {
        ["draft", "batch", "create"] => Some((Table::add_row, 201)),
        ["draft", "batch", "update"] => Some((Table::update_row, 200)),
        ["draft", "batch", "replace"] => Some((Table::replace_row, 200)),
        ["draft", "batch", "clone"] => Some((Table::copy_row, 200)),
        ["draft", "batch", "read"] => Some((Table::draft_row, 200)),
        ["batch", "read"] => Some((Table::live_row, 200)),
        _ => None,
    };
    let found = |tx: &Tx<'_>| Table::find(tx, table);
    Some(match (asked.method(), rest) {
        ("POST", _) if of_batch.is_some() => {
            let (act, status) = of_batch?;
            found(tx).and_then(|table| table.batch(asked, tx, act, status))
        }
        ("POST", ["draft", "batch", "purge"]) => found(tx).and_then(|table| table.purge(asked, tx)),
        ("GET", []) => found(tx).and_then(|table| table.list(asked, tx, false)),
        ("GET", ["draft"]) => found(tx).and_then(|table| table.list(asked, tx, true)),
        ("POST", []) => found(tx).and_then(|table| Ok(reply(201, table.add_row(asked, tx, &asked.body()?)?))),
        (_, ["draft" | "batch", ..]) => return None,
        ("GET", [row]) => found(tx).and_then(|table| Ok(reply(200, table.live_row(asked, tx, &by_id(row))?))),
        ("GET", [row, "draft"]) => found(tx).and_then(|table| Ok(reply(200, table.draft_row(asked, tx, &by_id(row))?))),
        ("POST", [row, "draft", "clone"]) => found(tx).and_then(|table| {
            let mut wanted = by_id(row);
            wanted.extend(asked.query.get("name").map(|name| ("name".to_owned(), name.into())));
            Ok(reply(200, table.copy_row(asked, tx, &wanted)?))
        }),
        ("PATCH" | "PUT", [row, "draft"]) => found(tx).and_then(|table| {
            let mut body = asked.body()?;
            body.insert("id".to_owned(), (*row).into());
            let change = if asked.method() == "PUT" { Table::replace_row } else { Table::update_row };
            Ok(reply(200, change(&table, asked, tx, &body)?))
        }),
        ("DELETE", [row, "draft"]) => found(tx).and_then(|table| table.remove_row(tx, row).map(|()| no_content())),
        _ => return None,
    })
}

fn by_id(id: &str) -> Map<String, Value> {
    Map::from_iter([("id".to_owned(), id.into())])
}

impl Table {
    fn list(&self, asked: &Asked<'_>, tx: &Tx<'_>, drafts: bool) -> Answer {
        let rows = tx.state.items.of(&self.rows()).map(|(_, item)| item);
        let shown = rows.filter_map(|row| match drafts {
            true => (!row.is_archived()).then(|| row.draft.as_ref().unwrap_or(&row.value)),
            false => Some(&row.value).filter(|value| !value.is_null()),
        });
        page(asked, shown.collect(), true)
    }

    fn batch(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, act: Act<Self>, status: u16) -> Answer {
        let mut body = asked.body()?;
        plain_ids(&mut body);
        let (mark, mut results) = (tx.mark(), Vec::new());
        for input in inputs(&body, BATCH_MAX)? {
            // The table is read and the row written for each input.
            let charged = tx.work.write(input_size(tx, &self.rows(), input)).map_err(ErrorBody::from);
            match charged.and_then(|()| act(self, asked, tx, input)) {
                Ok(value) => results.push(value),
                Err(refused) => {
                    tx.back_to(mark);
                    return Err(refused);
                }
            }
        }
        let at = asked.now();
        Ok(reply(status, json!({ "status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at })))
    }

    /// A row is a draft until its table is published.
    fn add_row(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, body: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let values = self.values(body)?;
        if tx.state.items.count(&self.rows()) >= ROWS_MAX {
            return Err(invalid::table_rows_too_many(ROWS_MAX));
        }
        let id = tx.state.items.next_number(&self.rows()).to_string();
        let field = |name: &str| body.get(name).cloned().unwrap_or(Value::Null);
        let row = json!({
            "id": id, "values": values, "path": field("path"), "name": field("name"), "childTableId": field("childTableId"),
            "createdAt": asked.now(), "updatedAt": asked.now(), "publishedAt": asked.now(),
        });
        tx.put_item(&self.rows(), &id, Item { value: Value::Null, draft: Some(row.clone()), archived_at: None });
        Ok(row)
    }

    /// Values are those of the table's columns.
    fn values(&self, body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
        let Some(Value::Object(values)) = body.get("values") else { return Err(bad_field("values", "must be an object")) };
        let columns = self.item.draft.as_ref().unwrap_or(&self.item.value)["columns"].as_array();
        let known: HashSet<&str> = columns.into_iter().flatten().filter_map(|column| column["name"].as_str()).collect();
        match values.keys().find(|name| !known.contains(name.as_str())) {
            Some(unknown) => Err(bad_field("values", &format!("name a column {unknown} that the table does not have"))),
            None => Ok(values.clone()),
        }
    }

    fn row(&self, tx: &Tx<'_>, input: &Map<String, Value>) -> Result<(String, Item), ErrorBody> {
        let id = id_text(input.get("id")).ok_or_else(|| missing_field("id"))?;
        let row = tx.state.items.get(&self.rows(), &id).cloned().ok_or_else(|| missing(&id))?;
        Ok((id, row))
    }

    fn live_row(&self, _: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let (id, row) = self.row(tx, input)?;
        Some(row.value).filter(|value| !value.is_null()).ok_or_else(|| missing(&id))
    }

    fn draft_row(&self, _: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let (id, row) = self.row(tx, input)?;
        if row.is_archived() { Err(missing(&id)) } else { Ok(row.draft.unwrap_or(row.value)) }
    }

    fn update_row(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let (id, mut row) = self.row(tx, input)?;
        let mut draft = row.draft.take().unwrap_or_else(|| row.value.clone());
        if input.contains_key("values") {
            shape::set(&mut draft["values"], self.values(input)?);
        }
        shape::set_given(&mut draft, input, &["path", "name", "childTableId"]);
        draft["updatedAt"] = asked.now().into();
        row.draft = Some(draft.clone());
        tx.put_item(&self.rows(), &id, row);
        Ok(draft)
    }

    /// The values take the place of all that the row has.
    fn replace_row(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let ((id, mut row), values) = (self.row(tx, input)?, self.values(input)?);
        let mut draft = row.draft.take().unwrap_or_else(|| row.value.clone());
        draft["values"] = values.into();
        for name in ["path", "name", "childTableId"] {
            draft[name] = input.get(name).cloned().unwrap_or(Value::Null);
        }
        draft["updatedAt"] = asked.now().into();
        row.draft = Some(draft.clone());
        tx.put_item(&self.rows(), &id, row);
        Ok(draft)
    }

    fn copy_row(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let (_, row) = self.row(tx, input)?;
        let mut copy = row.draft.unwrap_or(row.value);
        if let Some(name) = input.get("name") {
            copy["name"] = name.clone();
        }
        let copy = copy.as_object().cloned().unwrap_or_default();
        self.add_row(asked, tx, &copy)
    }

    /// Gone from the draft now, and from what is live when the table is published.
    pub(super) fn remove_row(&self, tx: &mut Tx<'_>, id: &str) -> Result<(), ErrorBody> {
        let (id, mut row) = self.row(tx, &by_id(id))?;
        if row.value.is_null() {
            tx.remove_item(&self.rows(), &id);
        } else {
            row.archived_at = Some(keyway_core::time::Timestamp::from_ms(0));
            tx.put_item(&self.rows(), &id, row);
        }
        Ok(())
    }

    fn purge(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let mut body = asked.body()?;
        plain_ids(&mut body);
        for input in inputs(&body, BATCH_MAX)? {
            let id = id_text(input.get("id")).ok_or_else(|| missing_field("id"))?;
            if tx.state.items.get(&self.rows(), &id).is_some() {
                self.remove_row(tx, &id)?;
            }
        }
        Ok(no_content())
    }
}
