use std::collections::HashSet;

use super::*;

#[test]
fn names_are_unique_and_no_category_of_hubspots() {
    let names: HashSet<&str> = Refusal::all().map(Refusal::name).collect();
    assert_eq!(names.len(), ALL.len());
    assert!(ALL.len() < 256 && names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
    let causes: Vec<&str> = Refusal::all()
        .filter_map(|refusal| match refusal.doctor() {
            Doctor::Row(cause) => Some(cause),
            Doctor::Rules => None,
        })
        .collect();
    assert_eq!(causes.iter().collect::<HashSet<_>>().len(), causes.len(), "each row that explains itself has a cause of its own");
}

#[test]
fn each_refusal_has_a_sentence_and_a_remedy() {
    for refusal in Refusal::all() {
        assert_eq!(Refusal::named(refusal.name()), Some(refusal));
        assert!(!refusal.remedy().is_empty() && refusal.cause().ends_with(['.', ')']), "{}", refusal.name());
        for step in refusal.remedy() {
            assert!(step.ends_with('.') && step.starts_with(|first: char| first.is_ascii_uppercase()), "{}: {step}", refusal.name());
        }
        assert!(!refusal.category().is_empty());
        assert!(refusal.status().is_none_or(|status| (400..600).contains(&status)), "{}", refusal.name());
    }
}

#[test]
fn a_remedy_has_the_ids_of_the_call() {
    assert_eq!(Refusal::AppDisabled.remedy_for(Some(7), None, None)[1], "Enable the app: `keyway app enable 7`.");
    assert_eq!(Refusal::AppDisabled.remedy_for(None, None, None)[1], "Enable the app: `keyway app enable APP`.");
    assert!(Refusal::TokenRotated.remedy_for(Some(7), Some(70), Some(1))[2].ends_with("keyway token users 70`."));
    assert!(Refusal::ConnectionCredential.remedy_for(None, None, Some(9))[0].ends_with("keyway account check 9`."));
    assert_eq!(in_place("APPLE", "APP", 1), "APPLE");
}

#[test]
fn a_word_of_the_audit_is_a_refusal_or_the_category_of_another_error() {
    let disabled = Word("app-disabled");
    assert_eq!((disabled.refusal(), disabled.category()), (Some(Refusal::AppDisabled), "INVALID_AUTHENTICATION"));
    let old = Word("INVALID_AUTHENTICATION");
    assert_eq!((old.refusal(), old.category()), (None, "INVALID_AUTHENTICATION"));
    assert!(old.cause().contains("disabled") && old.alike().contains(&"app-disabled") && old.alike().contains(&"INVALID_AUTHENTICATION"));
    assert_eq!(disabled.alike(), ["app-disabled"]);
    assert_eq!(Word("no-such-name").category(), "no-such-name");
}

#[test]
fn calls_that_were_not_permitted_count_against_no_limit_and_others_do() {
    for word in ["app-disabled", "missing-scopes", "unlisted-operation", "method-not-allowed", "BANNED"] {
        assert!(!Word(word).is_counted() && Word(word).is_not_permitted(), "{word}");
    }
    for word in ["limit-reached", "RATE_LIMITS", "ended", "fault", "connection-revoked"] {
        assert!(!Word(word).is_counted() && !Word(word).is_not_permitted(), "{word}");
    }
    for word in ["VALIDATION_ERROR", "not-json", "not-served", "hubspot-broke-off", "OBJECT_NOT_FOUND"] {
        assert!(Word(word).is_counted() && !Word(word).is_not_permitted(), "{word}");
    }
}
