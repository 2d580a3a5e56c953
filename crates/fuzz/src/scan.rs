//! Texts that `keyway scan` searches.

use std::collections::BTreeSet;

use keyway_scan::detect::Wanted;
use keyway_scan::finding::Confidence;
use keyway_scan::judge::Judgement;
use keyway_scan::prefilter::Hits;
use keyway_scan::scan::{Options, Progress, Report, stream};
use keyway_scan::source::tree::Which;
use keyway_scan::source::windows::WINDOW_BYTES;

use crate::placeholder::replaced;

/// Longest text whose surroundings are certainly whole in one of two windows, in bytes.
const TEXT_BYTES_MAX: usize = 6 << 10;
const PATHS: [&str; 6] = ["app/config.py", "sync.js", ".env", "notes.md", "log.txt", "workflow.json"];

/// The first byte chooses the file's name. The scan must find the same secrets at any position of a large file,
/// and the report must not contain a secret.
pub fn windows(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let text = &with_secrets(&text[..text.len().min(TEXT_BYTES_MAX)])[..];
    let alone = scanned(path, text);
    no_secret_in(&alone, path, text);
    if alone.findings.is_empty() {
        return;
    }
    // The border is in the middle of the text.
    let lines = WINDOW_BYTES - (16 << 10) - text.len() / 2;
    let far = scanned(path, &[&vec![b'\n'; lines][..], text].concat());
    let at = |report: &Report, before: u64| -> Vec<(u64, u64, String)> {
        let place = |finding: &keyway_scan::finding::Finding| (finding.line - before, finding.column, finding.fingerprint.clone());
        report.findings.iter().map(place).collect()
    };
    // A text of another encoding, or a binary one, is known by its beginning.
    if alone.skipped.is_empty() && far.skipped.is_empty() && is_plain(text) {
        assert_eq!(at(&far, lines as u64), at(&alone, 0), "{path}: other secrets in a large file");
    }
}

/// Puts secrets together at run time: no scanner trips on the seeds.
fn with_secrets(text: &[u8]) -> Vec<u8> {
    let uuid = ["9f2b6c1e", "58d4", "4a07", "b3c6", "7d10e94f2a85"].join("-");
    let pat = ["pat", "eu1", &uuid].join("-");
    replaced(&replaced(text, b"$PAT", pat.as_bytes()), b"$UUID", uuid.as_bytes())
}

fn is_plain(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| !text.contains(['\0', '\u{feff}']))
}

fn scanned(path: &str, text: &[u8]) -> Report {
    let options = Options {
        which: Which::default(),
        wanted: Wanted { usages: true },
        judgement: Judgement { least: Confidence::Low, baseline: BTreeSet::new(), keep_values: false },
        progress: Progress::default(),
    };
    stream(path, text, &options).expect("bytes in memory can be read")
}

fn no_secret_in(report: &Report, path: &str, bytes: &[u8]) {
    let text = keyway_scan::detect::Text { path, bytes };
    let found = keyway_scan::detect::examine(text, Wanted { usages: true }, &mut Hits::default());
    let written = serde_json::to_string(report).expect("a report is JSON");
    for candidate in found.candidates {
        let value = candidate.value.expose();
        // The report repeats the file's name and words of its own, so only a long UUID that appears in it is
        // certainly a leaked secret.
        if value.len() >= 20 && keyway_core::credential::is_uuid(value) {
            assert!(!written.contains(value.as_str()), "{path}: a secret is in the report");
        }
    }
}
