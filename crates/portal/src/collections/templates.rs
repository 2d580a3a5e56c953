//! Templates of sales e-mails, which steps of sequences name. The fields are those of HubSpot's published specification.

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::Value;

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, page, reply, size};

const TEMPLATE: [Field; 4] =
    [("name", Is::Text, true), ("body", Is::Text, true), ("subject", Is::Text, false), ("folderId", Is::Text, false)];

/// `/automation/email-templates/2026-09-beta…`. Folders are made in HubSpot's pages, so that an account has none.
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => {
            let all = tx.state.items.of(&place()).map(|(_, item)| &item.value);
            page(asked, all.collect(), false)
        }
        ("POST", []) => create(asked, tx),
        (_, ["folders", ..]) => return None,
        ("GET", [id]) => found(tx.state, id).map(|one| reply(200, one.clone())),
        ("PATCH", [id]) => found(tx.state, id).cloned().and_then(|one| change(asked, tx, id, one)),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("sales-templates", &[])
}

fn found<'s>(state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
    state.items.get(&place(), id).map(|item| &item.value).ok_or_else(|| missing(id))
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let mut value = Value::from(shape::read(&TEMPLATE, &asked.body()?, false)?);
    tx.work.write(2 * size(&value))?;
    let id = tx.state.items.next_number(&place()).to_string();
    value["id"] = id.as_str().into();
    value["ownerId"] = asked.call.user_id.to_string().into();
    value["createdAt"] = asked.call.now.as_ms().into();
    value["updatedAt"] = asked.call.now.as_ms().into();
    tx.put_item(&place(), &id, Item::new(value.clone()));
    Ok(reply(201, value))
}

fn change(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, mut value: Value) -> Answer {
    let fields = shape::read(&TEMPLATE, &asked.body()?, true)?;
    tx.work.write(2 * size(&value) + 2 * size(&Value::from(fields.clone())))?;
    shape::set(&mut value, fields);
    value["updatedAt"] = asked.call.now.as_ms().into();
    tx.put_item(&place(), id, Item::new(value.clone()));
    Ok(reply(200, value))
}
