//! Settings that an account has once: its currency, the roles and teams of its users, the target of its
//! webhooks.

use keyway_objects::items::Place;
use keyway_objects::request::bad_field;
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::shape::{self, Is};
use super::{Answer, Asked, Item, missing, no_content, page, reply, teams};

/// Codes of ISO 4217 that an account can use; HubSpot has more.
const CURRENCIES: [(&str, &str); 12] = [
    ("AUD", "Australian Dollar"),
    ("BRL", "Brazilian Real"),
    ("CAD", "Canadian Dollar"),
    ("CHF", "Swiss Franc"),
    ("CNY", "Chinese Yuan"),
    ("EUR", "Euro"),
    ("GBP", "British Pound"),
    ("INR", "Indian Rupee"),
    ("JPY", "Japanese Yen"),
    ("MXN", "Mexican Peso"),
    ("SEK", "Swedish Krona"),
    ("USD", "US Dollar"),
];

pub fn currencies(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("company-currency", &[]);
    Some(match (asked.method(), rest) {
        ("GET", ["codes"]) => {
            let codes: Vec<Value> = CURRENCIES.iter().map(|(code, name)| json!({ "currencyCode": code, "currencyName": name })).collect();
            Ok(reply(200, json!({ "results": codes })))
        }
        // No rate comes from a centre here: each is the account's own.
        ("GET", ["central-fx-rates", "information"]) => Ok(reply(200, json!({ "centralExchangeRatesEnabled": false }))),
        ("GET", ["central-fx-rates", "unsupported-currencies"]) => Ok(reply(200, json!({ "results": [] }))),
        ("GET", ["company-currency"]) => {
            let kept = tx.state.items.get(&place, "company").map(|item| item.value.clone());
            let made = tx.state.settings.created_at.to_iso();
            let own = || json!({ "id": "company", "currencyCode": tx.state.settings.currency, "createdAt": made, "updatedAt": made });
            Ok(reply(200, kept.unwrap_or_else(own)))
        }
        ("PUT", ["company-currency"]) => asked.body().and_then(|body| {
            let code = body.get("currencyCode").and_then(Value::as_str).unwrap_or_default();
            if !CURRENCIES.iter().any(|(own, _)| *own == code) {
                return Err(bad_field("currencyCode", "is not one of the account's codes"));
            }
            let made = tx.state.settings.created_at.to_iso();
            let value = json!({ "id": "company", "currencyCode": code, "createdAt": made, "updatedAt": asked.now() });
            tx.put_item(&place, "company", Item::new(value.clone()));
            Ok(reply(200, value))
        }),
        _ => return None,
    })
}

/// The roles of users, of which an account has none, and their teams: one that every account has, and those that were made.
pub fn users(asked: &Asked<'_>, what: &str, tx: &Tx<'_>) -> Option<Answer> {
    (asked.method() == "GET").then(|| {
        let mut results = Vec::new();
        if what == "teams" {
            results.push(json!({ "id": "1", "name": "Everyone", "userIds": [], "secondaryUserIds": [] }));
            results.extend(teams::with_users(tx.state));
        }
        Ok(reply(200, json!({ "results": results })))
    })
}

/// Where an app's webhooks go, and how many at once.
pub fn webhooks(asked: &Asked<'_>, app: &str, tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new(keyway_objects::webhooks::SETTINGS, &[]);
    Some(match asked.method() {
        "GET" => tx.state.items.get(&place, app).map(|item| reply(200, item.value.clone())).ok_or_else(|| missing(app)),
        "PUT" => asked.body().and_then(|body| {
            let target =
                body.get("targetUrl").and_then(Value::as_str).filter(|url| url.starts_with("https://") || url.starts_with("http://"));
            let target = target.ok_or_else(|| bad_field("targetUrl", "must be a URL"))?;
            let throttling = body.get("throttling").cloned().unwrap_or_else(|| json!({ "maxConcurrentRequests": 10 }));
            let value = json!({ "targetUrl": target, "throttling": throttling, "createdAt": asked.now(), "updatedAt": asked.now() });
            tx.put_item(&place, app, Item::new(value.clone()));
            Ok(reply(200, value))
        }),
        "DELETE" => tx
            .state
            .items
            .get(&place, app)
            .is_some()
            .then(|| {
                tx.remove_item(&place, app);
                no_content()
            })
            .ok_or_else(|| missing(app)),
        _ => return None,
    })
}

/// Groups of tax rates are made in HubSpot itself, so an account has none.
pub fn tax_rates(asked: &Asked<'_>, rest: &[&str]) -> Option<Answer> {
    match (asked.method(), rest) {
        ("GET", []) => Some(asked.query.flag("active").and_then(|_| page(asked, Vec::new(), false))),
        ("GET", [id]) => Some(Err(missing(id))),
        _ => None,
    }
}

fn rates() -> Place {
    Place::new("exchange-rates", &[])
}

/// The newest rate of each pair: `/settings/v3/currencies/exchange-rates/current`.
pub fn current_rates(asked: &Asked<'_>, tx: &Tx<'_>) -> Option<Answer> {
    (asked.method() == "GET").then(|| {
        let mut newest = std::collections::BTreeMap::new();
        for (_, item) in tx.state.items.of(&rates()).filter(|(_, item)| !item.is_archived()) {
            newest.insert(item.value["fromCurrencyCode"].to_string(), &item.value);
        }
        Ok(reply(200, json!({ "results": newest.into_values().collect::<Vec<_>>() })))
    })
}

/// Whether people see the rates of a pair.
pub fn rate_visibility(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Option<Answer> {
    (asked.method() == "POST").then(|| {
        let form = [("fromCurrencyCode", Is::Text, true), ("toCurrencyCode", Is::Text, true), ("visibleInUI", Is::Flag, true)];
        let body = shape::read(&form, &asked.body()?, false)?;
        let is_pair = |value: &Value| value["fromCurrencyCode"] == body["fromCurrencyCode"];
        let found: Vec<(String, Item)> =
            tx.state.items.of(&rates()).filter(|(_, item)| is_pair(&item.value)).map(|(id, item)| (id.to_owned(), item.clone())).collect();
        let Some((_, newest)) = found.last() else { return Err(missing(body["fromCurrencyCode"].as_str().unwrap_or_default())) };
        let mut answer = newest.value.clone();
        answer["visibleInUI"] = body["visibleInUI"].clone();
        for (id, mut item) in found {
            item.value["visibleInUI"] = body["visibleInUI"].clone();
            tx.put_item(&rates(), &id, item);
        }
        Ok(reply(200, answer))
    })
}
