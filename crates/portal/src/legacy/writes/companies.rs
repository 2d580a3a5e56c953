//! Writes of companies v2.

use keyway_core::error_body::ErrorBody;
use keyway_objects::kind::Kind;
use keyway_objects::links::End;
use serde_json::json;

use super::{archive, create, properties, update, update_many};
use crate::legacy::companies::{no_company, one};
use crate::legacy::records::{Records, Wanted};
use crate::legacy::{Answer, empty, reply};

const KIND: &str = "companies";
/// HubSpot's type of the association of a contact with its primary company.
const PRIMARY: u32 = 1;

pub fn answer(records: &mut Records<'_, '_>, method: &str, tail: &[&str]) -> Option<Answer> {
    Some(match (method, tail) {
        ("POST", []) => make(records),
        ("POST", ["batch-async", "update"]) => update_many(records, KIND),
        ("PUT", [id]) => change(records, id),
        ("DELETE", [id]) => delete(records, id),
        ("PUT", [id, "contacts", vid]) => add_contact(records, id, vid),
        ("DELETE", [id, "contacts", vid]) => remove_contact(records, id, vid),
        _ => return None,
    })
}

fn make(records: &mut Records<'_, '_>) -> Answer {
    let given = properties(&records.body()?, "name")?;
    let id = create(records, KIND, given, json!([]))?;
    Ok(reply(200, &one(records, &id)?))
}

fn change(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let given = properties(&records.body()?, "name")?;
    is_there(records, KIND, id)?;
    update(records, KIND, id, given)?;
    Ok(reply(200, &one(records, id)?))
}

fn delete(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let id = is_there(records, KIND, id)?;
    archive(records, KIND, &id.to_string())?;
    Ok(reply(200, &json!({ "companyId": id, "deleted": true })))
}

fn is_there(records: &mut Records<'_, '_>, kind: &str, id: &str) -> Result<u64, ErrorBody> {
    let wanted = Wanted { properties: vec!["hs_object_id".into()], associations: &[] };
    Ok(records.one(kind, id, &wanted, None)?.ok_or_else(no_company)?.id())
}

/// A contact and a company, both of which are there.
fn ends(records: &mut Records<'_, '_>, id: &str, vid: &str) -> Result<(End, End), ErrorBody> {
    let (company, contact) = (is_there(records, KIND, id)?, is_there(records, "contacts", vid)?);
    let kind = |name| Kind::of(name).expect("a type that every account has");
    Ok(((kind("contacts"), contact), (kind(KIND), company)))
}

/// The contact moves to the company: it becomes its primary one.
fn add_contact(records: &mut Records<'_, '_>, id: &str, vid: &str) -> Answer {
    let (contact, company) = ends(records, id, vid)?;
    records.connect(&[(contact, company, PRIMARY)])?;
    Ok(reply(200, &one(records, id)?))
}

fn remove_contact(records: &mut Records<'_, '_>, id: &str, vid: &str) -> Answer {
    let (contact, company) = ends(records, id, vid)?;
    let plain = records.plain_of(contact.0, company.0);
    records.part(&[(contact, company, plain)])?;
    Ok(empty(204))
}
