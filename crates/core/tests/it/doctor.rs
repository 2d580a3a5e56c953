//! The doctor's table of cases: for each, the cause that must be named first.

use std::collections::BTreeSet;

use keyway_core::doctor::{Certainty, Diagnosis, Evidence, Holder, diagnose, read, seen, table};
use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;
use keyway_core::token::{PlainToken, uuid_text};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    fact: String,
    cause: String,
    input: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    successor: Option<String>,
    today: Option<String>,
    expect_account: Option<u64>,
    granted: Option<Vec<String>>,
}

fn cases() -> Vec<Case> {
    let cases: Cases = toml::from_str(include_str!("../doctor/cases.toml")).unwrap();
    cases.case
}

/// The values that stand for credentials, none of which may appear in what is said.
fn credentials() -> [(&'static str, String); 6] {
    let uuid = uuid_text(&[0x5a; 16]);
    [
        ("{pat}", format!("pat-na1-{}", uuid_text(&[0x4b; 16]))),
        ("{ours}", PlainToken::generate("na1", [7; 16]).expose().to_owned()),
        ("{routed}", format!("eu1-{}-{}", &uuid[4..23], "a1b2".repeat(3))),
        ("{uuid}", uuid),
        ("{pak}", format!("CiR{}", "uYTEtOWQ4".repeat(12))),
        ("{access}", format!("CKj4{}", "a1B2".repeat(20))),
    ]
}

impl Case {
    fn text(&self) -> String {
        let inputs: Vec<String> = (0..101).map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
        let text = self.input.replace("{inputs101}", &inputs.join(",")).replace("{long}", &"x".repeat(3_000));
        credentials().iter().fold(text, |text, (name, value)| text.replace(name, value))
    }

    fn now(&self) -> Timestamp {
        Timestamp::parse_iso(self.today.as_deref().unwrap_or("2026-11-25")).unwrap()
    }

    fn evidence(&self) -> Evidence {
        let mut evidence = read(&self.text()).into_iter().next().unwrap_or_default();
        evidence.expected_hub_id = self.expect_account;
        evidence.holder = self.granted.as_ref().map(|names| Holder {
            alive: true,
            hub_id: None,
            app: None,
            granted: Some(ScopeSet::from_names(names.iter().map(String::as_str)).unwrap()),
        });
        evidence
    }

    fn diagnoses(&self) -> Vec<Diagnosis> {
        diagnose(&self.evidence(), self.now())
    }
}

#[test]
fn each_case_has_its_cause() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = case.diagnoses();
        let causes: Vec<&str> = found.iter().map(|diagnosis| diagnosis.cause).collect();
        let first = found.first();
        if first.map(|first| first.cause) != Some(&case.cause) || case.also.iter().any(|also| !causes.contains(&also.as_str())) {
            wrong.push(format!(
                "{}: expected {} {:?}, found {causes:?} in {:?}",
                case.name,
                case.cause,
                case.also,
                seen(&case.evidence(), case.now())
            ));
            continue;
        }
        let first = first.unwrap();
        if !case.scopes.is_empty() && !first.scopes.starts_with(&case.scopes) {
            wrong.push(format!("{}: scopes {:?}", case.name, first.scopes));
        }
        if case.successor.is_some() && first.successor.as_deref().is_none_or(|found| !found.starts_with(case.successor.as_deref().unwrap()))
        {
            wrong.push(format!("{}: successor {:?}", case.name, first.successor));
        }
        if first.remedy.is_empty() || first.because.is_empty() {
            wrong.push(format!("{}: no remedy", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_row_of_the_table_has_a_case() {
    let covered: BTreeSet<String> = cases().into_iter().flat_map(|case| [vec![case.cause], case.also].concat()).collect();
    let without: Vec<&str> = table().iter().map(|rule| rule.cause).filter(|cause| !covered.contains(*cause)).collect();
    assert!(without.is_empty(), "no case for {without:?}");
    let names: BTreeSet<&str> = table().iter().map(|rule| rule.cause).collect();
    assert_eq!(names.len(), table().len(), "a cause stands twice");
}

#[test]
fn the_pains_that_a_call_can_show_have_cases() {
    let facts: BTreeSet<String> = cases().into_iter().map(|case| case.fact).collect();
    // 8.10 (fear of rotating) and 8.13 (scanners) are about no call that fails.
    for pain in ["8.1", "8.2", "8.3", "8.4", "8.5", "8.6", "8.7", "8.8", "8.9", "8.11", "8.12", "8.14", "8.15"] {
        assert!(facts.contains(pain), "{pain}");
    }
    assert!(cases().len() >= 60, "{}", cases().len());
}

#[test]
fn nothing_that_is_said_holds_a_credential() {
    for case in cases() {
        let evidence = case.evidence();
        let said = format!(
            "{}{}",
            serde_json::to_string(&case.diagnoses()).unwrap(),
            serde_json::to_string(&seen(&evidence, case.now())).unwrap()
        );
        for (name, value) in credentials() {
            // The middle of the value: its region and last characters are the hint.
            assert!(!said.contains(&value[10..30]), "{}: {name} is told in {said}", case.name);
        }
    }
}

#[test]
fn a_call_that_succeeded_has_no_cause() {
    let (_, pat) = &credentials()[0];
    let text = format!("curl -H 'Authorization: Bearer {pat}' https://api.hubapi.com/crm/objects/2026-09/contacts\nHTTP/2 200\n");
    let found = diagnose(&read(&text)[0], Timestamp::parse_iso("2026-11-25").unwrap());
    assert!(found.iter().all(|diagnosis| diagnosis.certainty == Certainty::Note), "{found:?}");
}

#[test]
fn who_used_up_a_limit_is_named() {
    let text = r#"{"message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY"}"#;
    let mut evidence = read(text).remove(0);
    evidence.used_by = vec![("Order sync".into(), 249_000), ("Report".into(), 1_000)];
    let found = diagnose(&evidence, Timestamp::from_ms(0));
    assert!(found[0].because.contains("Order sync: 249000, Report: 1000"), "{}", found[0].because);
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,400}") {
        for evidence in read(&text) {
            diagnose(&evidence, Timestamp::from_ms(1_790_000_000_000));
        }
    }

    #[test]
    fn any_text_around_a_command_is_read(before in "[a-z \n'\"{]{0,40}", inside in "[-a-zA-Z0-9:/.?&=$'\"\\\\ \n{}%]{0,160}") {
        for text in [format!("{before}\ncurl {inside}"), format!("{before}{{\"log\":{{\"entries\":[{inside}]}}}}"), format!("HTTP/1.1 {inside}")] {
            for evidence in read(&text) {
                diagnose(&evidence, Timestamp::from_ms(1_790_000_000_000));
            }
        }
    }
}
