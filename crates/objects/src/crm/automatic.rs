//! The values that HubSpot sets by itself when a caller writes a record, and those that it does not set.
//!
//! These values are stored, not calculated. A caller can write them too, and then the caller's value counts.

use crate::derived;
use crate::kind::Kind;
use crate::links::End;
use crate::options::Options;
use crate::property::{Name, Property};
use crate::record::Record;
use crate::request::Request;
use crate::space::Space;
use crate::state::State;
use crate::tx::Tx;
use crate::words::words;

use super::write::{Values, new_record};

/// Completes what a caller writes to a record, or to a new one.
pub fn complete(request: &Request<'_>, state: &State, kind: Kind, values: &mut Values, current: Option<&Record>) {
    let space = state.space(kind);
    let Some(name) = space.kind.row().map(|row| row.name) else { return };
    match name {
        "contacts" | "companies" => {
            forward(space, values, current);
            // Answers to creates of contacts and companies show a lead where the caller named no stage.
            if current.is_none() && given(values, "lifecyclestage").is_none() {
                set(space, values, "lifecyclestage", "lead");
            }
            // "Close date: the date that a contact became a customer".
            if given(values, "lifecyclestage").is_some_and(|stage| stage == "customer") && is_without(values, current, "closedate") {
                set(space, values, "closedate", &request.now.to_iso());
            }
        }
        // knowledge.hubspot.com/crm-deals/hubspots-default-deal-properties: the close date is set when a deal
        // comes to a closed stage, and again when it goes from won to lost or back.
        "deals" => close(request, space, values, current, "dealstage", "closedate"),
        "tickets" => close(request, space, values, current, "hs_pipeline_stage", "closed_date"),
        // developers.hubspot.com/changelog/defaulting-hs_timestamp-to-meeting-start-time-in-meetings-engagement-api
        "meetings" if current.is_none() && given(values, "hs_timestamp").is_none_or(str::is_empty) => {
            if let Some(start) = given(values, "hs_meeting_start_time").map(str::to_owned) {
                set(space, values, "hs_timestamp", &start);
            }
        }
        "line_items" if current.is_none() => from_product(state, space, values),
        _ => {}
    }
}

/// A new line item has what its product has, unless the caller says otherwise
/// (developers.hubspot.com/docs/api-reference/latest/crm/objects/line-items/guide).
fn from_product(state: &State, space: &Space, values: &mut Values) {
    let Some(products) = Kind::of("products") else { return };
    let product = given(values, "hs_product_id").and_then(|id| state.table(products).live(id.parse().ok()?));
    let Some(product) = product else { return };
    for property in space.schema.properties().filter(|property| !property.is_read_only() && !property.is_owner()) {
        if let Some(value) = product.get(&property.name).filter(|_| given(values, &property.name).is_none()) {
            values.push((property.name.clone(), value.to_owned()));
        }
    }
}

/// A lifecycle stage only moves forward: HubSpot ignores an earlier one, without an error. A caller must clear
/// the stage first (integrate.hubspot.com/t/update-lifecycle-stage-using-api/1333, answered by HubSpot).
fn forward(space: &Space, values: &mut Values, current: Option<&Record>) {
    let Some(now) = current.and_then(|record| record.get("lifecyclestage")).map(str::to_owned) else { return };
    let Some(property) = space.schema.get("lifecyclestage") else { return };
    let order = |stage: &str| property.choices.iter().position(|choice| choice.value == stage);
    for (_, value) in values.iter_mut().filter(|(name, value)| **name == *"lifecyclestage" && !value.is_empty()) {
        if order(value) < order(&now) {
            value.clone_from(&now);
        }
    }
}

fn close(request: &Request<'_>, space: &Space, values: &mut Values, current: Option<&Record>, stage: &str, date: &str) {
    let kind_of = |id: &str| derived::closing(space, id);
    let Some(to) = given(values, stage).and_then(kind_of) else { return };
    let from = current.and_then(|record| record.get(stage)).and_then(kind_of);
    if from != Some(to) && given(values, date).is_none() {
        set(space, values, date, &request.now.to_iso());
    }
}

fn given<'a>(values: &'a Values, name: &str) -> Option<&'a str> {
    values.iter().find(|(own, _)| **own == *name).map(|(_, value)| value.as_str())
}

fn is_without(values: &Values, current: Option<&Record>, name: &str) -> bool {
    given(values, name).is_none() && current.is_none_or(|record| record.get(name).is_none())
}

fn set(space: &Space, values: &mut Values, name: &str, value: &str) {
    if let Some(property) = space.schema.get(name) {
        values.retain(|(own, _)| *own != property.name);
        values.push((property.name.clone(), value.to_owned()));
    }
}

