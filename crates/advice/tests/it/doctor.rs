//! The doctor's table of cases: for each, the cause that must be named first.

use std::collections::{BTreeMap, BTreeSet};

use keyway_advice::doctor::{Answer, Call, Certainty, Diagnosis, Evidence, Holder, diagnose, read, seen, table};
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
    #[serde(default)]
    fact: String,
    /// What the text is of: a client, a tool, a page.
    #[serde(default)]
    source: String,
    cause: String,
    /// The kind of fault that a field trial found.
    #[serde(default)]
    kind: String,
    /// What must stand in the answer: the evidence of the text.
    #[serde(default)]
    says: Vec<String>,
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
    let files = [include_str!("../doctor/cases.toml"), include_str!("../doctor/causes.toml"), include_str!("../doctor/shapes.toml")];
    files.into_iter().flat_map(|file| toml::from_str::<Cases>(file).unwrap().case).collect()
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

    /// What is said otherwise than the case expects.
    fn fault(&self) -> Option<String> {
        let found = self.diagnoses();
        let seen = seen(&self.evidence(), self.now());
        let causes: Vec<&str> = found.iter().map(|diagnosis| &*diagnosis.cause).collect();
        let first = found.first();
        if first.map(|first| &*first.cause) != Some(self.cause.as_str()) || self.also.iter().any(|also| !causes.contains(&also.as_str())) {
            return Some(format!("{}: expected {} {:?}, found {causes:?} in {seen:?}", self.name, self.cause, self.also));
        }
        let first = first?;
        let whole = format!("{}{}", serde_json::to_string(first).unwrap(), serde_json::to_string(&seen).unwrap());
        if let Some(missing) = self.says.iter().find(|said| !whole.contains(said.as_str())) {
            return Some(format!("{}: {missing} does not stand in {whole}", self.name));
        }
        if !self.scopes.is_empty() && !first.scopes.starts_with(&self.scopes) {
            return Some(format!("{}: scopes {:?}", self.name, first.scopes));
        }
        if self.successor.as_deref().is_some_and(|expected| first.successor.as_deref().is_none_or(|found| !found.starts_with(expected))) {
            return Some(format!("{}: successor {:?}", self.name, first.successor));
        }
        (first.remedy.is_empty() || first.because.is_empty()).then(|| format!("{}: no remedy", self.name))
    }
}

