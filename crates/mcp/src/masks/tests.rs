use serde_json::json;

use super::*;

const FILE: &str = "[default]\n\"contacts.email\" = \"mask\"\n\"*.phone\" = \"drop\"\n[app.crm-agent]\n\"contacts.email\" = \"allow\"\n[app.7]\n\"*.*\" = \"allow\"\n";

#[test]
fn an_apps_rules_come_before_those_for_all_and_the_built_in_ones_last() {
    let masks = Masks::parse(FILE).unwrap();
    let of = |app: u64, name: &str, object: Option<&str>, property: &str| masks.of(app, Some(name)).treatment(object, property);
    assert_eq!(of(1, "other", Some("contacts"), "email"), Treatment::Mask);
    assert_eq!(of(1, "other", Some("0-1"), "Email"), Treatment::Mask);
    assert_eq!(of(1, "other", Some("companies"), "email"), Treatment::Allow);
    assert_eq!(of(1, "other", None, "email"), Treatment::Mask, "of an unknown type the strictest");
    assert_eq!(of(1, "crm-agent", Some("contacts"), "email"), Treatment::Allow);
    assert_eq!(of(1, "crm-agent", Some("deals"), "phone"), Treatment::Drop);
    assert_eq!(of(1, "other", Some("deals"), "customer_ssn"), Treatment::Mask);
    assert_eq!(of(7, "other", Some("deals"), "customer_ssn"), Treatment::Allow);
}

#[test]
fn a_masked_value_is_nowhere_in_the_answer() {
    let masks = Masks::parse(FILE).unwrap().of(1, None);
    let mut answer = json!({
        "results": [
            { "properties": { "email": "ada@acme.example", "phone": "+49 30 1234567", "firstname": "Ada" } },
            { "properties": { "email": { "value": "ada@acme.example" } }, "identity": [{ "type": "EMAIL", "value": "ada@acme.example" }] },
            { "name": "email", "value": "ada@acme.example", "note": "write to ada@acme.example" },
        ],
    });
    masks.apply(Some("contacts"), &mut answer);
    let text = answer.to_string();
    assert!(!text.contains("ada@acme") && !text.contains("1234567") && !text.contains("phone"), "{text}");
    assert!(text.contains("Ada"));
}

#[test]
fn patterns_match_as_they_are_read() {
    for (pattern, name, fits) in [
        ("email", "email", true),
        ("email", "emails", false),
        ("*_ssn", "a_ssn", true),
        ("*_ssn", "a_ssn_b", false),
        ("*secret*", "my_secret_x", true),
        ("a*b*c", "a1b2c", true),
        ("a*b*c", "a1c", false),
        ("*", "", true),
    ] {
        assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
    }
}

#[test]
fn a_file_that_masks_nothing_by_mistake_is_refused() {
    for wrong in [
        "[default]\nemail = \"mask\"",
        "[default]\n\"contacts.email\" = \"hide\"",
        "[defaults]\n",
        "[default]\n\"contact s.email\" = \"mask\"",
        "[default]\n\"kontakte.email\" = \"mask\"",
    ] {
        assert!(Masks::parse(wrong).is_err(), "{wrong}");
    }
}
