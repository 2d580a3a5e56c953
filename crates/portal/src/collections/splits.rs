//! How deals are split between owners (developers.hubspot.com/docs/api-reference/crm-deal-splits-v3/guide).

use std::collections::HashSet;

use keyway_objects::crm::batch::listed;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, id_text, inputs, missing_field};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, plain_ids, reply};

const SPLIT: [Field; 2] = [("ownerId", Is::Number, true), ("percentage", Is::Number, true)];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["batch", "read"]) => read(asked, tx),
        ("POST", ["batch", "upsert"]) => upsert(asked, tx),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("deal-splits", &[])
}

fn is_deal(state: &State, id: &str) -> bool {
    id.parse().is_ok_and(|id| state.table(Kind::of("deals").expect("deals are a type")).live(id).is_some())
}

/// What was done of a batch, and which deals are not there.
fn batch(asked: &Asked<'_>, results: &[Value], missing: &[String]) -> crate::Reply {
    let mut body = json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() });
    if missing.is_empty() {
        return reply(200, body);
    }
    body["numErrors"] = 1.into();
    body["errors"] = json!([listed(&invalid::split_deals_missing(missing.to_vec()))]);
    reply(207, body)
}

fn read(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let mut body = asked.body()?;
    plain_ids(&mut body);
    let (mut results, mut missing) = (Vec::new(), Vec::new());
    for input in inputs(&body, BATCH_MAX)? {
        let id = id_text(input.get("id")).ok_or_else(|| missing_field("id"))?;
        if !is_deal(tx.state, &id) {
            missing.push(id);
            continue;
        }
        let splits = tx.state.items.get(&place(), &id).map_or_else(|| json!([]), |item| item.value["splits"].clone());
        results.push(json!({ "id": id, "splits": splits }));
    }
    Ok(batch(asked, &results, &missing))
}

/// The splits of each deal take the place of those that it had; together they are the whole deal.
fn upsert(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        let given = shape::read(&[("id", Is::Text, true), ("splits", Is::List, true)], input, false)?;
        shape::each("splits", &SPLIT, &given)?;
        let splits = given["splits"].as_array().cloned().unwrap_or_default();
        let sum: f64 = splits.iter().filter_map(|split| text(&split["percentage"]).parse::<f64>().ok()).sum();
        if !splits.is_empty() && (sum - 1.0).abs() > 1e-8 {
            return Err(bad_field("splits", "must have percentages whose sum is 1.0"));
        }
        let mut owners = HashSet::new();
        for split in &splits {
            let owner = text(&split["ownerId"]);
            if !tx.state.live_owners().any(|own| own.id.to_string() == owner) {
                return Err(bad_field("ownerId", &format!("{owner} is no owner of the account")));
            }
            if !owners.insert(owner) {
                return Err(bad_field("splits", "name an owner twice"));
            }
        }
        wanted.push((given["id"].as_str().unwrap_or_default().to_owned(), splits));
    }
    let (mut results, mut missing, at) = (Vec::new(), Vec::new(), asked.now());
    for (id, splits) in wanted {
        if !is_deal(tx.state, &id) {
            missing.push(id);
            continue;
        }
        let shown: Vec<Value> = splits
            .iter()
            .enumerate()
            .map(|(index, split)| {
                let properties = json!({ "hs_deal_split_percentage": text(&split["percentage"]), "hubspot_owner_id": text(&split["ownerId"]), "hs_createdate": at });
                json!({ "id": format!("{id}{:02}", index + 1), "properties": properties, "createdAt": at, "updatedAt": at, "archived": false })
            })
            .collect();
        let value = json!({ "id": id, "splits": shown });
        tx.put_item(&place(), &id, Item::new(value.clone()));
        results.push(value);
    }
    Ok(batch(asked, &results, &missing))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
