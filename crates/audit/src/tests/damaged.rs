//! Files of the log that are damaged, or removed under a running server: Keyway shows the records that it can
//! read, reports the damage, and overwrites nothing.

use std::fs;

use super::in_files::{commits, files, in_folder, six};
use super::*;

/// The file and the offset of each reported damage.
async fn places(log: &AuditLog) -> Vec<(String, u64)> {
    log.damage().await.unwrap().into_iter().map(|one| (one.file, one.offset)).collect()
}

const FIRST: &str = "00000000000000000001.log";

async fn everything(log: &AuditLog) -> Vec<i64> {
    times(log, AuditFilter { limit: 1_000, ..AuditFilter::default() }).await
}

#[tokio::test]
async fn a_newest_file_with_a_damaged_head_is_told_read_and_never_written_over() {
    for (with_index, damage) in [(true, 0..64), (false, 0..64), (true, 8..16), (false, 3..4), (true, 48..64), (false, 50..51)] {
        let (folder, _) = six().await;
        let file = files(folder.path(), "log").remove(0);
        if !with_index {
            fs::remove_file(file.with_extension("idx")).unwrap();
        }
        let mut bytes = fs::read(&file).unwrap();
        bytes[damage.clone()].fill(0xa5);
        fs::write(&file, &bytes).unwrap();
        for start in 1..=3 {
            let log = in_folder(folder.path()).await;
            log.record(entry(1, 100 + start, 200), false).await.unwrap();
            let mut shown: Vec<i64> = (101..=100 + start).rev().collect();
            shown.extend((1..=6).rev());
            assert_eq!(everything(&log).await, shown, "{damage:?}");
            let fault = log.verify(&nothing_kept()).await.unwrap().fault.unwrap();
            assert!(fault.contains(FIRST), "{fault}");
            assert_eq!(places(&log).await[0], (FIRST.to_owned(), 0));
            log.close().await;
            assert_eq!(fs::read(&file).unwrap(), bytes, "{damage:?}: the file is as it was found");
        }
    }
}

#[tokio::test]
async fn records_behind_a_damaged_place_are_shown_and_the_place_is_named() {
    for with_index in [true, false] {
        for (commit, at, bytes_damaged) in [(2, 0, 64), (2, 0, 4), (2, 40, 64), (0, 0, 36), (3, 10, 100)] {
            let (folder, _) = six().await;
            let file = files(folder.path(), "log").remove(0);
            if !with_index {
                fs::remove_file(file.with_extension("idx")).unwrap();
            }
            let mut bytes = fs::read(&file).unwrap();
            let from = commits(&bytes)[commit];
            bytes[from + at..from + at + bytes_damaged].fill(0xa5);
            fs::write(&file, &bytes).unwrap();
            let log = in_folder(folder.path()).await;
            log.record(entry(1, 7, 200), false).await.unwrap();
            let shown = everything(&log).await;
            let what = format!("commit {commit}, {bytes_damaged} bytes from {at}, index: {with_index}: {shown:?}");
            assert!(shown.starts_with(&[7, 6]) && shown.len() >= 5, "{what}");
            let places = places(&log).await;
            assert_eq!(places.first(), Some(&(FIRST.to_owned(), from as u64)), "{what}");
            let fault = log.verify(&nothing_kept()).await.unwrap().fault.unwrap();
            assert!(fault.contains(&format!("{FIRST}, byte {from}")), "{what}: {fault}");
            log.close().await;
            assert_eq!(fs::read(&file).unwrap(), bytes, "{what}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_lost_under_a_running_server_is_told_and_a_new_one_begins() {
    type Loss = fn(&std::path::Path);
    let losses: [(&str, Loss); 4] = [
        ("deleted", |file| fs::remove_file(file).unwrap()),
        ("moved", |file| fs::rename(file, file.with_extension("away")).unwrap()),
        ("replaced", |file| {
            fs::remove_file(file).unwrap();
            fs::write(file, b"somebody's").unwrap();
        }),
        ("cut", |file| fs::File::options().write(true).open(file).unwrap().set_len(80).unwrap()),
    ];
    for (what, lose) in losses {
        let folder = tempfile::tempdir().unwrap();
        let log = in_folder(folder.path()).await;
        for at in 1..=3 {
            log.record(entry(1, at, 200), false).await.unwrap();
        }
        assert!(places(&log).await.is_empty());
        let file = files(folder.path(), "log").pop().unwrap();
        lose(&file);
        // The log reports the damage before anything is written, and a check reports it too.
        assert_eq!(places(&log).await, [(FIRST.to_owned(), 0)], "{what}");
        assert!(log.verify(&nothing_kept()).await.unwrap().fault.is_some(), "{what}");
        for at in 4..=5 {
            log.record(entry(1, at, 200), false).await.unwrap();
        }
        assert!(everything(&log).await.starts_with(&[5, 4]), "{what}");
        log.close().await;
        if what == "replaced" {
            assert_eq!(fs::read(&file).unwrap(), b"somebody's");
        }
        let log = in_folder(folder.path()).await;
        assert!(everything(&log).await.starts_with(&[5, 4]), "{what}: what came after is kept");
        assert!(log.verify(&nothing_kept()).await.unwrap().fault.is_some(), "{what}");
    }
}

#[tokio::test]
async fn a_file_in_the_middle_that_is_gone_is_told_by_a_list_too() {
    let (folder, _) = six().await;
    for at in [30, 40] {
        let log = in_folder(folder.path()).await;
        log.record(entry(1, at, 200), false).await.unwrap();
        log.close().await;
    }
    let log = in_folder(folder.path()).await;
    let file = files(folder.path(), "log").remove(1);
    fs::remove_file(&file).unwrap();
    assert_eq!(everything(&log).await, [40, 6, 5, 4, 3, 2, 1]);
    assert_eq!(places(&log).await, [(file.file_name().unwrap().to_str().unwrap().to_owned(), 0)]);
}

#[tokio::test]
async fn what_was_set_aside_is_not_written_over_either() {
    let (folder, _) = six().await;
    let file = files(folder.path(), "log").remove(0);
    let bytes = fs::read(&file).unwrap();
    for set_aside in 1..=3 {
        fs::remove_file(file.with_extension("idx")).ok();
        fs::write(&file, &bytes[..80 + set_aside]).unwrap();
        in_folder(folder.path()).await.close().await;
        assert_eq!(files(folder.path(), "cut").len(), set_aside);
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(FOLDER).join(FIRST)).unwrap();
    let refused = AuditLog::open(Place::Folder(folder.path()), ChainKey::new(&[7; 32]), None).await.err().unwrap();
    assert!(refused.to_string().contains(FIRST), "{refused}");
}
