//! Input that means harm: bounded memory, a named skip, and the scan goes on.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use keyway_scan::detect::Wanted;
use keyway_scan::finding::Confidence;
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress, Report};
use keyway_scan::source::tree::Which;
use proptest::prelude::*;

use crate::{examine, values};

fn scan(root: &Path) -> Report {
    let options = Options {
        which: Which { roots: vec![root.to_owned()], ..Which::default() },
        wanted: Wanted { usages: true },
        judgement: Judgement { least: Confidence::Low, baseline: BTreeSet::new(), keep_values: false },
        progress: Progress::default(),
    };
    scan::files(&options).expect("the folder is there")
}

/// A folder with a token in `z.env`, which every scan must reach.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("z.env"), format!("T={}", values::pat(1))).expect("files can be written");
    folder
}

#[test]
fn binary_and_sparse_files_are_left_out() {
    let folder = folder();
    fs::write(folder.path().join("a.bin"), [b"\0\x01".as_slice(), values::pat(2).as_bytes()].concat()).expect("files can be written");
    let sparse = File::create(folder.path().join("b.img")).expect("files can be made");
    sparse.set_len(4 << 30).expect("a sparse file takes no space");
    let report = scan(folder.path());
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.stats.binary, 2);
}

#[test]
fn a_line_of_many_megabytes_is_read_in_windows() {
    let folder = folder();
    let mut file = File::create(folder.path().join("a.min.js")).expect("files can be made");
    for _ in 0..20 {
        file.write_all(&b"var a=1;".repeat(128 << 10)).expect("files can be written");
    }
    write!(file, "t='{}'", values::pat(3)).expect("files can be written");
    let report = scan(folder.path());
    assert_eq!(report.findings.iter().map(|finding| (finding.line, finding.column)).collect::<Vec<_>>(), [(1, 20 * (1 << 20) + 4), (1, 3)]);
}

#[cfg(unix)]
#[test]
fn links_that_go_round_are_not_followed() {
    let folder = folder();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).expect("links can be made");
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("endless")).expect("links can be made");
    assert_eq!(scan(folder.path()).findings.len(), 1);
}

#[test]
fn a_zip_bomb_stops_at_its_bound_and_is_named() {
    let folder = folder();
    let mut writer = zip::ZipWriter::new(File::create(folder.path().join("bomb.zip")).expect("files can be made"));
    let zeros = vec![b'a'; 1 << 20];
    writer.start_file("a.txt", zip::write::SimpleFileOptions::default()).expect("a zip can be written");
    for _ in 0..600 {
        writer.write_all(&zeros).expect("a zip can be written");
    }
    writer.finish().expect("a zip can be written");
    let report = scan(folder.path());
    assert_eq!(report.findings.len(), 1);
    assert!(report.skipped.iter().any(|skip| skip.path.starts_with("bomb.zip") && skip.reason.contains("512 MiB")), "{:?}", report.skipped);
}

#[test]
fn archives_in_archives_are_opened_so_far_and_no_farther() {
    let mut content = format!("token = '{}'", values::pat(4)).into_bytes();
    let mut name = "inner.env".to_owned();
    let folder = folder();
    for depth in 0..6 {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file(&name, zip::write::SimpleFileOptions::default()).expect("a zip can be written");
        writer.write_all(&content).expect("a zip can be written");
        content = writer.finish().expect("a zip can be written").into_inner();
        name = format!("{depth}.zip");
        fs::write(folder.path().join(&name), &content).expect("files can be written");
    }
    let report = scan(folder.path());
    let in_archives: Vec<&str> = report.findings.iter().map(|finding| finding.path.as_str()).filter(|path| path.contains('!')).collect();
    assert_eq!(
        in_archives,
        ["0.zip!inner.env", "1.zip!0.zip!inner.env", "2.zip!1.zip!0.zip!inner.env", "3.zip!2.zip!1.zip!0.zip!inner.env"]
    );
    assert!(report.skipped.iter().any(|skip| skip.reason.contains("archives inside each other")), "{:?}", report.skipped);
}

#[test]
fn a_broken_archive_is_named() {
    let folder = folder();
    fs::write(folder.path().join("a.zip"), b"PK\x03\x04 and nothing more").expect("files can be written");
    fs::write(folder.path().join("b.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\0 broken").expect("files can be written");
    let report = scan(folder.path());
    let names: Vec<&str> = report.skipped.iter().map(|skip| skip.path.as_str()).collect();
    assert_eq!(names, ["a.zip", "b.gz"]);
}

/// Pieces of what detectors look for, to be put together in every way.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"hubspot".to_vec()),
        Just(b"hapikey=".to_vec()),
        Just(b"https://api.hubapi.com/crm/v3/objects/".to_vec()),
        Just(b"\"/contacts/v1/lists/\" + ".to_vec()),
        Just(b"client.crm.contacts.basicApi.".to_vec()),
        Just(b"pat-na1-".to_vec()),
        Just(b"CiRu".to_vec()),
        Just(b"\" + \"".to_vec()),
        Just(b"INSERT INTO t (a, b) VALUES (1, '".to_vec()),
        Just(values::uuid(7).into_bytes()),
        Just(values::routed(8, "eu1").into_bytes()),
        Just(values::access(9).into_bytes()),
        Just(values::personal_access_key(10).into_bytes()),
        prop::collection::vec(prop::sample::select(b"{}[]()<>=:,;\"'`\\%$# \n\t-./?&|".to_vec()), 1..6),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_the_detector_fail(bytes in pieces()) {
        let found = keyway_scan::detect::examine(
            keyway_scan::detect::Text { path: "a.js", bytes: &bytes },
            Wanted { usages: true },
            &mut keyway_scan::prefilter::Hits::default(),
        );
        for candidate in &found.candidates {
            prop_assert!(candidate.at.start < candidate.at.end && candidate.at.end <= bytes.len());
        }
    }
}

