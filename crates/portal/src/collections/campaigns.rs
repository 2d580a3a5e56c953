//! What belongs to a campaign: the items of its budget and what was spent, and its assets
//! (developers.hubspot.com/docs/api-reference/marketing-campaigns-public-api-v3/guide).

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_parameter, decoded};
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, page, reply};

const ITEM: [Field; 4] =
    [("name", Is::Text, true), ("amount", Is::Number, true), ("order", Is::Number, true), ("description", Is::Text, false)];

/// `/marketing/v3/campaigns/{campaign}/…`; none for what is not served.
pub fn answer(asked: &Asked<'_>, campaign: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let is_there = tx.state.items.get(&Place::new("campaigns", &[]), campaign).is_some_and(|item| !item.is_archived());
    if !is_there {
        return is_served(asked.method(), rest).then(|| Err(missing(campaign)));
    }
    Some(match (asked.method(), rest) {
        ("GET", ["budget", "totals"]) => Ok(reply(200, totals(tx, campaign))),
        ("POST", [kind @ ("budget" | "spend")]) => put(asked, tx, &place(kind, campaign), None),
        (_, ["budget", "totals"]) => return None,
        ("GET", [kind @ ("budget" | "spend"), id]) => found(tx, &place(kind, campaign), id).map(|value| reply(200, value)),
        ("PUT", [kind @ ("budget" | "spend"), id]) => put(asked, tx, &place(kind, campaign), Some(id)),
        ("DELETE", [kind @ ("budget" | "spend"), id]) => found(tx, &place(kind, campaign), id).map(|_| {
            tx.remove_item(&place(kind, campaign), id);
            no_content()
        }),
        ("GET", ["reports", rest @ ..]) => return report(asked, tx, rest),
        ("GET", ["assets", kind]) => {
            let assets: Vec<Value> =
                tx.state.items.of(&assets(campaign, kind)).map(|(id, item)| json!({ "id": id, "name": item.value["name"] })).collect();
            page(asked, assets.iter().collect(), false)
        }
        ("PUT", ["assets", kind, id]) => {
            let id = decoded(id);
            let name = asset_name(tx, kind, &id);
            tx.put_item(&assets(campaign, kind), &id, Item::new(json!({ "name": name })));
            Ok(no_content())
        }
        ("DELETE", ["assets", kind, id]) => {
            if tx.state.items.get(&assets(campaign, kind), &decoded(id)).is_some() {
                tx.remove_item(&assets(campaign, kind), &decoded(id));
            }
            Ok(no_content())
        }
        _ => return None,
    })
}

/// What a campaign brought. An embedded account counts no visits and attributes nothing, so there is none.
fn report(asked: &Asked<'_>, tx: &Tx<'_>, rest: &[&str]) -> Option<Answer> {
    Some(match rest {
        ["metrics"] => {
            Ok(reply(200, json!({ "sessions": 0, "newContactsFirstTouch": 0, "newContactsLastTouch": 0, "influencedContacts": 0 })))
        }
        ["revenue"] => {
            let currency = &tx.state.settings.currency;
            Ok(reply(200, json!({ "contactsNumber": 0, "currencyCode": currency, "dealAmount": 0, "dealsNumber": 0, "revenueAmount": 0 })))
        }
        ["contacts", "contactFirstTouch" | "contactLastTouch" | "influencedContacts"] => page(asked, Vec::new(), false),
        ["contacts", kind] => Err(bad_parameter("contactType", &format!("'{kind}' is not a type of contacts"))),
        _ => return None,
    })
}

fn is_served(method: &str, rest: &[&str]) -> bool {
    matches!(
        (method, rest),
        ("GET", ["budget", "totals"] | ["assets", _] | ["reports", "metrics" | "revenue"] | ["reports", "contacts", _])
            | ("POST", ["budget" | "spend"])
            | ("GET" | "PUT" | "DELETE", ["budget" | "spend", _])
            | ("PUT" | "DELETE", ["assets", _, _])
    )
}

fn place(kind: &str, campaign: &str) -> Place {
    Place::new(if kind == "budget" { "campaign-budget" } else { "campaign-spend" }, &[campaign])
}

fn assets(campaign: &str, kind: &str) -> Place {
    Place::new("campaign-assets", &[campaign, kind])
}

/// The name of an asset that the account knows.
fn asset_name(tx: &Tx<'_>, kind: &str, id: &str) -> String {
    let store = match kind {
        "MARKETING_EMAIL" => "emails",
        "FORM" => "forms",
        "LANDING_PAGE" => "landing-pages",
        "SITE_PAGE" => "site-pages",
        "BLOG_POST" => "blog-posts",
        _ => return String::new(),
    };
    let found = tx.state.items.get(&Place::new(store, &[]), id);
    found.and_then(|item| item.value["name"].as_str()).unwrap_or_default().to_owned()
}

fn found(tx: &Tx<'_>, place: &Place, id: &str) -> Result<Value, ErrorBody> {
    tx.state.items.get(place, id).map(|item| item.value.clone()).ok_or_else(|| missing(id))
}

fn put(asked: &Asked<'_>, tx: &mut Tx<'_>, place: &Place, id: Option<&str>) -> Answer {
    let before = id.map(|id| found(tx, place, id)).transpose()?;
    let mut value = Value::from(shape::read(&ITEM, &asked.body()?, false)?);
    let (id, now) = (id.map_or_else(|| tx.state.items.next_number(place).to_string(), str::to_owned), asked.call.now.as_ms());
    value["id"] = id.as_str().into();
    value["createdAt"] = before.map_or_else(|| now.into(), |before| before["createdAt"].clone());
    value["updatedAt"] = now.into();
    tx.put_item(place, &id, Item::new(value.clone()));
    Ok(reply(200, value))
}

fn totals(tx: &Tx<'_>, campaign: &str) -> Value {
    let items = |kind: &str| tx.state.items.of(&place(kind, campaign)).map(|(_, item)| item.value.clone()).collect::<Vec<_>>();
    let sum = |items: &[Value]| items.iter().filter_map(|item| item["amount"].as_f64()).sum::<f64>();
    let (budget, spend) = (items("budget"), items("spend"));
    json!({
        "budgetTotal": sum(&budget), "spendTotal": sum(&spend), "remainingBudget": sum(&budget) - sum(&spend), "currencyCode": tx.state.settings.currency,
        "budgetItems": budget, "spendItems": spend,
    })
}
