//! Each row of the table of validation errors, reached by a call. The answers stand in `validation_errors.txt`.
//!
//! `KEYWAY_WRITE_ERRORS=1` writes the file anew.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use keyway_objects::invalid::{DETAIL_ROWS, ROWS, Row, VALUE_ROWS, ValueRow, fits};
use serde_json::{Value, json};

use crate::support::{Account, Answer};

mod beyond;

const CONTACTS: &str = "/crm/v3/objects/contacts";
const PROPERTIES: &str = "/crm/properties/2026-09/contacts";
const LABELS: &str = "/crm/associations/2026-09/contacts/companies/labels";
const PIPELINES: &str = "/crm/v3/pipelines/deals";
const SCHEMAS: &str = "/crm-object-schemas/2026-09/schemas";
const LISTS: &str = "/crm/lists/2026-09";
const IMPORTS: &str = "/crm/imports/2026-09";

/// The answers so far, by the name of their row.
struct Reached {
    account: Account,
    answers: BTreeMap<&'static str, String>,
    /// The answers that do not have the form of their row.
    wrong: Vec<String>,
}

fn row(name: &str) -> &'static Row {
    ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("there is no row {name}"))
}

fn value_row(name: &str) -> &'static ValueRow {
    VALUE_ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("there is no row {name}"))
}

impl Reached {
    /// The next account: what a family makes is not in the way of the next.
    fn begin(&mut self) {
        self.account = Account::new();
    }

    fn send(&self, line: &str, body: Value) -> Answer {
        if body.is_null() { self.account.call_with(line, b"") } else { self.account.call(line, body) }
    }

    /// A call that the row refuses.
    fn by(&mut self, name: &str, line: &str, body: Value) {
        let answer = self.send(line, body);
        self.note(name, line, answer.status, &answer.body);
    }

    /// The same, with a body of bytes.
    fn by_bytes(&mut self, name: &str, line: &str, body: &[u8]) {
        let answer = self.account.call_with(line, body);
        self.note(name, line, answer.status, &answer.body);
    }

    /// A call that does a part; the row is in the errors of its answer.
    fn beside(&mut self, name: &str, line: &str, body: Value) {
        let answer = self.send(line, body);
        if answer.status == 207 {
            self.note(name, line, row(name).status, &answer.body["errors"][0]);
        } else {
            self.note(name, line, answer.status, &answer.body);
        }
    }

    fn note(&mut self, name: &str, line: &str, status: u16, body: &Value) {
        let row = row(name);
        if !row.fits(status, body) {
            self.wrong.push(format!("{name}: {row:?} is not the form of {line}\n{status} {body:#}"));
        }
        self.answers.insert(row.name, format!("{line}\n{status} {}", cut(&body.to_string())));
    }

    /// A call that the row of a single fault refuses, in the entries of its own row.
    fn detail(&mut self, name: &str, line: &str, body: Value) {
        let expected = DETAIL_ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("there is no row {name}"));
        let answer = self.send(line, body);
        let entries = answer.body["errors"].as_array().cloned().unwrap_or_default();
        if !entries.iter().any(|entry| expected.fits(entry)) {
            self.wrong.push(format!("{name}: {expected:?} is not the form of {line}\n{} {:#}", answer.status, answer.body));
        }
        self.note(expected.of, line, answer.status, &answer.body);
        let text = self.answers[expected.of].clone();
        self.answers.insert(expected.name, text);
    }

    /// A record whose value the row refuses.
    fn value(&mut self, name: &str, line: &str, property: &str, value: &str) {
        let (expected, line) = (value_row(name), line.replace("$contacts", CONTACTS));
        let answer = self.account.call(&line, json!({ "properties": { property: value } }));
        let entry = &answer.body["errors"][0];
        let is_row = entry["code"] == expected.code && fits(expected.message, entry["message"].as_str().unwrap_or_default());
        let is_envelope = row("values_invalid").fits(answer.status, &answer.body);
        if !is_envelope || !is_row || entry["context"]["propertyName"] != json!([property]) {
            self.wrong.push(format!("{name}: {expected:?} is not the form of {line}\n{} {:#}", answer.status, answer.body));
        }
        let text = format!("{line}\n{} {}", answer.status, cut(&answer.body.to_string()));
        self.answers.insert("values_invalid", text.clone());
        self.answers.insert(expected.name, text);
    }
}

