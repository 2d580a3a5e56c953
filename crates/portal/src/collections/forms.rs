//! Submissions of forms: each is kept, and makes or changes the contact with its address.
//!
//! legacydocs.hubspot.com/docs/methods/forms/submit_form and …/submit_form_v3_authentication say what a submission may
//! hold and name the errors. The wording of the errors is that of answers in public threads (verbb/formie#2618).

mod contact;
mod fields;

use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, id_text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Item, missing, preferences, reply};

/// Submissions on a page.
const PAGE_DEFAULT: usize = 20;
const PAGE_MAX: usize = 50;
/// A submission may be dated back by a month.
const DATED_BACK_MAX_MS: i64 = 31 * 24 * 3_600_000;
const THANKS: &str = "Thanks for submitting the form.";

/// `/submissions/v3/integration/…`
pub fn submit(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (is_public, portal, form) = match (asked.method(), rest) {
        ("POST", ["secure", "submit", portal, form]) => (false, portal, form),
        ("POST", ["submit", portal, form]) => (true, portal, form),
        _ => return None,
    };
    Some(submit_to(asked, is_public, portal, form, tx))
}

/// `/form-integrations/v1/submissions/forms/{form}`: the newest first.
pub fn submissions(asked: &Asked<'_>, form: &str, tx: &Tx<'_>) -> Option<Answer> {
    (asked.method() == "GET").then(|| {
        form_of(tx.state, form)?;
        let (limit, after) = (asked.query.limit(PAGE_DEFAULT, PAGE_MAX)?, usize::try_from(asked.query.after()?).unwrap_or(usize::MAX));
        let mut all: Vec<&Value> = tx.state.items.of(&place(form)).map(|(_, item)| &item.value).collect();
        tx.work.each(all.len(), 2)?;
        all.reverse();
        all.sort_by_key(|one| std::cmp::Reverse(one["submittedAt"].as_i64()));
        let total = all.len();
        let results: Vec<&Value> = all.into_iter().skip(after).take(limit).collect();
        let next = after.saturating_add(limit);
        let mut body = json!({ "results": results });
        if next < total {
            body["paging"] = json!({ "next": { "after": next.to_string() } });
        }
        Ok(reply(200, body))
    })
}

fn place(form: &str) -> Place {
    Place::new("form-submissions", &[form])
}

fn form_of<'s>(state: &'s State, form: &str) -> Result<&'s Value, ErrorBody> {
    let found = state.items.get(&Place::new("forms", &[]), form).filter(|item| !item.is_archived());
    found.map(|item| &item.value).ok_or_else(|| missing(form))
}

/// HubSpot's refusal, with each fault by its type.
fn not_valid(faults: Vec<ErrorDetail>) -> ErrorBody {
    faults.into_iter().fold(invalid::submission_invalid(), ErrorBody::detail)
}

fn submit_to(asked: &Asked<'_>, is_public: bool, portal: &str, form: &str, tx: &mut Tx<'_>) -> Answer {
    if portal != tx.state.hub_id.to_string() {
        return Err(missing(portal));
    }
    let body = asked.body()?;
    let definition = form_of(tx.state, form)?.clone();
    let given = fields::read(&body)?;
    let mut faults = fields::check(&given, &definition, is_public, body.get("skipValidation") == Some(&Value::Bool(true)));
    let consents = consents(&body, &mut faults);
    let at = submitted_at(&body, asked.call.now)?;
    if !faults.is_empty() {
        return Err(not_valid(faults));
    }
    let context = |name: &str| body.get("context").and_then(|context| context.get(name)).and_then(Value::as_str);
    let name = definition["name"].as_str().unwrap_or_default();
    let conversion = contact::Conversion {
        // knowledge.hubspot.com/properties/hubspots-default-contact-properties: the page and the form.
        name: context("pageName").map_or_else(|| name.to_owned(), |page| format!("{page}: {name}")),
        at,
        is_again: is_again(tx, &given, form)?,
    };
    contact::put(asked, tx, &given, &conversion)?;
    keep(tx, form, &given, at, context("pageUri"));
    if let Some(email) = fields::email(&given) {
        for (subscription, text) in consents {
            preferences::subscribe(asked, tx, email, &subscription, &text);
        }
    }
    let action = &definition["configuration"]["postSubmitAction"];
    let told = action["value"].as_str().filter(|value| !value.is_empty());
    Ok(reply(
        200,
        if action["type"] == "redirect_url" { json!({ "redirectUri": told }) } else { json!({ "inlineMessage": told.unwrap_or(THANKS) }) },
    ))
}

/// Whether the address has submitted this form before.
fn is_again(tx: &Tx<'_>, given: &[fields::Field], form: &str) -> Result<bool, ErrorBody> {
    let (Some(email), place) = (fields::email(given), place(form)) else { return Ok(false) };
    tx.work.each(tx.state.items.count(&place), 4)?;
    let is_own = |one: &Value| one["name"] == "email" && one["value"].as_str().is_some_and(|own| own.trim().eq_ignore_ascii_case(email));
    Ok(tx.state.items.of(&place).any(|(_, item)| item.value["values"].as_array().into_iter().flatten().any(is_own)))
}

/// When it was submitted: now, or up to a month ago.
fn submitted_at(body: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, ErrorBody> {
    let Some(given) = id_text(body.get("submittedAt")) else { return Ok(now) };
    let ms: i64 = given.parse().map_err(|_| bad_field("submittedAt", "must be a time in milliseconds"))?;
    if now.as_ms() - ms > DATED_BACK_MAX_MS {
        return Err(bad_field("submittedAt", "must not be more than one month ago"));
    }
    Ok(Timestamp::from_ms(ms))
}

/// The subscriptions that the person consents to, each with the text that was shown.
fn consents(body: &Map<String, Value>, faults: &mut Vec<ErrorDetail>) -> Vec<(String, String)> {
    let consent = body.get("legalConsentOptions").and_then(|options| options.get("consent"));
    let mut consents: Vec<(String, String)> = Vec::new();
    for one in consent.and_then(|consent| consent["communications"].as_array()).into_iter().flatten() {
        let place = "legalConsentOptions.consent.communications";
        let Some(id) = id_text(one.get("subscriptionTypeId")) else {
            faults.push(invalid::consent_without_type(place));
            continue;
        };
        if consents.iter().any(|(own, _)| *own == id) {
            faults.push(invalid::consent_twice(place, &id));
        }
        let Some(text) = one["text"].as_str().filter(|text| !text.is_empty()) else {
            faults.push(invalid::consent_without_text(place));
            continue;
        };
        if one["value"] == true {
            consents.push((id, text.to_owned()));
        }
    }
    consents
}

fn keep(tx: &mut Tx<'_>, form: &str, given: &[fields::Field], at: Timestamp, page: Option<&str>) {
    let place = place(form);
    let number = tx.state.items.next_number(&place);
    let values: Vec<Value> =
        given.iter().map(|field| json!({ "name": field.name, "value": field.value, "objectTypeId": field.object_type })).collect();
    let value = json!({
        "conversionId": super::uuid(form, number), "submittedAt": at.as_ms(), "values": values, "pageUrl": page.unwrap_or_default(),
    });
    tx.put_item(&place, &number.to_string(), Item::new(value));
}
