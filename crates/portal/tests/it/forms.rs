//! Submissions of forms (legacydocs.hubspot.com/docs/methods/forms/submit_form and …/submit_form_v3_authentication), and
//! forms v2.

use serde_json::{Value, json};

use crate::support::{Account, HUB_ID, NOW_MS};

fn field(name: &str, field_type: &str, required: bool) -> Value {
    json!({ "objectTypeId": "0-1", "name": name, "label": name, "fieldType": field_type, "required": required, "hidden": false })
}

/// A form for an address and a city.
fn form(account: &Account) -> String {
    let fields = [field("email", "email", true), field("city", "single_line_text", false)];
    let groups = json!([{ "groupType": "default_group", "richTextType": "text", "fields": fields }]);
    let form = json!({ "name": "Contact us", "formType": "hubspot", "fieldGroups": groups });
    account.call("POST /marketing/v3/forms", form).expect(201)["id"].as_str().unwrap().to_owned()
}

fn values(pairs: &[(&str, &str)]) -> Vec<Value> {
    pairs.iter().map(|(name, value)| json!({ "objectTypeId": "0-1", "name": name, "value": value })).collect()
}

fn submit(account: &Account, form: &str, pairs: &[(&str, &str)]) -> crate::support::Answer {
    let context = json!({ "pageUri": "https://www.example.com/contact", "pageName": "Contact" });
    let body = json!({ "fields": values(pairs), "context": context });
    account.call(&format!("POST /submissions/v3/integration/secure/submit/{HUB_ID}/{form}"), body)
}

fn contact(account: &Account, email: &str, names: &str) -> Value {
    account.get(&format!("/crm/v3/objects/contacts/{email}?idProperty=email&properties={names}")).expect(200)["properties"].clone()
}

#[test]
fn a_submission_makes_a_contact_and_the_next_one_changes_it() {
    let account = Account::new();
    let form = form(&account);
    let told = submit(&account, &form, &[("email", "Ada@Example.com"), ("city", "Porto")]).expect(200);
    assert_eq!(told, json!({ "inlineMessage": "Thanks for submitting the form." }));
    let names = "city,lifecyclestage,hs_object_source,first_conversion_event_name,num_conversion_events,num_unique_conversion_events";
    let made = contact(&account, "ada@example.com", names);
    assert_eq!((&made["city"], &made["lifecyclestage"], &made["hs_object_source"]), (&json!("Porto"), &json!("lead"), &json!("FORM")));
    assert_eq!((&made["first_conversion_event_name"], &made["num_conversion_events"]), (&json!("Contact: Contact us"), &json!("1")));
    submit(&account, &form, &[("email", "ada@example.com"), ("city", "Lagos")]).expect(200);
    let changed = contact(&account, "ada@example.com", names);
    assert_eq!(
        (&changed["city"], &changed["num_conversion_events"], &changed["num_unique_conversion_events"]),
        (&json!("Lagos"), &json!("2"), &json!("1"))
    );
    assert_eq!(account.get("/crm/v3/objects/contacts").ids().len(), 1);
}

