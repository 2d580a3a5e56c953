//! History: K1, K1b and K1c.

use keyway_scan::finding::{Confidence, Finding};
use keyway_scan::secrets::{count, secrets};

use crate::git::Repository;
use crate::values;

fn only(findings: &[Finding]) -> &Finding {
    let [finding] = findings else { panic!("one finding: {findings:?}") };
    finding
}

#[test]
fn k1_in_history_too_a_path_is_evidence() {
    let mut repository = Repository::new();
    repository.write("taps/tap_hubspot_config.json", &values::fill(r#"{"refresh_token": "{uuid}"}"#));
    repository.write("secrets/hubspot_api_key", &values::uuid(7));
    repository.write("other/config.json", &values::fill(r#"{"refresh_token": "{uuid}"}"#).replace('-', "x"));
    repository.commit();
    repository.remove("taps/tap_hubspot_config.json");
    repository.remove("secrets/hubspot_api_key");
    repository.commit();
    let mut paths: Vec<String> = repository.history(None).into_iter().map(|finding| finding.path).collect();
    paths.sort();
    assert_eq!(paths, ["secrets/hubspot_api_key", "taps/tap_hubspot_config.json"]);
}

#[test]
fn k1b_a_value_that_only_its_path_evidences_has_its_commit() {
    let mut repository = Repository::new();
    let text = format!("from hubspot3 import x\n{}client.api_key = \"{}\"\n", "pass\n".repeat(60), values::uuid(8));
    repository.write("clients/hubspot3/conf.py", &text);
    let brought_in = repository.commit();
    let there = repository.history(None);
    let introduced = only(&there).introduced.as_ref().expect("it is from history");
    assert_eq!((introduced.commit.as_deref(), introduced.in_work_tree), (Some(brought_in.as_str()), true));
    repository.remove("clients/hubspot3/conf.py");
    repository.commit();
    let gone = repository.history(None);
    let introduced = only(&gone).introduced.as_ref().expect("it is from history");
    assert_eq!((introduced.commit.as_deref(), introduced.in_work_tree), (Some(brought_in.as_str()), false));
}

#[test]
fn k1c_a_secret_has_all_its_places_its_first_and_last_commit_and_its_highest_confidence() {
    let mut repository = Repository::new();
    let line = format!("{{\"HubSpot\": {{\"ApiKey\": \"{}\"}}}}\n", values::uuid(9));
    repository.write("appsettings.Demo.json", &line);
    let first = repository.commit();
    repository.write("appsettings.Production.json", &line);
    repository.commit();
    repository.write("appsettings.Production.json", &format!("\n{line}"));
    let last = repository.commit();
    repository.remove("appsettings.Demo.json");
    repository.commit();
    let findings = repository.history(None);
    assert_eq!(count(&findings), "1 secret at 2 places");
    let secrets = secrets(&findings);
    let secret = &secrets[0];
    assert_eq!(secret.confidence, Confidence::High);
    assert_eq!(
        (secret.first.map(|commit| commit.commit), secret.last.map(|commit| commit.commit)),
        (Some(first.as_str()), Some(last.as_str()))
    );
    assert_eq!(secret.in_work_tree, Some(true));
    let places: Vec<(&str, u64)> = secret.places.iter().map(|place| (place.path, place.line)).collect();
    assert_eq!(places, [("appsettings.Demo.json", 1), ("appsettings.Production.json", 2)]);
}

#[test]
fn k1c_one_value_under_two_names_is_one_secret() {
    let mut repository = Repository::new();
    let value = values::uuid(10);
    repository.write("a.env", &format!("HUBSPOT_API_KEY={value}\n"));
    repository.write("b.env", &format!("HUBSPOT_CLIENT_SECRET={value}\n"));
    repository.commit();
    assert_eq!(count(&repository.history(None)), "1 secret at 2 places");
}

#[test]
fn k1c_messages_of_commits_and_tags_are_read() {
    let mut repository = Repository::new();
    repository.write("README", "nothing");
    repository.commit();
    let (first, second) = (values::pat(11), values::pat(12));
    repository.git(&["commit", "-q", "--allow-empty", "-m", "use the new token", "-m", &format!("HUBSPOT_TOKEN={first}")]);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "-a", "v1", "-m", &format!("released with {second}")]);
    repository.git(&["commit", "-q", "--allow-empty", "-m", "Make pat-na1 tokens work"]);
    let findings = repository.history(None);
    assert_eq!(findings.len(), 2, "{findings:?}");
    let of_commit = findings.iter().find(|finding| finding.path == format!("message of commit {}", &commit[..12])).expect("it is there");
    let introduced = of_commit.introduced.as_ref().expect("it is from history");
    assert_eq!((of_commit.line, introduced.commit.as_deref()), (3, Some(commit.as_str())));
    assert_eq!((introduced.author.as_deref(), introduced.date.as_deref()), (Some("Jo <jo@example.com>"), Some("2024-01-02T12:00:00Z")));
    let of_tag = findings.iter().find(|finding| finding.path.starts_with("message of tag ")).expect("it is there");
    assert_eq!(of_tag.introduced.as_ref().and_then(|introduced| introduced.commit.as_deref()), Some(commit.as_str()));
}

#[test]
fn k1c_since_a_revision_says_what_still_stands_in_the_work_tree() {
    let mut repository = Repository::new();
    repository.write("README", "nothing");
    repository.commit();
    repository.git(&["tag", "base"]);
    repository.write("stays.env", &format!("A={}", values::pat(13)));
    repository.write("goes.env", &format!("A={}", values::pat(14)));
    repository.commit();
    repository.remove("goes.env");
    repository.git(&["commit", "-q", "-a", "-m", &format!("not {} any more", values::pat(15))]);
    let mut still: Vec<(String, bool)> = repository
        .history(Some("base"))
        .into_iter()
        .map(|finding| (finding.path.clone(), finding.introduced.as_ref().is_some_and(|introduced| introduced.in_work_tree)))
        .collect();
    still.sort();
    assert_eq!(
        still[..2],
        [("goes.env".to_owned(), false), ("message of commit".to_owned(), false)].map(|(path, there)| {
            (still.iter().map(|(path, _)| path).find(|found| found.starts_with(&path)).cloned().unwrap_or_default(), there)
        })
    );
    assert_eq!(still[2], ("stays.env".to_owned(), true));
}
