//! Folders, archives and the judgement of what is found in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use keyway_scan::detect::Wanted;
use keyway_scan::finding::{Confidence, Kind};
use keyway_scan::judge::Judgement;
use keyway_scan::report;
use keyway_scan::scan::{self, Options, Progress, Report};
use keyway_scan::source::tree::Which;

use crate::values;

fn options(root: &Path) -> Options {
    Options {
        which: Which { roots: vec![root.to_owned()], ..Which::default() },
        wanted: Wanted { usages: true },
        judgement: Judgement { least: Confidence::Medium, baseline: BTreeSet::new(), keep_values: false },
        progress: Progress::default(),
    }
}

fn scan(root: &Path) -> Report {
    scan::files(&options(root)).expect("the folder is there")
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        fs::write(path, content).expect("files can be written");
    }
    folder
}

#[test]
fn a_secret_is_reported_with_its_place_and_never_whole() {
    let token = values::pat(1);
    let folder = folder(&[("app/.env", &format!("A=1\nHUBSPOT_TOKEN={token}\n"))]);
    let report = scan(folder.path());
    let [finding] = report.findings.as_slice() else { panic!("one finding: {:?}", report.findings) };
    assert_eq!((finding.path.as_str(), finding.line, finding.column, finding.kind), ("app/.env", 2, 15, Kind::PrivateAppToken));
    for text in [report::json(&report), report::human::write(&report, Default::default()), format!("{report:?}")] {
        assert!(!text.contains(&token[8..40]), "the value is in a report");
        assert!(text.contains(&token[40..]), "its last four characters are there to know it by");
    }
}

#[test]
fn a_fingerprint_survives_moves_and_edits_and_a_baseline_knows_it() {
    let token = values::pat(2);
    let first = folder(&[("a.py", &format!("token = '{token}'"))]);
    let second = folder(&[("lib/b.js", &format!("\n\n  const t = \"{token}\";"))]);
    let fingerprint = scan(first.path()).findings[0].fingerprint.clone();
    assert_eq!(scan(second.path()).findings[0].fingerprint, fingerprint);
    let mut options = options(second.path());
    options.judgement.baseline.insert(fingerprint);
    let report = scan::files(&options).expect("the folder is there");
    assert!(report.findings.is_empty());
    assert_eq!(report.stats.known, 1);
}

#[test]
fn a_line_can_allow_what_stands_on_it() {
    let folder = folder(&[("a.py", &format!("token = '{}'  # keyway:allow, revoked in 2024", values::pat(3)))]);
    let report = scan(folder.path());
    assert!(report.findings.is_empty());
    assert_eq!(report.stats.allowed, 1);
}

#[test]
fn a_settings_file_that_gitignore_names_is_listed() {
    let line = format!("HUBSPOT_TOKEN={}\n", values::pat(4));
    let folder = folder(&[("app/.env", &line), ("app/.env.local", &line), (".gitignore", ".env\n")]);
    let skipped = |report: &Report| report.skipped.iter().map(|skip| skip.path.clone()).collect::<Vec<_>>();
    let report = scan(folder.path());
    assert_eq!((report.findings.len(), skipped(&report)), (1, vec!["app/.env".to_owned()]));
    assert!(report.skipped[0].reason.contains("--no-ignore"), "{:?}", report.skipped);
    let mut options = options(folder.path());
    options.which.no_ignore = true;
    options.which.ignore = vec!["app/.env.local".to_owned()];
    let report = scan::files(&options).expect("the folder is there");
    assert_eq!((report.findings.len(), skipped(&report)), (1, Vec::new()), "what a person leaves out is not listed");
}

#[test]
fn gitignore_and_globs_leave_files_out() {
    let line = format!("token = '{}'", values::pat(4));
    let folder = folder(&[("a.py", &line), ("b.py", &line), ("c/d.py", &line), (".gitignore", "a.py\n")]);
    let paths = |report: Report| report.findings.into_iter().map(|finding| finding.path).collect::<Vec<_>>();
    assert_eq!(paths(scan(folder.path())), ["b.py", "c/d.py"]);
    let mut options = options(folder.path());
    options.which.no_ignore = true;
    options.which.ignore = vec!["c/**".to_owned()];
    assert_eq!(paths(scan::files(&options).expect("the folder is there")), ["a.py", "b.py"]);
}

