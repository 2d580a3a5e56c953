use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;

use super::rules::{Action, Rules};
use super::*;

fn masker() -> Masker {
    let known = |value_type: &str, options: &[&str]| KnownProperty {
        value_type: value_type.to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    };
    let properties = [
        ("email", known("string", &[])),
        ("firstname", known("string", &[])),
        ("phone", known("string", &[])),
        ("amount", known("number", &[])),
        ("closedate", known("datetime", &[])),
        ("hs_lead_status", known("enumeration", &["NEW", "OPEN"])),
        ("associatedcompanyid", known("number", &[])),
    ];
    let properties = properties.into_iter().map(|(name, known)| (name.to_owned(), known)).collect();
    let words = HashSet::from(["closedwon".to_owned(), "lead".to_owned(), "2".to_owned()]);
    Masker::new([7; 32], Rules::built_in(), Vocabulary { properties, words })
}

#[test]
fn a_record_id_is_the_same_in_path_body_cursor_and_link() {
    let masker = masker();
    let body = masker.json(&json!({
        "id": "12345", "results": [{ "toObjectId": 12345, "properties": { "associatedcompanyid": "12345", "hs_object_id": "12345" } }],
        "paging": { "next": { "after": "12345", "link": "https://api.hubapi.com/crm/v3/objects/contacts/12345?after=12345" } },
        "message": "Contact already exists. Existing ID: 12345",
    }));
    let id = body["id"].as_str().unwrap();
    assert!(id != "12345" && id.len() == 5, "{id}");
    assert_eq!(body["results"][0]["toObjectId"].to_string(), id);
    assert_eq!(body["results"][0]["properties"], json!({ "associatedcompanyid": id, "hs_object_id": id }));
    assert_eq!(body["paging"]["next"]["after"], id);
    assert_eq!(body["paging"]["next"]["link"], format!("https://api.hubapi.com/crm/v3/objects/contacts/{id}?after={id}"));
    assert_eq!(body["message"], format!("Contact already exists. Existing ID: {id}"));
    assert_eq!(masker.path("GET", "/crm/v3/objects/contacts/12345"), format!("/crm/v3/objects/contacts/{id}"));
}

#[test]
fn no_two_ids_of_the_same_length_become_one() {
    let masker = masker();
    let made: HashSet<String> = (100..1000).map(|id| masker.text(Action::Id, &id.to_string())).collect();
    assert_eq!(made.len(), 900);
    assert!(made.iter().all(|id| id.len() == 3 && !id.starts_with('0')));
}