#[test]
fn submissions_are_read_newest_first_and_page_by_page() {
    let account = Account::new();
    let form = form(&account);
    for n in 0..3 {
        submit(&account, &form, &[("email", &format!("c{n}@example.com"))]).expect(200);
    }
    let path = format!("/form-integrations/v1/submissions/forms/{form}");
    let page = account.get(&format!("{path}?limit=2")).expect(200);
    let emails = |page: &Value| {
        page["results"].as_array().unwrap().iter().map(|one| one["values"][0]["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(emails(&page), ["c2@example.com", "c1@example.com"]);
    let after = page["paging"]["next"]["after"].as_str().unwrap();
    let last = account.get(&format!("{path}?limit=2&after={after}")).expect(200);
    assert_eq!((emails(&last), last.get("paging")), (vec!["c0@example.com".to_owned()], None));
    let one = &last["results"][0];
    assert_eq!((&one["pageUrl"], one["submittedAt"].as_i64() > Some(NOW_MS)), (&json!("https://www.example.com/contact"), true));
    account.get(&format!("{path}?limit=51")).refused(400, "between 1 and 50");
    account.get("/form-integrations/v1/submissions/forms/none").refused(404, "none");
}

/// The words are those of answers in public threads (verbb/formie#2618).
#[test]
fn what_does_not_fit_the_form_is_refused_with_its_type() {
    let account = Account::new();
    let form = form(&account);
    let public = format!("POST /submissions/v3/integration/submit/{HUB_ID}/{form}");
    let refused = account.call(&public, json!({ "fields": values(&[("email", "a@example.com"), ("company", "Foods")]) }));
    assert_eq!((refused.status, &refused.body["message"]), (400, &json!("The request is not valid")));
    let expected = json!([{ "message": "Error in 'fields.company'. The field is not part of the form definition", "errorType": "FIELD_NOT_IN_FORM_DEFINITION" }]);
    assert_eq!(refused.body["errors"], expected);
    // With a token, a field of the account need not be in the form.
    submit(&account, &form, &[("email", "a@example.com"), ("company", "Foods")]).expect(200);
    submit(&account, &form, &[("city", "Porto")]).refused(400, "Error in 'fields.email'. Required field 'email' is missing");
    submit(&account, &form, &[("email", "not an address")]).refused(400, "Error in 'fields.email'. Invalid email address");
    submit(&account, &form, &[("email", "a@example.com"), ("followercount", "many")]).refused(400, "INVALID_NUMBER");
    submit(&account, &form, &[("email", "a@example.com"), ("lifecyclestage", "no_such")]).refused(400, "VALUE_NOT_IN_FIELD_DEFINITION");
    submit(&account, &form, &[("email", "a@example.com"), ("no_such", "1")]).refused(400, "INVALID_METADATA");
    let old = json!({ "fields": values(&[("email", "a@example.com")]), "submittedAt": (NOW_MS - 40 * 86_400_000).to_string() });
    account.call(&public, old).refused(400, "one month");
    let skipping = json!({ "fields": values(&[("city", "Porto")]), "skipValidation": true });
    account.call(&public, skipping).expect(200);
    let many: Vec<Value> = (0..1_001).map(|_| values(&[("city", "x")])[0].clone()).collect();
    account.call(&public, json!({ "fields": many })).refused(400, "MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED");
    account.call(&format!("POST /submissions/v3/integration/submit/1/{form}"), json!({ "fields": [] })).refused(404, "1");
    account.call(&format!("POST /submissions/v3/integration/submit/{HUB_ID}/none"), json!({ "fields": [] })).refused(404, "none");
    let kept = account.get(&format!("/form-integrations/v1/submissions/forms/{form}")).expect(200);
    assert_eq!(kept["results"].as_array().unwrap().len(), 2, "refused submissions are not kept");
}

#[test]
fn a_person_who_consents_is_subscribed() {
    let account = Account::new();
    let form = form(&account);
    let communication = |value: bool, id: u64| json!({ "value": value, "subscriptionTypeId": id, "text": "Yes, please" });
    let with = |communications: Value| json!({ "fields": values(&[("email", "ada@example.com")]), "legalConsentOptions": { "consent": { "consentToProcess": true, "text": "I agree", "communications": communications } } });
    let line = format!("POST /submissions/v3/integration/secure/submit/{HUB_ID}/{form}");
    account.call(&line, with(json!([communication(true, 1), communication(false, 4)]))).expect(200);
    let statuses = account.get("/communication-preferences/v3/status/email/ada@example.com").expect(200);
    let of = |id: &str| statuses["subscriptionStatuses"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()["status"].clone();
    assert_eq!((of("1"), of("4")), (json!("SUBSCRIBED"), json!("NOT_SUBSCRIBED")));
    account.call(&line, with(json!([communication(true, 1), communication(true, 1)]))).refused(400, "DUPLICATE_SUBSCRIPTION_TYPE_ID");
    account.call(&line, with(json!([{ "value": true, "subscriptionTypeId": 1 }]))).refused(400, "MISSING_COMMUNICATION_CONSENT_TEXT");
}

#[test]
fn a_form_tells_where_to_go_after_it() {
    let account = Account::new();
    let form = form(&account);
    let action = |kind: &str, value: &str| json!({ "configuration": { "postSubmitAction": { "type": kind, "value": value } } });
    account.call(&format!("PATCH /marketing/v3/forms/{form}"), action("redirect_url", "https://example.com/thanks")).expect(200);
    assert_eq!(submit(&account, &form, &[("email", "a@example.com")]).expect(200), json!({ "redirectUri": "https://example.com/thanks" }));
    account.call(&format!("PATCH /marketing/v3/forms/{form}"), action("thank_you", "Bye")).expect(200);
    assert_eq!(submit(&account, &form, &[("email", "a@example.com")]).expect(200), json!({ "inlineMessage": "Bye" }));
}

/// legacydocs.hubspot.com/docs/methods/forms/v2/create_form and its neighbours
#[test]
fn forms_v2_are_the_same_forms() {
    let account = Account::new();
    let fields = json!([
        { "name": "email", "label": "Address", "type": "string", "fieldType": "text", "required": true },
        { "name": "lifecyclestage", "label": "Stage", "type": "enumeration", "fieldType": "select", "options": [{ "label": "Lead", "value": "lead" }] },
    ]);
    let old =
        json!({ "name": "Old", "redirect": "https://example.com/bye", "submitText": "Send", "formFieldGroups": [{ "fields": fields }] });
    let made = account.call("POST /forms/v2/forms", old).expect(200);
    let id = made["guid"].as_str().unwrap();
    assert_eq!(
        (&made["redirect"], &made["submitText"], &made["portalId"]),
        (&json!("https://example.com/bye"), &json!("Send"), &json!(HUB_ID))
    );
    let now = account.get(&format!("/marketing/v3/forms/{id}")).expect(200);
    let types: Vec<&Value> = now["fieldGroups"][0]["fields"].as_array().unwrap().iter().map(|field| &field["fieldType"]).collect();
    assert_eq!(types, [&json!("email"), &json!("dropdown")]);
    let listed = account.get("/forms/v2/forms").expect(200);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]), (1, &made));
    assert_eq!(account.get(&format!("/forms/v2/forms/{id}")).expect(200), made);
    let stage = account.get(&format!("/forms/v2/fields/{id}/lifecyclestage")).expect(200);
    assert_eq!((&stage["fieldType"], &stage["options"][0]["value"], &stage["required"]), (&json!("select"), &json!("lead"), &json!(false)));
    assert_eq!(account.get(&format!("/forms/v2/fields/{id}")).expect(200).as_array().unwrap().len(), 2);
    account.get(&format!("/forms/v2/fields/{id}/none")).refused(404, "none");
    for method in ["POST", "PUT"] {
        assert_eq!(account.call(&format!("{method} /forms/v2/forms/{id}"), json!({ "name": method })).expect(200)["name"], method);
    }
    submit(&account, id, &[("city", "Porto")]).refused(400, "Required field 'email' is missing");
    account.call(&format!("DELETE /forms/v2/forms/{id}"), Value::Null).expect(204);
    account.get(&format!("/forms/v2/forms/{id}")).refused(404, id);
    account.call("POST /forms/v2/forms", json!({ "formFieldGroups": [] })).refused(400, "name");
}
