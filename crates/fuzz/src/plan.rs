//! The input of `keyway plan` and `keyway doctor`.

use keyway_advice::board::{self, Linked, Present};
use keyway_advice::doctor;
use keyway_advice::plan::{Grouping, Report, html, markdown, plan, project_files, sort, terminal};
use keyway_core::time::Timestamp;
use keyway_scan::baseline::Baseline;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

/// A report of a scan, or a baseline: planned and written, or refused.
pub fn input(bytes: &[u8]) {
    if let Ok(report) = serde_json::from_slice::<Report>(bytes) {
        let found = sort(Some(&report), &[], &Grouping::default());
        let planned = plan(&found, "2026-11-28", "report.json");
        assert_eq!(planned.apps.len(), found.integrations.len(), "an integration has no app, or an app no integration");
        if let Ok(kept) = board::clean(found.clone()) {
            for one in board::merge(board::merge(Vec::new(), &kept), &kept) {
                let present = Present::of(one.found.iter(), &kept.loose);
                let row = board::row(&one, &Linked::No, &present, &|_| None, None, NOW);
                assert!(one.earlier == board::Earlier::default() && row.steps.len() == 5, "the same report again changes nothing");
            }
        }
        let written = markdown(&planned);
        assert!(planned.apps.iter().all(|app| !project_files(app).is_empty() || written.contains("# HubSpot migration plan")));
        let page = html(&planned);
        assert!(!page.contains("<script") && !page.chars().any(|letter| letter != '\n' && keyway_core::shown::acts(letter)), "{page}");
        assert!(
            !terminal(&planned, |_, rows| format!("{rows:?}")).chars().any(|letter| letter != '\n' && keyway_core::shown::acts(letter))
        );
        serde_json::to_string(&planned).expect("a plan is JSON");
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(baseline) = Baseline::parse(&text) {
        let again = Baseline::parse(&baseline.to_json()).expect("a baseline reads what it wrote");
        assert_eq!(again.fingerprints(), baseline.fingerprints(), "a baseline lost a secret");
    }
}

/// A text that somebody pasted: causes, in an answer that can be printed.
pub fn doctor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for evidence in doctor::read(&text) {
        let found = doctor::diagnose(&evidence, NOW);
        serde_json::to_string(&(found, doctor::seen(&evidence, NOW))).expect("a diagnosis is JSON");
    }
}