#[test]
fn an_address_is_the_same_in_any_case_and_at_any_place_and_has_the_domain_of_its_company() {
    let masker = masker();
    let body = masker.json(&json!({
        "properties": { "email": "Ada@Acme.example", "domain": "acme.example" },
        "filterGroups": [{ "filters": [{ "propertyName": "email", "operator": "EQ", "value": "ada@acme.example" }] }],
        "errors": [{ "message": "Email address ada@acme.example is invalid", "context": { "email": ["ada@acme.example"] } }],
    }));
    let email = body["properties"]["email"].as_str().unwrap();
    assert_eq!(body["filterGroups"][0]["filters"][0], json!({ "propertyName": "email", "operator": "EQ", "value": email }));
    assert!(email.ends_with(&format!("@{}", body["properties"]["domain"].as_str().unwrap())));
    assert_eq!(body["errors"][0]["context"]["email"][0], email);
    let message = body["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("Email ") && message.contains(email) && message.ends_with(" is invalid"), "{message}");
    assert!(masker.path("GET", "/crm/v3/objects/contacts/ada%40acme.example").ends_with(&email.replace('@', "%40")));
}

#[test]
fn what_hubspot_defines_stays_and_what_an_account_made_does_not() {
    let masker = masker();
    let body = json!({ "category": "VALIDATION_ERROR", "status": "error", "properties": {
        "hs_lead_status": "OPEN;Secret", "dealstage": "closedwon", "salary_band": "Top", "closedate": "2026-11-01T10:00:00.000Z", "amount": "-1500.25" } });
    let masked = masker.json(&body);
    assert_eq!((&masked["category"], &masked["status"]), (&json!("VALIDATION_ERROR"), &json!("error")));
    let properties = masked["properties"].as_object().unwrap();
    assert!(properties["hs_lead_status"].as_str().unwrap().starts_with("OPEN;x"));
    assert_eq!(properties["dealstage"], "closedwon");
    assert!(!properties.contains_key("salary_band"));
    let day = properties["closedate"].as_str().unwrap();
    assert!(day.ends_with("T10:00:00.000Z") && day < "2026", "{day}");
    let amount = properties["amount"].as_str().unwrap();
    assert!(amount.starts_with('-') && amount.len() == 8 && amount != "-1500.25", "{amount}");
}

#[test]
fn nothing_planted_stays_at_any_place() {
    let masker = masker();
    let planted = ["Lovelace", "ada@acme.example", "+44 20 7946 0018", "Analytical Engines", "secret_tier", "hush", "pat-na1-11112222"];
    let body = json!({
        "properties": {
            "firstname": "Lovelace", "email": "ada@acme.example", "phone": "+44 20 7946 0018", "secret_tier": "hush",
            "notes_json": "{\"Lovelace\":{\"mail\":\"ada@acme.example\",\"x\":[\"hush\"]}}",
            "url": "https://ada:hush@acme.example/Lovelace?who=Lovelace#hush",
        },
        "Lovelace": "hush", "name": "Analytical Engines", "type": "Lovelace", "status": "Lovelace", "operator": "Lovelace",
        "message": "Property values were not valid: [{\"isValid\":false,\"message\":\"Lovelace was hush\",\"name\":\"secret_tier\"}]",
        "token": "pat-na1-11112222", "value": "Lovelace", "inputs": ["Lovelace", "ada@acme.example", "pat-na1-11112222"],
        "context": { "secret_tier": ["Lovelace"] }, "label": "Lovelace", "in": "secret_tier",
        "content": "Lovelace ".repeat(40),
    });
    let all = format!(
        "{} {} {:?} {}",
        masker.json(&body),
        masker.path("GET", "/crm/v3/objects/contacts/Lovelace/hush"),
        masker.query("q=Lovelace&ada%40acme.example=hush&properties=secret_tier,email&name=Analytical+Engines&hapikey=hush"),
        masker.media_type("Lovelace/hush"),
    );
    for value in planted {
        assert!(!all.to_lowercase().contains(&value.to_lowercase()), "{value} in {all}");
    }
    assert!(masker.header("retry-after", "10").is_some());
    assert!(masker.header("retry-after", "Lovelace").is_none() && masker.header("x-other", "10").is_none());
}

#[test]
fn another_key_gives_other_replacements() {
    let other = Masker::new([8; 32], Rules::built_in(), Vocabulary::default());
    for (action, value) in
        [(Action::Id, "123456789"), (Action::Email, "ada@acme.example"), (Action::Text, "Lovelace"), (Action::Phone, "+442079460018")]
    {
        assert_ne!(masker().text(action, value), other.text(action, value), "{value}");
        assert_eq!(masker().text(action, value), masker().text(action, value), "{value}");
    }
}

#[test]
fn a_table_extends_the_rules_and_a_bad_row_changes_nothing() {
    let mut rules = Rules::built_in();
    rules.extend("# ours\nproperty\tkeep\tregion_number\nword\tkeep\tnorth\nkey\tword\tregion\n").unwrap();
    let masker = Masker::new([7; 32], rules.clone(), Vocabulary::default());
    assert_eq!(masker.json(&json!({ "region": "north" })), json!({ "region": "north" }));
    assert_eq!(masker.property("region_number", "12"), "12");
    for (table, what) in [
        ("key\tkeep", "line 1: a row has three columns, separated by tabs: place, action, names"),
        (
            "word\tkeep\tsouth\nkeys\tkeep\ta",
            "line 2: keys is not a place; there are key, property, type, path, query, header, media, host, word, phrase, compare",
        ),
        ("word\tdrop\tsouth", "line 1: the action of this place is keep"),
    ] {
        assert_eq!(rules.extend(table).unwrap_err().to_string(), what);
    }
    assert!(!rules.lists(rules::Place::Word, "south"));
}

#[test]
fn an_offset_of_an_older_list_is_replaced_like_the_record_that_it_names() {
    let masker = masker();
    let body = masker.json(&json!({ "companyId": 115_200_636, "offset": 115_200_636 }));
    assert_ne!(body["offset"], 115_200_636);
    assert_eq!(body["offset"], body["companyId"]);
    assert_eq!(masker.query("offset=115200636"), [("offset".to_owned(), body["companyId"].to_string())]);
}

#[test]
fn a_key_that_begins_with_a_letter_of_several_bytes_is_masked() {
    let masker = masker();
    for key in ["é_x", "💡_1", "p_x", "_", "p1_", "pé_x"] {
        let body = masker.json(&json!({ key: 1 }));
        assert_eq!(body.as_object().unwrap().len(), 1, "{key}");
    }
    assert!(masker.json(&json!({ "p42_boat": 1 })).as_object().unwrap().keys().all(|key| key.starts_with('p') && key.contains('_')));
}

/// Texts in the forms that the rules recognise, and other texts.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[pé💡]?[0-9é]{0,3}_\\PC{0,6}",
        "[+-]?[0-9]{1,20}[.]?[0-9é]{0,20}",
        "[0-9é]{4}-[0-9é]{2}-[0-9]{2}[T ]?\\PC{0,20}",
        "\\PC{0,5}@\\PC{0,5}[.]\\PC{0,3}",
        "https?://\\PC{0,8}[/?#]\\PC{0,8}",
        "[\\[{]\"?\\PC{0,8}\"?[:,]?\\PC{0,4}[\\]}]",
        "[.'/:%+-]{0,4}\\PC{0,6}[.'/:%+-]{0,4}",
        prop::sample::select(vec![
            "offset",
            "properties",
            "value",
            "message",
            "id",
            "email",
            "closedate",
            "objectType",
            "p1_é",
            "access_token"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_mask_panic(key in texts(), name in texts(), value in texts(), deep in texts()) {
        let masker = masker();
        let body = json!({ &key: value, "properties": { &name: value }, "property": name, "value": [value, { &deep: deep }], "message": deep });
        let masked = masker.json(&body);
        prop_assert_eq!(&masked, &masker.json(&body));
        masker.json(&body.to_string().into());
        for action in [Action::Id, Action::ObjectType, Action::Number, Action::Date, Action::Phone, Action::Url, Action::Text, Action::Message, Action::Code] {
            masker.text(action, &value);
        }
        masker.path("GET", &value);
        masker.path("GET", &format!("/crm/v3/objects/{key}/{value}"));
        masker.query(&format!("{key}={value}&{deep}"));
        masker.url(&value);
        masker.header(&name, &value);
        masker.media_type(&value);
    }
}
