//! How the doctor reads the refusals of the table.

use keyway_advice::doctor::{Certainty, diagnose, read};
use keyway_core::error_body::ErrorDetail;
use keyway_core::refusal::{Doctor, Refusal};
use keyway_core::time::Timestamp;

/// Whether a cause of the doctor is the row of a refusal, which the tests below try.
pub fn explains(cause: &str) -> bool {
    Refusal::all().any(|refusal| matches!(refusal.doctor(), Doctor::Row(own) if own == cause))
}

/// The surest cause of a text, and whether nothing else fits.
fn first(text: &str) -> (String, bool) {
    let evidence = read(text).into_iter().next().unwrap_or_else(|| panic!("nothing is read in {text}"));
    let found = diagnose(&evidence, Timestamp::parse_iso("2026-11-25").unwrap());
    let certain = found.iter().filter(|found| found.certainty == Certainty::Certain).count();
    let first = found.first().unwrap_or_else(|| panic!("no cause of {text}"));
    assert!(!first.remedy.is_empty() && !first.because.is_empty(), "{text}");
    (first.cause.to_string(), certain == 1)
}

/// An answer whose sentences are other ones than Keyway's: translated by a client, or of another version.
fn reworded(refusal: Refusal) -> String {
    let error = refusal.error("Quelque chose ne va pas").detail(ErrorDetail::new("keyway: autre chose"));
    String::from_utf8(error.to_json("0199a1b2-0000-7000-8000-000000000001")).unwrap()
}

#[test]
fn the_doctor_knows_a_refusal_by_its_name_and_by_no_sentence() {
    for refusal in Refusal::all().filter(|refusal| *refusal != Refusal::OutcomeUnknown) {
        let Doctor::Row(cause) = refusal.doctor() else { continue };
        let (name, status) = (refusal.name(), refusal.status().unwrap_or(500));
        let body = reworded(refusal);
        let by_header = [
            format!("< HTTP/1.1 {status} Refused\n< keyway-rule: {name}\n"),
            format!("{status} Server Error headers={{'Keyway-Rule': '{name}'}}"),
            format!("POST https://keyway.example.com/crm/v3/objects/contacts\nHTTP/1.1 {status}\nkeyway-rule: {name}\n\n{body}"),
        ];
        // A fault rule's body is HubSpot's own: that is what it is for.
        let by_body = [
            body.clone(),
            format!("ERROR {status} {body}"),
            body.replace(':', "=>").replace("keyway=> ", "keyway: "),
            format!("Error: Request failed with status code {status}\n  data: {}", body.replace('"', "'")),
        ];
        let by_body = by_body.iter().filter(|_| refusal != Refusal::Fault);
        for text in by_header.iter().chain(by_body) {
            assert_eq!(first(text), (cause.to_owned(), true), "{text}");
        }
    }
}

#[test]
fn a_category_that_several_refusals_have_leaves_each_likely_and_one_of_hubspots_accuses_nobody() {
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let causes = |category: &str| -> Vec<_> {
        let text = format!(r#"{{"status":"error","message":"x","correlationId":"c-1","category":"{category}"}}"#);
        read(&text).iter().flat_map(|evidence| diagnose(evidence, now)).map(|found| (found.cause.into_owned(), found.certainty)).collect()
    };
    assert_eq!(causes("CONNECTION_REVOKED"), [("connection-revoked".to_owned(), Certainty::Certain)]);
    let unavailable = causes("SERVICE_UNAVAILABLE");
    assert!(unavailable.len() > 3 && unavailable.iter().all(|(_, certainty)| *certainty == Certainty::Likely), "{unavailable:?}");
    assert!(causes("INVALID_AUTHENTICATION").iter().all(|(cause, _)| !explains(cause)));
}