/// Lines of settings and prose: short keys, colons, dashes and values, in every order and cut anywhere.
fn lines() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "a",
            "id",
            "key",
            "me",
            "hubspot",
            "client-secret",
            "access-token",
            "token",
            "ü",
            "> ",
            "* ",
            "- ",
            "**",
            "[",
            "](",
            "_",
            "@",
            ":",
            ": ",
            ":\t",
            ":\n",
            " ",
            "  ",
            "    ",
            "\n",
            "\r\n",
            "=",
            " = ",
            "#",
            "# ",
            "; ",
            "? ",
            ".",
            ", ",
            "|",
            "| ",
            "\"",
            "'",
            "`",
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec![values::pat(1), values::uuid(2), values::routed(3, "eu1"), values::access(4)]),
    ];
    (prop::collection::vec(piece, 1..30), 0_usize..80).prop_map(|(pieces, cut)| {
        let text = pieces.concat();
        let end = (0..=text.len().saturating_sub(cut)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text[..end].to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_line_of_settings_or_prose_makes_the_reader_fail(text in lines(), path in prop::sample::select(vec!["a.yml", "hubspot.properties", ".env", "notes.md", "a.txt", "a.ini"])) {
        for candidate in &examine(path, &text).candidates {
            prop_assert!(candidate.at.start < candidate.at.end && candidate.at.end <= text.len());
        }
    }
}

#[test]
fn a_short_key_right_before_a_value_is_no_speaker_beyond_it() {
    for line in
        ["{p}", "id: {p}", "  oauth:\n    secret: {p}\n", "me:\n{p}", "> Ben: {p}", "Ben:\t{p} is the token", "token:{p}", "*a*: {p}"]
    {
        let text = line.replace("{p}", &values::pat(5));
        assert_eq!(examine("application.yml", &text).candidates.len(), 1, "{line}");
    }
    let text = values::fill(
        "hubspot:\n  access-token: {pat}\n  oauth:\n    client-secret: {uuid}\n    refresh-token: {uuid}\nkeycloak:\n  secret: {uuid}\n",
    );
    assert_eq!(examine("src/main/resources/application.yml", &text).candidates.len(), 3);
}

#[test]
fn a_value_that_reaches_beyond_the_longest_path_does_no_harm() {
    // A path is read for 600 bytes. The value that follows it is read to its own end.
    for length in 520..620 {
        let long = "a".repeat(length);
        for value in [
            "\" + id_of_the_contact",
            "${id_of_the_contact}?x=1\"",
            "\" + (id_of_the_contact) + \"?x=1\"",
            "%(id_of_the_contact)s\"",
            "\" +",
        ] {
            examine("a.js", &format!("fetch(\"https://api.hubapi.com/crm/v3/objects/contacts/{long}/{value}"));
            examine("a.js", &format!("call(\"/crm/v3/objects/contacts/{long}/{value}"));
        }
    }
}

#[test]
fn letters_of_many_bytes_around_a_value_do_no_harm() {
    let found = examine("ü.py", &format!("hubspot_schlüssel_api_key = “{}” # ü", values::uuid(11)));
    assert!(found.candidates.len() <= 1);
}

/// A report of one finding and one call whose texts may be anything.
fn report_of(text: &str) -> Report {
    let mut report = scan(folder().path());
    report.findings[0].path = text.to_owned();
    report.findings[0].reason = text.to_owned();
    let found = examine("a.py", "requests.get('https://api.hubapi.com/crm/v3/objects/contacts')");
    report.usages.extend(found.usages.into_iter().map(|(_, usage)| usage));
    report.usages[0].path = format!("{text}/a");
    report.skipped.push(keyway_scan::source::Skip { path: text.to_owned(), reason: text.to_owned() });
    report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_breaks_out_of_a_report(text in "[\\PC\\x00-\\x1f<>&\"'|`\\\\\\]-]{0,40}") {
        let report = report_of(&text);
        let sarif: serde_json::Value = serde_json::from_str(&keyway_scan::report::sarif::write(&report, "2026-11-23")).expect("SARIF is JSON");
        prop_assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(2));
        let junit = keyway_scan::report::junit::write(&report);
        prop_assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure ").count()), (1, 1));
        let html = keyway_scan::report::html::write(&report, "2026-11-23");
        prop_assert_eq!(html.matches("<table>").count(), html.matches("</table>").count());
        prop_assert!(!html.contains("<script"));
        let human = keyway_scan::report::human::write(&report, Default::default());
        prop_assert!(human.chars().all(|letter| letter == '\n' || !letter.is_control()));
        prop_assert!(keyway_scan::report::markdown::write(&report, "2026-11-23").lines().all(|line| !line.contains('\0')));
    }
}