/// Properties that name an associated record: what is written there becomes an association, and the other
/// way round (`data/derived.tsv`).
const NAMING: [(&str, &str, &str, &str); 2] =
    [("contacts", "associatedcompanyid", "companies", "Primary"), ("companies", "hs_parent_company_id", "companies", "Parent Company")];

/// The type of record that a property names.
pub(crate) fn names(kind: Kind, property: &Property) -> Option<Kind> {
    let (_, _, to, _) = NAMING.into_iter().find(|(from, name, ..)| Kind::of(from) == Some(kind) && *property.name == **name)?;
    Kind::of(to)
}

/// Associates a record that was written with those that its properties name now.
pub(crate) fn associate(tx: &mut Tx<'_>, (kind, id): End, written: &[(Name, String)]) {
    for (from, property, to, label) in NAMING {
        let Some((_, value)) = written.iter().find(|(name, _)| **name == *property).filter(|_| Kind::of(from) == Some(kind)) else {
            continue;
        };
        let Some((to, own)) = Kind::of(to).and_then(|to| Some((to, labelled(tx.state, kind, to, label)?))) else { continue };
        let from = (kind, id);
        let before: Vec<u64> = tx
            .state
            .links
            .of(from, to)
            .filter(|(other, types)| types.contains(&own) && other.to_string() != *value)
            .map(|(other, _)| other)
            .collect();
        for other in before {
            tx.unlink_type(from, (to, other), own);
        }
        if let Ok(other) = value.parse::<u64>() {
            let mut types = tx.state.links.between(from, (to, other)).to_vec();
            if !types.contains(&own) {
                types.push(own);
                tx.link(from, (to, other), &types);
            }
        }
    }
}

/// Domains at which anybody has an address: no company goes by them.
const FREE_DOMAINS: [&str; 20] = [
    "163.com",
    "aol.com",
    "comcast.net",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.com",
];

/// Associates a contact that got an address with the company of its domain, which is made where there is none
/// (knowledge.hubspot.com, "How does the 'automatically create and associate companies with contacts' setting
/// work?").
pub(crate) fn associate_by_domain(request: &Request<'_>, tx: &mut Tx<'_>, (kind, id): End, written: &[(Name, String)]) {
    let Some(address) = written.iter().find(|(name, _)| **name == *"email").map(|(_, value)| value) else { return };
    let (Some(companies), Some((_, domain))) = (Kind::of("companies"), address.rsplit_once('@')) else { return };
    let is_contact = Kind::of("contacts") == Some(kind) && Options::of(tx.state).associate_companies;
    let from = (kind, id);
    if !is_contact || FREE_DOMAINS.contains(&domain) || tx.state.links.of(from, companies).next().is_some() {
        return;
    }
    let company = company_of(tx.state, companies, domain).unwrap_or_else(|| make_company(request, tx, companies, domain));
    let primary: Vec<u32> = labelled(tx.state, kind, companies, "Primary").into_iter().collect();
    tx.link(from, (companies, company), &primary);
}

/// The oldest company with a domain. The index of words is made when it is first needed.
fn company_of(state: &State, companies: Kind, domain: &str) -> Option<u64> {
    let name = &state.schema(companies).get("domain")?.name;
    let parts: Vec<&str> = words(domain).collect();
    let table = state.table(companies);
    let own = |id: &u64| table.live(*id).and_then(|record| record.get(name)).is_some_and(|own| own.eq_ignore_ascii_case(domain));
    table.with_words(name, &parts)?.into_iter().filter(own).min()
}

fn make_company(request: &Request<'_>, tx: &mut Tx<'_>, companies: Kind, domain: &str) -> u64 {
    let id = tx.take_id(companies);
    let schema = tx.state.schema(companies);
    let named = |name: &str| schema.get(name).map(|property| (property.name.clone(), domain.to_owned()));
    let values: Values = ["domain", "name"].into_iter().filter_map(named).collect();
    // The account's own work, which no call is refused for.
    let own = Request::of_program(request.app_id, request.now);
    let record = new_record(&own, schema, id, &values).expect("what the program does is not bounded");
    tx.put_record(companies, record);
    id
}

fn labelled(state: &State, from: Kind, to: Kind, label: &str) -> Option<u32> {
    state.link_types.of(from, to).iter().find(|link| link.label.as_deref() == Some(label)).map(|link| link.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn the_properties_that_name_records_are_there_with_their_labels() {
        let settings = crate::state::AccountSettings {
            time_zone: "UTC".into(),
            currency: "USD".into(),
            tier: "free".into(),
            created_at: keyway_core::time::Timestamp::from_ms(0),
            name: String::new(),
        };
        let state = State::new(1, settings);
        for (from, property, to, label) in NAMING {
            let (from, to) = (Kind::of(from).unwrap(), Kind::of(to).unwrap());
            assert!(Schema::of(from).get(property).is_some() && labelled(&state, from, to, label).is_some(), "{property}");
        }
    }
}
