//! The rule at its limits, and the reading of a call.

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Catalog, Resolution};
use crate::path::NormalPath;
use crate::touched::Touched;

/// A call: method, path with query, and body.
struct Call {
    method: String,
    path: NormalPath,
    query: Option<String>,
    body: Value,
}

impl Call {
    fn of(line: &str, body: Value) -> Self {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
        Self { method: method.to_owned(), path: NormalPath::parse(path).unwrap(), query, body }
    }

    fn operation(&self) -> &'static crate::catalog::Operation {
        match Catalog::get().resolve(&self.method, &self.path) {
            Resolution::Found(operation) => operation,
            _ => panic!("{} {} is not in the catalog", self.method, self.path.as_str()),
        }
    }

    fn intent(&self) -> Intent {
        Intent::of(self.operation(), &self.path, self.query.as_deref(), &self.body)
    }

    fn count(&self) -> Option<u64> {
        let named = Touched::of(self.operation(), &self.path, self.query.as_deref()).map_or(0, |mut touched| {
            touched.body(self.body.to_string().as_bytes());
            touched.named(false).record_count
        });
        self.intent().count(named, self.operation().safety.bulk)
    }

    fn hit(&self, rule: &Rule) -> Option<String> {
        let subject = Subject { operation: self.operation(), method: &self.method, path: &self.path, records: self.count() };
        rule.hit(&subject)
    }
}

fn rule(classes: &[&str], above: Option<u64>, operations: &[&str]) -> Rule {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    Rule::parse(&owned(classes), above, &owned(operations)).unwrap()
}

fn inputs(count: u64, input: impl Fn(u64) -> Value) -> Value {
    json!({ "inputs": (1..=count).map(input).collect::<Vec<_>>() })
}