/// A long answer is known by its beginning.
fn cut(text: &str) -> &str {
    text.char_indices().nth(600).map_or(text, |(end, _)| &text[..end])
}

fn requests(reached: &mut Reached) {
    reached.by_bytes("body_missing", &format!("POST {CONTACTS}"), b"");
    reached.by_bytes("body_invalid", &format!("POST {CONTACTS}"), b"{\"properties\": }");
    reached.by("body_of_another_type", &format!("POST {CONTACTS}"), json!([]));
    let many = format!("{{\"properties\":[{}0]}}", "0,".repeat(500_001));
    reached.by_bytes("body_too_large", &format!("POST {CONTACTS}"), many.as_bytes());
    reached.by("field_missing", &format!("POST {CONTACTS}"), json!({}));
    reached.by("field_invalid", &format!("POST {CONTACTS}"), json!({ "properties": [] }));
    reached.by("parameter_invalid", &format!("GET {CONTACTS}?limit=0"), Value::Null);
    reached.by("object_type_unknown", "GET /crm/v3/objects/p_ship", Value::Null);
    reached.by("object_type_not_writable", "POST /crm/v3/objects/feedback_submissions", json!({ "properties": {} }));
}

fn records(reached: &mut Reached) {
    let ada = reached.account.contact("ada@example.com");
    reached.by("record_missing", &format!("GET {CONTACTS}/999"), Value::Null);
    reached.by("record_id_not_a_number", &format!("GET {CONTACTS}/undefined"), Value::Null);
    reached.by("nothing_to_update", &format!("PATCH {CONTACTS}/{ada}"), json!({ "properties": {} }));
    reached.by("required_properties_missing", "POST /crm/v3/objects/deals", json!({ "properties": { "amount": "1" } }));
    reached.by("required_associations_missing", "POST /crm/v3/objects/leads", json!({ "properties": { "hs_lead_name": "Ada" } }));
    reached.by("contact_exists", &format!("POST {CONTACTS}"), json!({ "properties": { "email": "Ada@example.com" } }));
    reached.by("merged_with_itself", &format!("POST {CONTACTS}/merge"), json!({ "primaryObjectId": ada, "objectIdToMerge": ada }));
    let mut merged = reached.account.make("contacts", json!({ "firstname": "0" }));
    let merge = |account: &Account, into: &str| {
        let other = account.make("contacts", json!({ "firstname": "x" }));
        account.call(&format!("POST {CONTACTS}/merge"), json!({ "primaryObjectId": into, "objectIdToMerge": other }))
    };
    let refused = loop {
        let answer = merge(&reached.account, &merged);
        if answer.status != 200 {
            break answer;
        }
        answer.body["id"].as_str().unwrap().clone_into(&mut merged);
    };
    reached.note("merged_too_often", &format!("POST {CONTACTS}/merge"), refused.status, &refused.body);
}

fn values(reached: &mut Reached) {
    let (ada, create) = (reached.account.contact("ada@example.com"), "POST $contacts");
    let change = format!("PATCH $contacts/{ada}");
    reached.value("property_unknown", create, "shoe_size", "7");
    reached.value("read_only", create, "hs_object_id", "7");
    reached.value("number_invalid", "POST /crm/v3/objects/deals", "amount", "12,50");
    reached.value("date_invalid", "POST /crm/v3/objects/deals", "closedate", "soon");
    reached.value("date_not_midnight", "POST /crm/v3/objects/quotes", "hs_expiration_date", "1795392000001");
    reached.value("text_too_long", create, "city", &"x".repeat(65_537));
    reached.value("email_invalid", create, "email", "ada@example");
    reached.value("option_invalid", create, "lifecyclestage", "Lead");
    reached.value("object_id_invalid", &change, "associatedcompanyid", "999");
    reached.value("owner_invalid", create, "hubspot_owner_id", "999");
    let blocked = json!({ "objectId": "gone@example.com", "idProperty": "email" });
    reached.account.call(&format!("POST {CONTACTS}/gdpr-delete"), blocked).expect(204);
    reached.value("email_blocked", create, "email", "gone@example.com");
    let define = |name: &str, unique: bool| {
        let body = json!({ "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation", "hasUniqueValue": unique });
        reached.account.call(&format!("POST {PROPERTIES}"), body).expect(201);
    };
    define("badge", true);
    define("shoe", false);
    reached.account.make("contacts", json!({ "badge": "7" }));
    reached.value("value_taken", create, "badge", "7");
    let rule = "PUT /crm/property-validations/2026-09/0-1/shoe/rule-type/MAX_LENGTH";
    reached.account.call(rule, json!({ "ruleArguments": ["2"] })).expect(204);
    reached.value("rule_broken", create, "shoe", "large");
}