#[test]
fn a_keyway_token_is_told_from_hubspots() {
    let folder = folder(&[("a.env", &format!("A={}\nB={}\n", values::keyway(5), values::pat(5)))]);
    let kinds: Vec<Kind> = scan(folder.path()).findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::KeywayToken, Kind::PrivateAppToken]);
}

#[test]
fn a_file_larger_than_a_window_is_read_to_its_end_and_its_lines_are_counted() {
    let mut text = "filler that names nothing\n".repeat(400_000);
    text.push_str(&format!("token = '{}'\n", values::pat(6)));
    let folder = folder(&[("big.log", &text)]);
    let report = scan(folder.path());
    assert_eq!(report.findings.iter().map(|finding| (finding.line, finding.column)).collect::<Vec<_>>(), [(400_001, 10)]);
}

#[test]
fn a_call_is_reported_with_its_operation_successor_and_sunset() {
    let text = "requests.get('https://api.hubapi.com/crm/v3/objects/contacts/1', headers={'Authorization': 'Bearer ' + token})";
    let folder = folder(&[("sync/a.py", text)]);
    let report = scan(folder.path());
    let [usage] = report.usages.as_slice() else { panic!("one usage: {:?}", report.usages) };
    assert_eq!(usage.operation, "GET /crm/v3/objects/contacts/{contactId}");
    assert_eq!(usage.auth.as_str(), "bearer");
    assert_eq!(usage.successor.as_deref(), Some("/crm/objects/2026-09/contacts/{objectId}"));
    assert_eq!(usage.sunset, Some("2027-09-30"));
    assert!(usage.scopes.contains(&"crm.objects.contacts.read".to_owned()), "{:?}", usage.scopes);
}

#[test]
fn every_report_counts_the_same_and_the_summary_stands_first() {
    let (one, two) = (values::pat(11), values::pat(12));
    let folder = folder(&[
        ("services/orders/.env", &format!("HUBSPOT_TOKEN={one}\n")),
        ("services/orders/a.py", &format!("T = '{one}'\nrequests.get('https://api.hubapi.com/crm/v3/owners')\n")),
        ("services/invoices/b.js", &format!("const t = '{two}'\nfetch('https://api.hubapi.com/contacts/v1/lists?hapikey=' + k)\n")),
    ]);
    let report = scan(folder.path());
    let style = report::human::Style { today: Some("2026-11-29"), ..Default::default() };
    let human = report::human::write(&report, style);
    assert!(human.starts_with("Summary\n\n  2 secrets at 3 places  (2 high confidence)\n  2 calls\n"), "{human}");
    assert!(human.contains("    services/orders       1 secret      1 call"), "{human}");
    assert!(!human.contains('\u{1b}'), "colours only where they are asked for");
    let coloured = report::human::write(&report, report::human::Style { colour: true, ..style });
    assert!(coloured.contains("\u{1b}[31mended 2022-11-30\u{1b}[0m"), "{coloured}");
    let json: serde_json::Value = serde_json::from_str(&report::json(&report)).expect("JSON");
    let summary = &json["summary"];
    assert_eq!((&summary["secrets"], &summary["places"], &summary["calls"]), (&2.into(), &3.into(), &2.into()));
    assert_eq!(summary["by_confidence"]["high"], 2);
    let sarif: serde_json::Value = serde_json::from_str(&report::sarif::write(&report, "2026-11-29")).expect("JSON");
    assert_eq!(sarif["runs"][0]["properties"], serde_json::json!({"secrets": 2, "places": 3, "calls": 2}));
    assert!(report::markdown::write(&report, "2026-11-29").contains("2 secrets at 3 places, 2 calls in 3 files."));
    assert!(report::junit::write(&report).contains("<property name=\"secrets\" value=\"2\"/>"));
    assert!(report::html::write(&report, "2026-11-29").contains("<strong>2</strong>secrets in plain text"));
}
