//! Subscriptions, campaigns, currencies and the properties of custom events.

use serde_json::{Value, json};

use crate::support::Account;

#[test]
fn a_choice_is_the_same_by_every_version_and_who_leaves_all_leaves_each() {
    let account = Account::new();
    let root = "/communication-preferences/v4/statuses";
    let one = format!("{root}/Ada%40example.com");
    let of = |id: u64| {
        let all = account.get(&format!("{one}?channel=EMAIL")).expect(200);
        all["results"].as_array().unwrap().iter().find(|status| status["subscriptionId"] == id).unwrap()["status"].clone()
    };
    assert_eq!(of(4), "NOT_SPECIFIED");
    let wish = json!({ "channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 4, "legalBasis": "CONSENT_WITH_NOTICE" });
    account.call(&format!("POST {one}"), wish.clone()).expect(200);
    assert_eq!(of(4), "SUBSCRIBED");
    let v3 = account.get("/communication-preferences/v3/status/email/ada@example.com").expect(200);
    assert_eq!(v3["subscriptionStatuses"][3]["status"], "SUBSCRIBED");
    let left = account.call(&format!("POST {one}/unsubscribe-all?channel=EMAIL&verbose=true"), Value::Null).expect(200);
    assert!(left["results"].as_array().unwrap().iter().all(|status| status["status"] == "UNSUBSCRIBED"), "{left}");
    assert_eq!(account.get(&format!("{one}/unsubscribe-all?channel=EMAIL")).expect(200)["results"][0]["status"], "UNSUBSCRIBED");
    account.call(&format!("POST {one}"), wish.clone()).expect(200);
    assert_eq!((of(4), of(1)), (json!("SUBSCRIBED"), json!("UNSUBSCRIBED")));
    let mut written = wish.clone();
    written["subscriberIdString"] = "ben@example.com".into();
    account.call(&format!("POST {root}/batch/write"), json!({ "inputs": [written] })).expect(200);
    let both = json!({ "inputs": ["ada@example.com", "ben@example.com"] });
    let read = account.call(&format!("POST {root}/batch/read?channel=EMAIL"), both.clone()).expect(200);
    assert_eq!(read["results"][1]["statuses"][3]["status"], "SUBSCRIBED");
    account.call(&format!("POST {root}/batch/unsubscribe-all?channel=EMAIL"), both.clone()).expect(200);
    let wide = account.call(&format!("POST {root}/batch/unsubscribe-all/read?channel=EMAIL"), both).expect(200);
    assert_eq!(wide["results"][1]["wideStatuses"][0]["status"], "UNSUBSCRIBED");
    let link = json!({ "subscriberIdString": "ada@example.com", "subscriptionId": 4 });
    let links = account.call("POST /communication-preferences/v4/links/generate?channel=EMAIL", link).expect(200);
    assert!(links["unsubscribeSingleUrl"].as_str().unwrap().ends_with("s=4"));
    for (field, value, status) in [("channel", "SMS", 400), ("statusState", "PERHAPS", 400), ("subscriptionId", "99", 404)] {
        let mut bad = wish.clone();
        bad[field] = value.into();
        account.call(&format!("POST {one}"), bad).refused(status, if status == 404 { "99" } else { field });
    }
    account.get(&one).refused(400, "channel");
    account.get(&format!("{root}/nobody?channel=EMAIL")).refused(400, "subscriberIdString");
}

#[test]
fn a_campaign_has_a_budget_what_was_spent_of_it_and_assets() {
    let account = Account::new();
    let made = account.call("POST /marketing/v3/campaigns", json!({ "properties": { "hs_name": "Spring" } })).expect(201);
    let root = format!("/marketing/v3/campaigns/{}", made["id"].as_str().unwrap());
    let item = |amount: f64| json!({ "name": "Fair", "amount": amount, "order": 1 });
    let budget = account.call(&format!("POST {root}/budget"), item(100.0)).expect(200);
    account.call(&format!("POST {root}/spend"), item(30.5)).expect(200);
    let one = format!("{root}/budget/{}", budget["id"].as_str().unwrap());
    assert_eq!(account.call(&format!("PUT {one}"), item(80.0)).expect(200)["amount"], 80.0);
    let totals = account.get(&format!("{root}/budget/totals")).expect(200);
    assert_eq!(json!([totals["budgetTotal"], totals["spendTotal"], totals["remainingBudget"]]), json!([80.0, 30.5, 49.5]));
    account.call(&format!("POST {root}/spend"), json!({ "name": "x" })).refused(400, "amount");
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
    let email = account.call("POST /marketing/v3/emails", json!({ "name": "May" })).expect(201);
    let asset = format!("{root}/assets/MARKETING_EMAIL/{}", email["id"].as_str().unwrap());
    account.call(&format!("PUT {asset}"), Value::Null).expect(204);
    assert_eq!(
        account.get(&format!("{root}/assets/MARKETING_EMAIL")).expect(200)["results"],
        json!([{ "id": email["id"], "name": "May" }])
    );
    account.call(&format!("DELETE {asset}"), Value::Null).expect(204);
    assert_eq!(account.get(&format!("{root}/assets/MARKETING_EMAIL")).expect(200)["results"], json!([]));
    let before = account.written();
    account.call("POST /marketing/v3/campaigns/none/budget", item(1.0)).refused(404, "none");
    account.call("PUT /marketing/v3/campaigns/none/assets/FORM/1", Value::Null).refused(404, "none");
    assert_eq!(account.written(), before);
}

/// An embedded account counts no visits, and taxes are set up in HubSpot itself.
#[test]
fn a_campaign_brought_nothing_and_an_account_has_no_tax_rates() {
    let account = Account::new();
    let made = account.call("POST /marketing/v3/campaigns", json!({ "properties": { "hs_name": "Spring" } })).expect(201);
    let reports = format!("/marketing/campaigns/2026-03/{}/reports", made["id"].as_str().unwrap());
    let metrics = account.get(&format!("{reports}/metrics?startDate=2026-01-01")).expect(200);
    assert_eq!(json!([metrics["sessions"], metrics["influencedContacts"]]), json!([0, 0]));
    let revenue = account.get(&format!("{reports}/revenue")).expect(200);
    assert_eq!(json!([revenue["revenueAmount"], revenue["currencyCode"]]), json!([0, "USD"]));
    assert_eq!(account.get(&format!("{reports}/contacts/influencedContacts")).expect(200)["results"], json!([]));
    account.get(&format!("{reports}/contacts/strangers")).refused(400, "strangers");
    account.get("/marketing/campaigns/2026-03/none/reports/metrics").refused(404, "none");
    for root in ["/tax-rates/v1/tax-rates", "/tax-rates/2026-03/tax-rates"] {
        assert_eq!(account.get(root).expect(200)["results"], json!([]));
        account.get(&format!("{root}/1")).refused(404, "1");
    }
}

#[test]
fn the_newest_rate_of_a_currency_is_the_current_one() {
    let account = Account::new();
    let root = "/settings/v3/currencies";
    for rate in [1.1, 1.2] {
        account.call(&format!("POST {root}/exchange-rates"), json!({ "fromCurrencyCode": "EUR", "conversionRate": rate })).expect(201);
    }
    let current = || account.get(&format!("{root}/exchange-rates/current")).expect(200)["results"].clone();
    assert_eq!((current().as_array().unwrap().len(), &current()[0]["conversionRate"]), (1, &json!(1.2)));
    let hide = json!({ "fromCurrencyCode": "EUR", "toCurrencyCode": "USD", "visibleInUI": false });
    account.call(&format!("POST {root}/exchange-rates/update-visibility"), hide).expect(200);
    assert_eq!(current()[0]["visibleInUI"], false);
    let none = json!({ "fromCurrencyCode": "JPY", "toCurrencyCode": "USD", "visibleInUI": false });
    account.call(&format!("POST {root}/exchange-rates/update-visibility"), none).refused(404, "JPY");
    assert_eq!(account.get(&format!("{root}/central-fx-rates/information")).expect(200)["centralExchangeRatesEnabled"], false);
    account.get(&format!("{root}/central-fx-rates/unsupported-currencies")).expect(200);
}

#[test]
fn a_custom_event_gets_and_loses_properties() {
    let account = Account::new();
    account.call("POST /events/v3/event-definitions", json!({ "name": "visit", "label": "Visit" })).expect(201);
    let root = "/events/v3/event-definitions/pe4242_visit/property";
    account.call(&format!("POST {root}"), json!({ "name": "page", "label": "Page", "type": "string" })).expect(201);
    account.call(&format!("POST {root}"), json!({ "name": "page", "label": "Page", "type": "string" })).refused(409, "page");
    account.call(&format!("POST {root}"), json!({ "name": "x", "label": "X", "type": "word" })).refused(400, "type");
    assert_eq!(account.call(&format!("PATCH {root}/page"), json!({ "label": "Seite" })).expect(200)["label"], "Seite");
    assert_eq!(account.get("/events/v3/event-definitions/visit").expect(200)["propertyDefinitions"][0]["label"], "Seite");
    account.call(&format!("DELETE {root}/page"), Value::Null).expect(204);
    account.call(&format!("DELETE {root}/page"), Value::Null).refused(404, "page");
    account.contact("ada@example.com");
    let sent = json!({ "eventName": "pe4242_visit", "email": "ada@example.com" });
    account.call("POST /events/custom/2026-09/send", sent).expect(204);
}