fn batches(reached: &mut Reached) {
    let ada = reached.account.contact("ada@example.com");
    let input = json!({ "id": ada, "properties": { "city": "Porto" } });
    let many = Value::from_iter((0..101).map(|_| input.clone()));
    reached.by("batch_too_large", &format!("POST {CONTACTS}/batch/update"), json!({ "inputs": many }));
    reached.by("batch_ids_repeated", &format!("POST {CONTACTS}/batch/update"), json!({ "inputs": [input, input] }));
    let by_city = json!({ "inputs": [{ "id": "Porto", "idProperty": "city", "properties": { "city": "Porto" } }] });
    reached.by("batch_not_unique", &format!("POST {CONTACTS}/batch/upsert"), by_city);
    reached.beside("batch_records_missing", &format!("POST {CONTACTS}/batch/read"), json!({ "inputs": [{ "id": ada }, { "id": "999" }] }));
    let old = json!([{ "vid": 999, "properties": [{ "property": "city", "value": "Porto" }] }]);
    reached.by("batch_some_missing", "POST /contacts/v1/contact/batch/", old);
}

fn associations(reached: &mut Reached) {
    let ada = reached.account.contact("ada@example.com");
    let (foods, labs) =
        (reached.account.make("companies", json!({ "name": "Foods" })), reached.account.make("companies", json!({ "name": "Labs" })));
    let of = |id: u64| json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": id }]);
    let ends = format!("/crm/v4/objects/contacts/{ada}/associations");
    reached.by("associations_invalid", &format!("PUT {ends}/companies/999"), of(279));
    reached.by("association_type_invalid", &format!("PUT /crm/v3/objects/contacts/{ada}/associations/companies/{foods}/test"), Value::Null);
    let create = json!({ "properties": { "city": "Porto" }, "associations": [{ "to": { "id": foods }, "types": of(999_999) }] });
    reached.by("association_type_of_no_pair", &format!("POST {CONTACTS}"), create);
    reached.by("association_id_invalid", "GET /crm/v4/objects/contacts/ada/associations/companies", Value::Null);
    reached.by("association_with_itself", &format!("PUT {ends}/default/contacts/{ada}"), Value::Null);
    reached.by_bytes("association_types_invalid", &format!("PUT {ends}/companies/{foods}"), b"279");
    let limit = json!({ "inputs": [{ "category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 1 }] });
    reached.account.call("POST /crm/associations/2026-09/definitions/configurations/contacts/companies/batch/create", limit).expect(201);
    reached.account.call(&format!("PUT {ends}/companies/{foods}"), of(279)).expect(201);
    reached.by("association_limit", &format!("PUT {ends}/companies/{labs}"), of(279));
    let asked = json!({ "inputs": [{ "id": ada }] });
    reached.beside("associations_none", "POST /crm/associations/2026-09/contacts/deals/batch/read", asked);
    let label = |at: usize| json!({ "label": format!("Label {at}"), "name": format!("label_{at}") });
    for at in 0..50 {
        reached.account.call(&format!("POST {LABELS}"), label(at)).expect(200);
    }
    reached.by("label_exists", &format!("POST {LABELS}"), label(1));
    reached.by("labels_too_many", &format!("POST {LABELS}"), label(50));
    reached.by("label_missing", &format!("DELETE {LABELS}/999999"), Value::Null);
    reached.by("label_of_hubspot", &format!("DELETE {LABELS}/279"), Value::Null);
    reached.by("usage_of_no_user", "POST /crm/associations/2026-09/usage/high-usage-report/999999", Value::Null);
    reached.by("limit_without_type", "GET /crm/limits/2026-09/associations/labels?toObjectTypeId=0-2", Value::Null);
}

fn search(reached: &mut Reached) {
    let search = format!("POST {CONTACTS}/search");
    reached.by("search_body_too_long", &search, json!({ "query": "x".repeat(3_000) }));
    reached.by("search_invalid", &search, json!({ "limit": 201 }));
    let filters = |filter: Value| json!({ "filterGroups": [{ "filters": [filter] }] });
    reached.by("search_property_unknown", &search, filters(json!({ "propertyName": "shoe", "operator": "HAS_PROPERTY" })));
    reached.by("search_filter_incomplete", &search, filters(json!({ "value": "7" })));
}

fn properties(reached: &mut Reached) {
    let own = |name: &str| json!({ "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation" });
    let create = format!("POST {PROPERTIES}");
    reached.account.call(&create, own("shoe")).expect(201);
    reached.by("property_missing", &format!("GET {PROPERTIES}/boot"), Value::Null);
    reached.beside(
        "properties_missing",
        &format!("POST {PROPERTIES}/batch/read"),
        json!({ "inputs": [{ "name": "shoe" }, { "name": "boot" }] }),
    );
    reached.by("property_exists", &create, own("shoe"));
    let mut options = own("colour");
    options["type"] = "enumeration".into();
    options["fieldType"] = "select".into();
    options["options"] = json!([{ "label": "Red", "value": "r" }, { "label": "Red", "value": "s" }]);
    reached.by("option_not_unique", &create, options);
    reached.by("property_of_hubspot", &format!("PATCH {PROPERTIES}/city"), json!({ "groupName": "contactinformation" }));
    reached.by("property_not_archivable", &format!("DELETE {PROPERTIES}/city"), Value::Null);
    reached.by("rule_missing", "GET /crm/property-validations/2026-09/0-1/shoe/rule-type/MAX_LENGTH", Value::Null);
    let groups = format!("{PROPERTIES}/groups");
    reached.by("group_missing", &format!("GET {groups}/boots"), Value::Null);
    reached.account.call(&format!("POST {groups}"), json!({ "name": "boots", "label": "Boots" })).expect(201);
    reached.by("group_exists", &format!("POST {groups}"), json!({ "name": "boots", "label": "Boots" }));
    reached.by("group_of_hubspot", &format!("DELETE {groups}/contactinformation"), Value::Null);
    let mut in_group = own("boot");
    in_group["groupName"] = "boots".into();
    reached.account.call(&create, in_group).expect(201);
    reached.by("group_in_use", &format!("DELETE {groups}/boots"), Value::Null);
    let filter = json!({ "filterType": "PROPERTY", "property": "shoe", "operation": { "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["7"] } });
    let branch = json!({ "filterBranchType": "OR", "filters": [], "filterBranches": [{ "filterBranchType": "AND", "filterBranches": [], "filters": [filter] }] });
    let list = json!({ "name": "Shoes", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch });
    reached.account.call(&format!("POST {LISTS}"), list).expect(200);
    reached.detail("property_used", &format!("DELETE {PROPERTIES}/shoe"), Value::Null);
    let unique = |at: usize| {
        let mut unique = own(&format!("unique{at}"));
        unique["hasUniqueValue"] = true.into();
        unique
    };
    let refused = (0..).map(|at| reached.account.call(&create, unique(at))).find(|one| one.status != 201).unwrap();
    reached.note("unique_properties_too_many", &create, refused.status, &refused.body);
    let batch = |from: usize| json!({ "inputs": (from..from + 100).map(|at| own(&format!("own{at}"))).collect::<Vec<_>>() });
    let mut at = 0;
    let refused = loop {
        let answer = reached.account.call(&format!("POST {PROPERTIES}/batch/create"), batch(at));
        if answer.status != 201 {
            break answer;
        }
        at += 100;
    };
    reached.note("properties_too_many", &format!("POST {PROPERTIES}/batch/create"), refused.status, &refused.body);
}

fn pipelines(reached: &mut Reached) {
    let stage = |label: &str| json!({ "label": label, "displayOrder": 0, "metadata": { "probability": "0.1" } });
    let with_id = |id: &str| {
        let mut stage = stage(id);
        stage["stageId"] = id.into();
        stage
    };
    let pipeline = |label: &str, stages: Value| json!({ "label": label, "displayOrder": 1, "stages": stages });
    let create = format!("POST {PIPELINES}");
    reached.by("pipeline_missing", &format!("GET {PIPELINES}/nowhere"), Value::Null);
    reached.by("stage_missing", &format!("GET {PIPELINES}/default/stages/nowhere"), Value::Null);
    reached.by("no_pipelines", "POST /crm/v3/pipelines/contacts", pipeline("x", json!([])));
    reached.by("last_pipeline", &format!("DELETE {PIPELINES}/default"), Value::Null);
    let made = reached.account.call(&create, pipeline("Partners", json!([with_id("first")]))).expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    reached.by("pipeline_label_exists", &create, pipeline("partners", json!([stage("a")])));
    reached.by("stages_too_many", &create, pipeline("Long", Value::from_iter((0..101).map(|at| stage(&at.to_string())))));
    reached.by("stage_label_exists", &create, pipeline("Twice", json!([stage("a"), stage("A")])));
    reached.by("stage_id_elsewhere", &create, pipeline("Other", json!([with_id("first")])));
    reached.account.make("deals", json!({ "dealname": "D", "pipeline": id, "dealstage": "first" }));
    reached.by("last_stage", &format!("DELETE {PIPELINES}/{id}/stages/first"), Value::Null);
    reached.by("stage_in_use", &format!("DELETE {PIPELINES}/{id}?validateReferencesBeforeDelete=true"), Value::Null);
    let refused =
        (0..).map(|at| reached.account.call(&create, pipeline(&format!("p{at}"), json!([stage("a")])))).find(|one| one.status != 201);
    let refused = refused.unwrap();
    reached.note("pipelines_too_many", &create, refused.status, &refused.body);
}

fn object_types(reached: &mut Reached) {
    let boat = |name: &str| {
        json!({
            "name": name, "labels": { "singular": name, "plural": format!("{name}s") }, "primaryDisplayProperty": "title",
            "requiredProperties": ["title"], "properties": [{ "name": "title", "label": "Title", "type": "string", "fieldType": "text" }],
            "associatedObjects": ["CONTACT"],
        })
    };
    let create = format!("POST {SCHEMAS}");
    let type_id = reached.account.call(&create, boat("boat")).expect(201)["objectTypeId"].as_str().unwrap().to_owned();
    reached.by("schema_missing", &format!("GET {SCHEMAS}/p_ship"), Value::Null);
    reached.beside("schemas_missing", &format!("{create}/batch/read"), json!({ "inputs": [{ "id": type_id }, { "id": "2-999" }] }));
    reached.by("schema_of_hubspot", &format!("PATCH {SCHEMAS}/contacts"), json!({ "labels": { "singular": "x", "plural": "y" } }));
    reached.by("schema_exists", &create, boat("Boat"));
    reached.by("property_required", &format!("DELETE /crm/properties/2026-09/{type_id}/title"), Value::Null);
    let associations = format!("{create}/{type_id}/associations");
    let association = json!({ "fromObjectTypeId": type_id, "toObjectTypeId": "0-1", "name": "crew" });
    reached.account.call(&associations, association.clone()).expect(201);
    reached.by("schema_association_exists", &associations, association);
    reached.by("schema_association_of_hubspot", &format!("DELETE {SCHEMAS}/contacts/associations/279"), Value::Null);
    reached.account.make(&type_id, json!({ "title": "Argo" }));
    reached.by("schema_in_use", &format!("DELETE {SCHEMAS}/{type_id}"), Value::Null);
    for at in 2..50 {
        reached.account.call(&create, boat(&format!("b{at}"))).expect(201);
    }
    let mut last = reached.account.call(&create, boat("last")).expect(201);
    reached.by("schemas_too_many", &create, boat("b50"));
    let refused = loop {
        // An object type that is archived first and then deleted makes room, and its number is not given again.
        let path = format!("{SCHEMAS}/{}", last["objectTypeId"].as_str().unwrap());
        reached.account.call_with(&format!("DELETE {path}"), b"").expect(204);
        reached.account.call_with(&format!("DELETE {path}?archived=true"), b"").expect(204);
        let answer = reached.account.call(&create, boat("last"));
        if answer.status != 201 {
            break answer;
        }
        last = answer.body;
    };
    reached.note("schemas_exhausted", &create, refused.status, &refused.body);
    reached.by("owner_missing", "GET /crm/owners/2026-09/999", Value::Null);
}

fn lists(reached: &mut Reached) {
    let list = |name: &str, type_id: &str, processing: &str| json!({ "name": name, "objectTypeId": type_id, "processingType": processing });
    let filter = |property: &str| {
        let operation = json!({ "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Porto"] });
        let filter = json!({ "filterType": "PROPERTY", "property": property, "operation": operation });
        json!({ "filterBranchType": "OR", "filters": [], "filterBranches": [{ "filterBranchType": "AND", "filterBranches": [], "filters": [filter] }] })
    };
    let create = format!("POST {LISTS}");
    let make = |account: &Account, body: Value| {
        account.call(&format!("POST {LISTS}"), body).expect(200)["list"]["listId"].as_str().unwrap().to_owned()
    };
    let guests = make(&reached.account, list("Guests", "0-1", "MANUAL"));
    let firms = make(&reached.account, list("Firms", "0-2", "MANUAL"));
    let mut follows = list("Follows", "0-1", "DYNAMIC");
    follows["filterBranch"] = filter("city");
    let follows = make(&reached.account, follows);
    reached.by("list_missing", &format!("GET {LISTS}/999"), Value::Null);
    reached.by("list_exists", &create, list("guests", "0-1", "MANUAL"));
    reached.by("list_not_filtered", &format!("PUT {LISTS}/{guests}/update-list-filters"), json!({ "filterBranch": filter("city") }));
    let monthly = json!({ "conversionType": "INACTIVITY", "timeUnit": "MONTH", "offset": 1 });
    reached.by("list_not_convertible", &format!("PUT {LISTS}/{guests}/schedule-conversion"), monthly);
    reached.by("conversion_missing", &format!("GET {LISTS}/{guests}/schedule-conversion"), Value::Null);
    reached.by("list_not_fillable", &format!("PUT {LISTS}/{follows}/memberships/add"), json!(["101"]));
    reached.by("lists_of_two_types", &format!("PUT {LISTS}/{guests}/memberships/add-from/{firms}"), Value::Null);
    let mut unknown = list("Unknown", "0-1", "DYNAMIC");
    unknown["filterBranch"] = filter("shoe");
    reached.by("property_name_unknown", &create, unknown);
    let folders = format!("{LISTS}/folders");
    let folder = |account: &Account, name: &str, parent: &str| {
        account.call(&format!("POST {LISTS}/folders"), json!({ "name": name, "parentFolderId": parent }))
    };
    reached.by("folder_missing", &format!("GET {folders}?folderId=999"), Value::Null);
    let mut parent = "0".to_owned();
    let mut made = Vec::new();
    let refused = loop {
        let answer = folder(&reached.account, &format!("f{}", made.len()), &parent);
        if answer.status != 200 {
            break answer;
        }
        let id = &answer.body["folder"]["id"];
        parent = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        made.push(parent.clone());
    };
    reached.note("folders_too_deep", &format!("POST {folders}"), refused.status, &refused.body);
    reached.by("folder_not_empty", &format!("DELETE {folders}/{}", made[0]), Value::Null);
    reached.by("folder_in_itself", &format!("PUT {folders}/{}/move/{}", made[0], made[1]), Value::Null);
    let refused = (0..).map(|at| reached.account.call(&create, list(&format!("l{at}"), "0-1", "MANUAL"))).find(|one| one.status != 200);
    let refused = refused.unwrap();
    reached.note("lists_too_many", &create, refused.status, &refused.body);
}

fn webhooks(reached: &mut Reached) {
    let create = "POST /webhooks/v3/77/subscriptions";
    reached.account.call("PUT /webhooks/v3/77/settings", json!({ "targetUrl": "http://127.0.0.1:1/hooks" })).expect(200);
    let of = |at: usize| json!({ "eventType": "contact.propertyChange", "propertyName": format!("p{at}"), "active": true });
    for at in 0..1_000 {
        reached.account.call(create, of(at)).expect(201);
    }
    reached.by("subscription_exists", create, of(7));
    reached.by("subscriptions_too_many", create, of(1_000));
}

fn imports(reached: &mut Reached) {
    let mapping = json!([{ "columnObjectTypeId": "0-1", "columnName": "email", "propertyName": "email" }]);
    let file =
        |name: &str| json!({ "fileName": name, "fileFormat": "CSV", "fileImportPage": { "hasHeader": true, "columnMappings": mapping } });
    let form = |csv: &str, names: &[&str]| {
        let asked =
            json!({ "name": "May", "dateFormat": "DAY_MONTH_YEAR", "files": names.iter().map(|name| file(name)).collect::<Vec<_>>() });
        let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{asked}\r\n");
        for name in names {
            body += &format!(
                "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n{csv}\r\n"
            );
        }
        (body + "--b--\r\n").into_bytes()
    };
    reached.by_bytes("form_missing", &format!("POST {IMPORTS}"), b"{}");
    let begun = reached.account.call_with(&format!("POST {IMPORTS}"), &form("email\nada@example.com\n", &["a.csv"])).expect(200);
    let id = begun["id"].as_str().unwrap().to_owned();
    reached.account.get(&format!("{IMPORTS}/{id}")).expect(200);
    reached.account.get(&format!("{IMPORTS}/{id}")).expect(200);
    reached.by("import_not_cancelled", &format!("POST {IMPORTS}/{id}/cancel"), Value::Null);
    let wide = format!("email{}\n", ",x".repeat(1_000));
    let long = format!("email\n{}", "a\n".repeat(20_001));
    let cells = format!("email{}\n{}", ",x".repeat(99), format!("a{}\n", ",x".repeat(99)).repeat(5_100));
    for (name, csv, files) in [("import_columns_too_many", wide, 1), ("import_rows_too_many", long, 1), ("import_cells_too_many", cells, 2)]
    {
        reached.by_bytes(name, &format!("POST {IMPORTS}"), &form(&csv, &["a.csv", "b.csv"][..files]));
    }
}

#[test]
fn each_row_is_reached_by_a_call_and_the_answer_has_its_form() {
    let mut reached = Reached { account: Account::new(), answers: BTreeMap::new(), wrong: Vec::new() };
    let families = [
        requests,
        records,
        values,
        batches,
        associations,
        search,
        properties,
        pipelines,
        object_types,
        lists,
        webhooks,
        imports,
        beyond::first_versions,
        beyond::beyond,
        beyond::marketing,
        beyond::automation,
        beyond::cms,
    ];
    for family in families {
        reached.begin();
        // A family that stops at a call of its own does not hide what is wrong with the others.
        if catch_unwind(AssertUnwindSafe(|| family(&mut reached))).is_err() {
            reached.wrong.push("a call that prepares another failed; its panic is above".to_owned());
        }
    }
    let mut text = String::new();
    let beside = VALUE_ROWS.iter().map(|row| row.name).chain(DETAIL_ROWS.iter().map(|row| row.name));
    for name in ROWS.iter().map(|row| row.name).chain(beside) {
        match reached.answers.get(name) {
            Some(answer) => text += &format!("== {name}\n{answer}\n\n"),
            None => reached.wrong.push(format!("no call reaches {name}")),
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validation_errors.txt");
    if std::env::var_os("KEYWAY_WRITE_ERRORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(reached.wrong.is_empty(), "{} rows are not what the calls get:\n{}", reached.wrong.len(), reached.wrong.join("\n"));
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "the answers are not those of tests/validation_errors.txt. Run this test with KEYWAY_WRITE_ERRORS=1 and read the difference."
    );
}
