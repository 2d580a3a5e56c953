//! Settings that an account has once: its currency, the roles and teams of its users, the target of its
//! webhooks.

use serde_json::{Value, json};

use super::{Answer, Asked, Item, missing, no_content, reply};
use crate::items::Place;
use crate::request::bad_field;
use crate::tx::Tx;

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

pub fn users(asked: &Asked<'_>, what: &str) -> Option<Answer> {
    (asked.method() == "GET").then(|| {
        let results =
            if what == "roles" { json!([]) } else { json!([{ "id": "1", "name": "Everyone", "userIds": [], "secondaryUserIds": [] }]) };
        Ok(reply(200, json!({ "results": results })))
    })
}

/// Where an app's webhooks go, and how many at once.
pub fn webhooks(asked: &Asked<'_>, app: &str, tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new(crate::webhooks::SETTINGS, &[]);
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