/// Each of these cases has its cause first, with scopes, successor and evidence.
fn hold(cases: impl Iterator<Item = Case>) {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for case in cases {
        tried += 1;
        wrong.extend(case.fault());
    }
    assert!(tried > 0 && wrong.is_empty(), "{} of {tried} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn of_kind(kind: &'static str) -> impl Iterator<Item = Case> {
    cases().into_iter().filter(move |case| case.kind == kind)
}

#[test]
fn each_case_has_its_cause() {
    hold(cases().into_iter());
}

#[test]
fn d1_what_people_see_in_a_browser_is_read() {
    hold(of_kind("d1"));
}

#[test]
fn d2_an_answer_is_read_in_whatever_it_was_wrapped_and_printed() {
    hold(of_kind("d2"));
}

#[test]
fn d3_browsers_webhooks_and_broken_connections_have_causes() {
    hold(of_kind("d3"));
}

#[test]
fn d4_the_answer_comes_before_the_request() {
    hold(of_kind("d4"));
}

#[test]
fn d5_the_host_of_the_pages_is_a_wrong_host_for_a_call() {
    hold(of_kind("d5"));
}

#[test]
fn d6_the_evidence_of_the_text_stands_in_the_answer() {
    hold(of_kind("d6"));
}

#[test]
fn d7_a_text_of_another_service_or_program_gets_no_cause_of_hubspots() {
    hold(of_kind("d7"));
}

#[test]
fn d8_forms_of_known_answers_that_public_threads_showed_are_read() {
    hold(of_kind("d8"));
}

#[test]
fn d9_the_speaker_of_a_text_decides_which_causes_apply() {
    hold(of_kind("d9"));
}

#[test]
fn d10_a_status_or_a_sentence_of_hubspots_is_an_error_in_any_line_and_language() {
    hold(of_kind("d10"));
}

#[test]
fn d11_without_a_sign_of_hubspot_at_the_failure_no_cause_is_named() {
    hold(of_kind("d11"));
}

#[test]
fn d12_the_value_the_path_and_the_request_decide_between_causes() {
    hold(of_kind("d12"));
}

#[test]
fn d13_what_hubspots_tools_libraries_and_pages_say_themselves_has_causes() {
    hold(of_kind("d13"));
}

#[test]
fn d14_what_has_nothing_to_do_with_the_failure_is_no_sign_of_hubspot() {
    hold(of_kind("d14"));
}

#[test]
fn d15_beside_hubspots_name_others_and_programs_have_errors_of_their_own() {
    hold(of_kind("d15"));
}

/// The same words, and less and less that shows whose they are.
#[test]
fn certainty_falls_with_the_signs_of_hubspot() {
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let said = "Some required fields were not set: [type]";
    for (text, expected) in [
        (format!("POST https://api.hubapi.com/automation/v4/flows 400\n{said}"), Some(Certainty::Certain)),
        (format!("HubSpot: {said}"), Some(Certainty::Certain)),
        // A name that a person made contains HubSpot's.
        (format!("HUBSPOT_SYNC failed: {said}"), Some(Certainty::Likely)),
        (format!("Error: {said}\n    at push (/srv/app/hubspot/flows.js:4:2)"), Some(Certainty::Likely)),
        // The name is not beside the failure, or tells of something that went well.
        (format!("We use HubSpot.\nOur own service says since Monday:\nthis\nError: {said}"), None),
        (format!("HubSpot: 200 OK, 40 contacts read\nError: {said}"), None),
        (format!("Error: {said}"), None),
        // A sentence that HubSpot alone is known to say is a sign, but a weak one.
        ("HubSpot: missing or unknown auth code".to_owned(), Some(Certainty::Certain)),
        ("missing or unknown auth code\n    at push (/srv/app/jobs/hubspot-sync.js:4:2)".to_owned(), Some(Certainty::Likely)),
        ("missing or unknown auth code".to_owned(), Some(Certainty::Likely)),
        // A program's own server answered, and says nothing of HubSpot's status.
        ("GET https://api.hubapi.com/crm/v3/objects/contacts 502 Bad Gateway".to_owned(), Some(Certainty::Certain)),
        ("GET /sync/contacts 502 Bad Gateway\nHubSpot answers slowly".to_owned(), Some(Certainty::Likely)),
        ("GET /sync/contacts 502 Bad Gateway".to_owned(), None),
    ] {
        let found: Vec<Diagnosis> = read(&text).iter().flat_map(|evidence| diagnose(evidence, now)).collect();
        let first = found.first().filter(|found| found.cause != "unrecognised").map(|found| found.certainty);
        assert_eq!(first, expected, "{text}: {found:?}");
    }
}

/// A text that lists many errors has two certain causes at most.
#[test]
fn no_text_has_three_certain_causes() {
    let text = r#"{"status":"error","message":"Property values were not valid","category":"VALIDATION_ERROR","errors":[{"message":"Property \"shoe\" does not exist","code":"PROPERTY_DOESNT_EXIST"},{"message":"x was not one of the allowed options: [a]","code":"INVALID_OPTION"},{"message":"Email address x is invalid","code":"INVALID_EMAIL"},{"message":"y was not a valid long.","code":"INVALID_LONG"}]}"#;
    let found = diagnose(&read(text)[0], Timestamp::parse_iso("2026-11-25").unwrap());
    let certain = found.iter().filter(|found| found.certainty == Certainty::Certain).count();
    assert!(found.len() > 2 && certain == 2, "{found:?}");
}

/// One error has one certain cause. A text with two certain causes lists two codes of errors.
#[test]
fn a_text_has_at_most_as_many_certain_causes_as_errors() {
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let field: Field = toml::from_str(include_str!("../doctor/field.toml")).unwrap();
    let texts = cases().iter().map(Case::text).chain(field.text.into_iter().map(|text| text.input)).collect::<Vec<_>>();
    for text in texts {
        for evidence in read(&text) {
            let certain: Vec<String> = diagnose(&evidence, now)
                .into_iter()
                .filter(|found| found.certainty == Certainty::Certain)
                .map(|found| found.cause.into_owned())
                .collect();
            let codes = ["\"code\"", "\"error\"", "code:", "error:", "\"category\"", "[code]"]
                .iter()
                .map(|name| text.matches(name).count())
                .sum::<usize>();
            assert!(certain.len() <= codes.clamp(1, 2), "{certain:?}: {text}");
        }
    }
}

#[test]
fn each_row_of_the_table_has_a_case() {
    let covered: BTreeSet<String> = cases().into_iter().flat_map(|case| [vec![case.cause], case.also].concat()).collect();
    let without: Vec<&str> =
        table().iter().map(|rule| rule.cause).filter(|cause| !covered.contains(*cause) && !crate::refusals::explains(cause)).collect();
    assert!(without.is_empty(), "no case for {without:?}");
    let names: BTreeSet<&str> = table().iter().map(|rule| rule.cause).collect();
    assert_eq!(names.len(), table().len(), "a cause stands twice");
}

#[test]
fn each_cause_has_two_cases_from_different_sources() {
    let mut sources: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases() {
        // The cases without a source are of HubSpot's facts, each its own.
        let source = if case.source.is_empty() { case.name } else { case.source };
        sources.entry(case.cause).or_default().insert(source);
    }
    let is_few = |cause: &&str| sources.get(*cause).is_none_or(|of| of.len() < 2) && !crate::refusals::explains(cause);
    let few: Vec<&str> = table().iter().map(|rule| rule.cause).filter(is_few).collect();
    assert!(few.is_empty(), "{few:?}");
    assert!(table().len() >= 120, "{}", table().len());
}

/// Words that nobody was seen to get are a guess, and the answer says so.
#[test]
fn no_row_is_certain_without_a_recorded_source() {
    let sources: BTreeMap<&str, bool> = table().iter().map(|rule| (rule.cause, rule.source.is_recorded())).collect();
    let mut guesses = 0;
    for case in cases() {
        for found in case.diagnoses() {
            // What is not known has no row.
            let Some(recorded) = sources.get(&*found.cause).copied() else { continue };
            assert!(recorded || found.certainty != Certainty::Certain, "{}: {} is certain", case.name, found.cause);
            let says_so = found.because.contains("no public source shows these very words");
            guesses += usize::from(says_so);
            assert!(!says_so || found.certainty != Certainty::Certain, "{}: {}", case.name, found.cause);
            assert!(recorded || says_so, "{}: {} does not say that it is a guess: {}", case.name, found.cause, found.because);
        }
    }
    assert!(guesses > 0);
}

#[test]
fn each_cause_links_a_page_of_hubspots() {
    for rule in table() {
        let host = rule.page.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        assert!(host.ends_with("hubspot.com"), "{}: {}", rule.cause, rule.page);
    }
}

#[test]
fn the_table_in_the_docs_is_the_table_of_causes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("<!-- causes -->\n").unwrap();
    let (found, after) = rest.split_once("<!-- /causes -->").unwrap();
    let rows: String =
        table().iter().map(|rule| format!("| `{}` | {} | [page]({}) | {} |\n", rule.cause, rule.title, rule.page, rule.source)).collect();
    let unconfirmed = table().iter().filter(|rule| !rule.source.is_recorded()).count();
    let expected = format!(
        "{} causes, of which {unconfirmed} are known by words that no public source shows:\n\n| cause | what it is | HubSpot | seen in |\n| --- | --- | --- | --- |\n{rows}\n",
        table().len()
    );
    if std::env::var_os("KEYWAY_WRITE_CAUSES").is_some() {
        std::fs::write(path, format!("{before}<!-- causes -->\n{expected}<!-- /causes -->{after}")).unwrap();
        return;
    }
    assert!(found == expected, "write it with KEYWAY_WRITE_CAUSES=1 cargo test -p keyway-advice doctor");
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

/// Texts that tell of no failure, each near one kind of cause.
#[test]
fn a_text_without_a_failure_has_no_cause() {
    let texts = [
        "hello world",
        "GET https://api.hubapi.com/crm/objects/2026-09/contacts returned 200",
        "synced 403 contacts of HubSpot, 0 errors",
        "INFO search limit is five searches a second, 3 of them used",
        "daily limit: 12 % used, policy DAILY",
        "webhook received, X-HubSpot-Signature-v3 verified",
        "redirect URL saved: https://example.com/callback",
        "Access-Control-Allow-Origin: * is set on our own server",
        "the scope crm.objects.contacts.read is granted",
        "property lifecyclestage has the options lead and customer",
        "refresh token stored, access token expires in 1800 s",
        "{\"id\":\"51\",\"properties\":{\"email\":\"a@example.com\"},\"createdAt\":\"2026-11-25T09:00:00Z\"}",
        "{\"status\":\"COMPLETE\",\"results\":[{\"id\":\"1\"}],\"numErrors\":0,\"errors\":[]}",
        "HTTP/2 200\ncontent-type: application/json\n\n{\"results\":[],\"total\":0}",
        "contact 409 was updated, status 200 OK",
        "pipeline default, stage closedwon: 4 deals moved",
        "batch of 100 inputs written, 207 not seen",
        "Connected to api.hubapi.com port 443, TLS 1.3",
        "form submitted, thank you page shown",
        "associations created: 279 contact to company",
        "Cloudflare ray 8c4a13c91f8f9bb0, cache DYNAMIC",
        "installed the app in account 62515",
        "private app Order sync, created 2024",
        "keyway status: all connections fine",
        "owner 7 assigned to deal 51",
        "file uploaded to /library, access PRIVATE",
    ];
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let wrong: Vec<String> = texts
        .iter()
        .flat_map(|text| {
            read(text)
                .into_iter()
                .flat_map(|evidence| diagnose(&evidence, now))
                .map(move |found| format!("{text}: {} {:?}", found.cause, found.certainty))
        })
        .filter(|said| !said.ends_with("Note"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read("hello world").is_empty());
}

/// Failures that are near a cause and are not it.
#[test]
fn a_failure_near_a_cause_is_not_taken_for_it() {
    for (text, not) in [
        ("npm ERR! 404 Not Found - GET https://registry.example.com/hubspot", "record-not-found"),
        ("error: expected a property name in JSON, build failed", "property-unknown"),
        ("TypeError: Cannot read properties of undefined (reading 'email')", "client-method-missing"),
        ("Error: connection to the database failed: password authentication failed", "connection-refused"),
        ("HTTP 500 from our own billing API: INVALID_COUPON", "option-not-allowed"),
        (
            "{\"status\":\"error\",\"message\":\"Property values were not valid\",\"errors\":[{\"message\":\"x\",\"code\":\"INVALID_EMAIL\"}],\"category\":\"VALIDATION_ERROR\"}",
            "option-not-allowed",
        ),
        (
            "{\"status\":\"error\",\"message\":\"You have reached your daily limit.\",\"errorType\":\"RATE_LIMIT\",\"policyName\":\"DAILY\"}",
            "burst-limit",
        ),
        (
            "GET https://api.hubapi.com/crm/v3/owners 401 {\"status\":\"error\",\"message\":\"Authentication credentials not found.\",\"category\":\"INVALID_AUTHENTICATION\"}",
            "missing-scopes",
        ),
        ("ModuleNotFoundError: No module named 'pandas'", "dns-failure"),
        ("the daily sync failed: 502 Bad Gateway", "daily-limit"),
    ] {
        let found: Vec<String> = read(text)
            .iter()
            .flat_map(|evidence| diagnose(evidence, Timestamp::from_ms(1_790_000_000_000)))
            .map(|found| found.cause.into_owned())
            .collect();
        assert!(!found.iter().any(|found| found == not), "{text}: {found:?}");
    }
}

/// A person pastes whatever stands around an error: credentials in each place that is read.
#[test]
fn credentials_that_are_planted_in_a_text_stand_in_no_answer() {
    let shapes = [
        "GET https://api.hubapi.com/crm/v3/objects/contacts/{} 404 Not Found",
        "curl -H 'Authorization: Bearer {}' https://api.hubapi.com/crm/v3/owners\nHTTP/1.1 401",
        "{\"status\":\"error\",\"message\":\"the value {} is odd\",\"category\":\"VALIDATION_ERROR\",\"correlationId\":\"c-1\"}",
        "{\"status\":\"error\",\"message\":\"x\",\"category\":\"VALIDATION_ERROR\",\"errors\":[{\"message\":\"{} was not one of the allowed options: [{}]\",\"code\":\"INVALID_OPTION\",\"context\":{\"propertyName\":[\"{}\"]}}]}",
        "{\"status\":\"error\",\"message\":\"x\",\"category\":\"MISSING_SCOPES\",\"errors\":[{\"message\":\"y\",\"context\":{\"requiredGranularScopes\":[\"{}\"]}}]}",
        "POST https://{}.hubspot.com/crm/v3/objects/contacts 400 Bad Request",
        "{ status: 'error', message: 'Property \"{}\" does not exist', category: 'VALIDATION_ERROR' }",
        "403 {\"message\":\"This oauth-token ({}) does not have proper permissions! (requires any of [{}])\"}",
        "GET https://api.hubapi.com/crm/v3/schemas/{} 400 Unable to infer object type from: {}",
        "PUT /crm/v3/objects/{}/51 failed with 405",
    ];
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    for shape in shapes {
        for (name, value) in credentials() {
            for evidence in read(&shape.replace("{}", &value)) {
                let said = format!(
                    "{}{}",
                    serde_json::to_string(&diagnose(&evidence, now)).unwrap(),
                    serde_json::to_string(&seen(&evidence, now)).unwrap()
                );
                assert!(!said.contains(&value[10..30]), "{shape}: {name} stands in {said}");
            }
        }
    }
}

/// All texts that the project has, with a credential at their beginning, in their middle, in a quoted
/// value and at their end: none of it is shown.
#[test]
fn a_credential_that_is_planted_anywhere_in_any_text_stands_in_no_answer() {
    let field: Field = toml::from_str(include_str!("../doctor/field.toml")).unwrap();
    let texts = cases().iter().map(Case::text).chain(field.text.into_iter().map(|text| text.input)).collect::<Vec<_>>();
    let secrets = credentials();
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let mut answers = 0;
    for (number, text) in texts.iter().enumerate() {
        let after = |from: usize, sign: char| text.char_indices().find(|(at, one)| *at >= from && *one == sign).map(|(at, _)| at + 1);
        let places = [Some(0), after(text.len() / 2, ' '), after(text.len() / 3, '"'), Some(text.len())];
        for (turn, place) in places.into_iter().enumerate().skip(number % 2).step_by(2) {
            let (name, value) = &secrets[(number + turn) % secrets.len()];
            let Some(place) = place else { continue };
            let planted = format!("{}{value} {}", &text[..place], &text[place..]);
            for evidence in read(&planted) {
                let said = format!(
                    "{}{}",
                    serde_json::to_string(&diagnose(&evidence, now)).unwrap(),
                    serde_json::to_string(&seen(&evidence, now)).unwrap()
                );
                answers += 1;
                assert!(!said.contains(&value[10..30]), "{name} at {place} of {text} stands in {said}");
            }
        }
    }
    assert!(answers > texts.len(), "{answers} answers");
}

#[test]
fn a_call_that_succeeded_has_no_cause() {
    let (_, pat) = &credentials()[0];
    let text = format!("curl -H 'Authorization: Bearer {pat}' https://api.hubapi.com/crm/objects/2026-09/contacts\nHTTP/2 200\n");
    let found = diagnose(&read(&text)[0], Timestamp::parse_iso("2026-11-25").unwrap());
    assert!(found.iter().all(|diagnosis| diagnosis.certainty == Certainty::Note), "{found:?}");
}

/// A text that fits several causes, and none for certain.
#[test]
fn where_the_evidence_conflicts_the_doctor_says_so_and_what_would_decide() {
    let text = "hubspot 400: the record has been archived, and there was a problem with the request";
    let found = diagnose(&read(text)[0], Timestamp::from_ms(1_790_000_000_000));
    let first = &found[0];
    assert_eq!(first.certainty, Certainty::Likely, "{found:?}");
    assert!(first.because.contains("fits another cause as well"), "{first:?}");
    assert!(first.remedy.iter().any(|step| step.contains("whole body of the answer")), "{first:?}");
}

/// What to do by the first cause of an answer.
fn remedy(head: &str, body: &str) -> String {
    let evidence = read(&format!("{head}\n\n{body}")).remove(0);
    diagnose(&evidence, Timestamp::from_ms(1_790_000_000_000)).remove(0).remedy.join("; ")
}

#[test]
fn a_limit_of_keyway_is_not_called_hubspots() {
    let body = r#"{"status":"error","message":"You have reached your ten_secondly_rolling limit.","correlationId":"0199a1b2-0000-7000-8000-000000000001","errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}"#;
    let keyways = remedy("HTTP/1.1 429 Too Many Requests\nkeyway-rule: limit-reached", body);
    assert!(keyways.contains("--no-limits") && !keyways.contains("behind a Keyway"), "{keyways}");
    let hubspots = remedy("HTTP/1.1 429 Too Many Requests", body);
    assert!(!hubspots.contains("--no-limits") && hubspots.contains("behind a Keyway"), "{hubspots}");
}

/// A call on record whose body is gone.
fn on_record(operation: &str, rule: &str) -> Diagnosis {
    let answer = Answer { status: Some(429), category: Some("RATE_LIMITS".into()), keyway_rule: Some(rule.into()), ..Answer::default() };
    let evidence = Evidence { call: Some(Call::on_record(operation, None)), answer: Some(answer), ..Evidence::default() };
    diagnose(&evidence, Timestamp::from_ms(1_790_000_000_000)).remove(0)
}

#[test]
fn a_record_says_which_limit_a_call_exceeded() {
    for (operation, rule, cause) in [
        ("GET /crm/v3/objects/contacts", "limit-reached", "burst-limit"),
        ("POST /crm/v3/objects/contacts/search", "search-limit-reached", "search-limit"),
        ("GET /crm/v3/objects/contacts", "daily-limit-reached", "daily-limit"),
    ] {
        let found = on_record(operation, rule);
        assert_eq!((found.cause.as_ref(), found.certainty), (cause, Certainty::Certain), "{rule}: {found:?}");
        let said = format!("{} {}", found.because, found.remedy.join("; "));
        assert!(!said.contains("does not say") && !said.contains("never reached"), "{rule}: {said}");
    }
}

#[test]
fn the_command_for_a_missing_scope_names_the_app_of_keyways_answer() {
    let body = r#"{"status":"error","message":"This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.","correlationId":"0199a1b2-0000-7000-8000-000000000001","errors":[{"message":"One or more of the following scopes are required.","context":{"requiredGranularScopes":["crm.objects.companies.read"],"app":["Order sync (7)"]}}],"category":"MISSING_SCOPES"}"#;
    let steps = remedy("HTTP/1.1 403 Forbidden\nkeyway-rule: missing-scopes", body);
    assert!(steps.contains("`keyway app update 7 --add-scope crm.objects.companies.read`"), "{steps}");
}

#[test]
fn who_used_up_a_limit_is_named() {
    let text = r#"{"message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY"}"#;
    let mut evidence = read(text).remove(0);
    evidence.used_by = vec![("Order sync".into(), 249_000), ("Report".into(), 1_000)];
    let found = diagnose(&evidence, Timestamp::from_ms(0));
    assert!(found[0].because.contains("Order sync: 249000, Report: 1000"), "{}", found[0].because);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    text: Vec<FieldText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldText {
    /// The public thread with a text of this shape, or the form that the text has.
    #[serde(default)]
    from: String,
    right: Vec<String>,
    input: String,
}

/// The field set: what a person would accept as right comes first.
#[test]
fn texts_of_public_threads_have_their_cause() {
    let field: Field = toml::from_str(include_str!("../doctor/field.toml")).unwrap();
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let mut wrong = Vec::new();
    for text in &field.text {
        let found = read(&text.input).first().map(|evidence| diagnose(evidence, now)).unwrap_or_default();
        let found: Vec<&str> = found.iter().map(|found| &*found.cause).collect();
        let first = found.first().copied().unwrap_or("none");
        if !text.right.iter().any(|right| right == first) {
            wrong.push(format!("{} {:?}, found {found:?}: {}", text.from, text.right, text.input.lines().next().unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), field.text.len(), wrong.join("\n"));
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