#[test]
fn a_change_of_n_records_passes_and_one_of_more_needs_an_approval_in_every_form_of_a_batch() {
    let above_four = rule(&[], Some(4), &[]);
    let id = |number: u64| json!({ "id": number.to_string(), "properties": { "city": "Bern" } });
    let mail = |number: u64| json!({ "id": format!("{number}@example.com"), "idProperty": "email", "properties": { "city": "Bern" } });
    let new = |number: u64| json!({ "properties": { "email": format!("{number}@example.com") } });
    // Each names two records.
    let link = |number: u64| json!({ "from": { "id": number.to_string() }, "to": { "id": (100 + number).to_string() }, "type": "1" });
    /// An operation, the number of records that a count of inputs names, and the body.
    type Form = (&'static str, fn(u64) -> u64, Box<dyn Fn(u64) -> Value>);
    let forms: Vec<Form> = vec![
        ("POST /crm/v3/objects/contacts/batch/update", |of| of, Box::new(move |of| inputs(of, id))),
        ("POST /crm/v3/objects/contacts/batch/update", |of| of, Box::new(move |of| inputs(of, mail))),
        ("POST /crm/objects/2026-09/contacts/batch/update", |of| of, Box::new(move |of| inputs(of, id))),
        ("POST /crm/v3/objects/0-1/batch/upsert", |of| of, Box::new(move |of| inputs(of, mail))),
        ("POST /crm/v3/objects/contacts/batch/create", |of| of, Box::new(move |of| inputs(of, new))),
        (
            "POST /crm/v3/objects/p_boat/batch/archive",
            |of| of,
            Box::new(move |of| inputs(of, |number| json!({ "id": number.to_string() }))),
        ),
        // A list that repeats one record is a long list, too.
        ("POST /crm/v3/objects/contacts/batch/update", |of| of, Box::new(move |of| inputs(of, move |_| id(7)))),
        ("POST /crm/v4/associations/contacts/companies/batch/associate/default", |of| of / 2, Box::new(move |of| inputs(of, link))),
        ("POST /crm/v3/associations/contacts/companies/batch/create", |of| of / 2, Box::new(move |of| inputs(of, link))),
        ("PUT /crm/v3/lists/9/memberships/add", |of| of, Box::new(|of| json!((1..=of).collect::<Vec<_>>()))),
        (
            "PUT /crm/v3/lists/9/memberships/add-and-remove",
            |of| of,
            Box::new(|of| json!({ "recordIdsToAdd": [1], "recordIdsToRemove": (1..of).collect::<Vec<_>>() })),
        ),
        (
            "POST /contacts/v1/contact/batch",
            |of| of,
            Box::new(|of| json!((1..=of).map(|number| json!({ "vid": number, "properties": [] })).collect::<Vec<_>>())),
        ),
    ];
    for (line, of, body) in forms {
        let at = Call::of(line, body(of(4)));
        assert_eq!(at.hit(&above_four), None, "{line} of {:?}", at.count());
        let beyond = Call::of(line, body(of(4) + 1));
        assert!(beyond.hit(&above_four).is_some(), "{line} of {:?}", beyond.count());
    }
    let one = Call::of("PATCH /crm/v3/objects/contacts/1", json!({ "properties": { "city": "Bern", "zip": "1", "state": "2" } }));
    assert_eq!((one.count(), one.hit(&rule(&[], Some(1), &[]))), (Some(1), None));
    assert!(one.hit(&rule(&[], Some(0), &[])).is_some());
    // Reads are not counted.
    let read = Call::of("POST /crm/v3/objects/contacts/batch/read", inputs(50, id));
    assert_eq!(read.hit(&above_four), None);
}

#[test]
fn what_changes_many_and_names_none_cannot_be_counted_and_needs_an_approval() {
    let above = rule(&[], Some(1_000), &[]);
    for line in ["DELETE /crm/v3/lists/9/memberships", "PUT /crm/v3/lists/9/memberships/add-from/8"] {
        assert!(Call::of(line, Value::Null).hit(&above).is_some(), "{line}");
    }
    assert_eq!(Call::of("PATCH /crm/v3/properties/contacts/city", json!({ "label": "City" })).hit(&above), None);
}

#[test]
fn an_operation_is_meant_in_every_version_and_spelling_and_its_neighbour_is_not() {
    let rule = rule(&[], None, &["POST /crm/v3/objects/{objectType}/merge", "DELETE /crm/v3/objects/contacts/{contactId}"]);
    for line in [
        "POST /crm/v3/objects/contacts/merge",
        "POST /crm/v3/objects/0-2/merge",
        "POST /crm/v3/objects/p_boat/merge",
        "POST /crm/objects/2026-09/deals/merge",
        "DELETE /crm/v3/objects/contacts/5",
        "DELETE /crm/v3/objects/0-1/5",
        "DELETE /crm/v3/objects/CONTACT/5",
    ] {
        assert!(Call::of(line, Value::Null).hit(&rule).is_some(), "{line}");
    }
    for line in ["DELETE /crm/v3/objects/companies/5", "PATCH /crm/v3/objects/contacts/5", "POST /crm/v3/objects/contacts/batch/archive"] {
        assert_eq!(Call::of(line, Value::Null).hit(&rule), None, "{line}");
    }
    let refused = |text: &str| Rule::parse(&[], None, &[text.to_owned()]).unwrap_err().to_string();
    for text in ["POST /crm/v3/objects/{objectType}/merje", "merge", "MERGE /crm/v3/objects/contacts", "POST crm", "POST /"] {
        assert!(refused(text).contains("not a HubSpot operation"), "{text}");
    }
    assert!(Rule::parse(&["updates".to_owned()], None, &[]).unwrap_err().to_string().contains("update"));
}

#[test]
fn classes_are_those_of_the_catalog_and_both_rules_of_two_hold() {
    let of_app = rule(&["update"], Some(10), &[]);
    let patch = Call::of("PATCH /crm/v3/objects/contacts/5", json!({ "properties": {} }));
    assert!(patch.hit(&of_app).is_some());
    let create = Call::of("POST /crm/v3/objects/contacts", json!({ "properties": {} }));
    assert_eq!(create.hit(&of_app), None);
    let both = of_app.and(&rule(&["create"], Some(3), &["POST /crm/v3/objects/{objectType}/merge"]));
    assert_eq!((both.above(), both.classes().len(), both.operations().len()), (Some(3), 2, 1));
    assert!(create.hit(&both).is_some() && patch.hit(&both).is_some());
    assert_eq!(Rule::default().and(&of_app), of_app);
}

#[test]
fn a_step_has_the_record_its_name_and_what_is_set() {
    let call = Call::of("PATCH /crm/v3/objects/contacts/a@b.c?idProperty=email", json!({ "properties": { "City": "Bern", "zip": 3000 } }));
    let steps = call.intent().steps;
    assert_eq!((steps.len(), steps[0].object_type.as_str(), steps[0].id.as_deref()), (1, "contacts", Some("a@b.c")));
    assert_eq!(steps[0].id_property.as_deref(), Some("email"));
    assert_eq!(steps[0].sets, [("City".to_owned(), json!("Bern")), ("zip".to_owned(), json!(3000))]);
    let merge = Call::of("POST /crm/v3/objects/companies/merge", json!({ "primaryObjectId": "1", "objectIdToMerge": "2" }));
    assert_eq!(merge.intent().steps.iter().map(|step| step.id.as_deref().unwrap()).collect::<Vec<_>>(), ["1", "2"]);
    let old = Call::of("POST /contacts/v1/contact/vid/7/profile", json!({ "properties": [{ "property": "city", "value": "Bern" }] }));
    let steps = old.intent().steps;
    assert_eq!((steps[0].id.as_deref(), &steps[0].sets[0]), (Some("7"), &("city".to_owned(), json!("Bern"))));
    let by_mail = Call::of("POST /contacts/v1/contact/email/a@b.c/profile", json!({ "properties": [] }));
    assert_eq!(by_mail.intent().steps[0].id.as_deref(), Some("a@b.c"));
    let erased = Call::of("POST /crm/v3/objects/contacts/gdpr-delete", json!({ "objectId": "a@b.c", "idProperty": "email" }));
    assert_eq!(erased.intent().steps[0].id_property.as_deref(), Some("email"));
}

#[test]
fn records_are_read_by_type_with_the_properties_that_are_set_and_put_to_their_steps() {
    let body = json!({ "inputs": [
        { "id": "1", "properties": { "City": "Bern" } },
        { "id": "A@b.c", "idProperty": "email", "properties": { "zip": "1" } },
        { "id": "9", "properties": { "city": "Chur" } },
    ] });
    let intent = Call::of("POST /crm/v3/objects/contacts/batch/update", body).intent();
    let reads = reads(&intent);
    assert_eq!(reads.iter().map(|read| read.path.as_str()).collect::<Vec<_>>(), ["/crm/v3/objects/contacts/batch/read"; 2]);
    assert_eq!(reads[0].body, json!({ "properties": ["city"], "propertiesWithHistory": [], "inputs": [{ "id": "1" }, { "id": "9" }] }));
    assert_eq!((&reads[1].body["idProperty"], &reads[1].body["properties"]), (&json!("email"), &json!(["zip", "email"])));
    let mut states = vec![None; 3];
    reads[0].states(&intent, &json!({ "results": [{ "id": "1", "updatedAt": "T", "properties": { "city": "Genf" } }] }), &mut states);
    reads[1].states(&intent, &json!({ "results": [{ "id": "5", "properties": { "email": "a@b.c", "zip": null } }] }), &mut states);
    assert_eq!(states[2], Some(Value::Null));
    let change = Change::of("POST", "/x", Some("{}"), &intent, &states, Vec::new());
    assert_eq!(change.body, None, "the records say what is in it");
    let told: Vec<_> = change.records.iter().map(|record| (record.state.as_str(), record.properties[0].before.as_deref())).collect();
    assert_eq!(told, [("there", Some("Genf")), ("there", None), ("not there", None)]);
    assert_eq!(change.records[0].properties[0].after.as_deref(), Some("Bern"));
    assert_eq!(change.records[1].id.as_deref(), Some("email A@b.c"));
}

#[test]
fn what_a_person_is_shown_is_bounded() {
    let long = "x".repeat(10_000);
    let body = inputs(300, |number| json!({ "id": number.to_string(), "properties": { "a": long, "b": long, "c": long } }));
    let intent = Call::of("POST /crm/v3/objects/contacts/batch/update", body).intent();
    assert_eq!((intent.steps.len(), intent.more), (200, 100));
    let states = vec![None; intent.steps.len()];
    let change = Change::of("POST", &long, None, &intent, &states, Vec::new());
    assert_eq!(change.records.len() as u64 + change.more, 300);
    let written = serde_json::to_string(&change).unwrap();
    assert!(written.len() < 300 * 1024, "{}", written.len());
}

#[test]
fn a_body_has_one_form_whatever_its_order_and_space_and_another_for_another_value() {
    let form = |text: &str| canonical(text.as_bytes()).map(|(form, _)| form);
    let one = form(r#" { "b" : [1, 2.50, "\u0061"], "a": {"y":null,"x":true} } "#).unwrap();
    assert_eq!(one, r#"{"a":{"x":true,"y":null},"b":[1,2.50,"a"]}"#);
    assert_eq!(form(r#"{"a":{"x":true,"y":null},"b":[1,2.50,"a"]}"#).unwrap(), one);
    for other in [
        r#"{"a":{"x":true,"y":null},"b":[2.50,1,"a"]}"#,
        r#"{"a":{"x":true,"y":null},"b":[1,2.5,"a"]}"#,
        r#"{"a":{"x":true},"b":[1,2.50,"a"]}"#,
        r#"{"a":{"x":true,"y":null},"b":[1,2.50,"A"]}"#,
    ] {
        assert_ne!(form(other).unwrap(), one, "{other}");
    }
    assert_eq!(form(r#"{"inputs":[],"\u0069nputs":[1]}"#), Err(BodyError::Twice("inputs".into())));
    assert_eq!(form(r#"[{"a":1},{"b":{"c":1,"c":1}}]"#), Err(BodyError::Twice("c".into())));
    assert_eq!(form(r#"[{"a":1},{"a":1}]"#).unwrap(), r#"[{"a":1},{"a":1}]"#);
    for text in ["", "{", "{'a':1}", "\u{feff}{}", "nul"] {
        assert_eq!(form(text), Err(BodyError::NotJson), "{text}");
    }
    assert_eq!(canonical(b"\xff"), Err(BodyError::NotJson));
    assert_eq!(canonical(&[b' '; BODY_BYTES_MAX + 1]), Err(BodyError::TooLong));
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(form(&deep), Err(BodyError::NotJson));
    // An escape at the end of a text.
    assert_eq!(form(r#"{"a\\":"\"\\"}"#).unwrap(), r#"{"a\\":"\"\\"}"#);
}
