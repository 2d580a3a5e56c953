//! What only the log of one server does: its files, what is done to them, and what a crash leaves.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;

use super::*;

const DAY_MS: i64 = 86_400_000;

/// A log in files, whatever the other tests of this run use.
pub(super) async fn in_folder(folder: &Path) -> AuditLog {
    AuditLog::open(Place::Folder(folder), ChainKey::new(&[7; 32]), None).await.unwrap()
}

/// The files of a kind, the oldest first.
pub(super) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder.join(FOLDER)).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|there| there == extension)).collect();
    found.sort();
    found
}

/// A folder with six records, one a commit, and the head of their chain.
pub(super) async fn six() -> (tempfile::TempDir, Heads) {
    let folder = tempfile::tempdir().unwrap();
    let log = in_folder(folder.path()).await;
    for at in 1..=6 {
        log.record(entry(1, at, 200), false).await.unwrap();
    }
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault, whole.torn), (6, None, 0));
    log.close().await;
    (folder, whole.heads)
}

/// Where the commits of a file begin, and where the last one ends.
pub(super) fn commits(bytes: &[u8]) -> Vec<usize> {
    let mut places = vec![64];
    loop {
        let at = *places.last().unwrap();
        let Some(length) = bytes.get(at..at + 4) else { return places };
        places.push(at + 36 + u32::from_le_bytes(length.try_into().unwrap()) as usize);
    }
}

/// Whether a check finds something, also when the log has gone on.
async fn shows(folder: &Path, known: &Heads) -> bool {
    let log = in_folder(folder).await;
    let at_once = log.verify(known).await.unwrap().fault;
    log.record(entry(1, 20, 200), false).await.unwrap();
    let later = log.verify(known).await.unwrap().fault;
    log.close().await;
    at_once.is_some() && later.is_some()
}

type Change = fn(&mut Vec<u8>, &[usize]);

#[tokio::test]
async fn whatever_is_done_to_a_written_record_shows() {
    let changes: [(&str, Change); 8] = [
        ("a byte of the first record", |bytes, at| bytes[at[0] + 40] ^= 1),
        ("a byte of one in the middle", |bytes, at| bytes[at[3] - 1] ^= 1),
        ("a byte of the last", |bytes, at| bytes[at[6] - 1] ^= 1),
        ("a seal", |bytes, at| bytes[at[2] + 5] ^= 1),
        ("a commit taken out", |bytes, at| drop(bytes.drain(at[3]..at[4]))),
        ("a commit added again", |bytes, at| bytes.extend_from_within(at[5]..at[6])),
        ("two that changed places", |bytes, at| {
            let (one, other) = (bytes[at[1]..at[2]].to_vec(), bytes[at[2]..at[3]].to_vec());
            bytes.splice(at[1]..at[3], [other, one].concat());
        }),
        ("the seal that the file begins with", |bytes, _| bytes[20] ^= 1),
    ];
    for (what, change) in changes {
        let (folder, _) = six().await;
        let file = files(folder.path(), "log").remove(0);
        let mut bytes = fs::read(&file).unwrap();
        let places = commits(&bytes);
        change(&mut bytes, &places);
        fs::write(&file, &bytes).unwrap();
        if what == "a commit added again" {
            // The commit is after the end in the sealed index: no query reads it, and a check reports it.
            let log = in_folder(folder.path()).await;
            let checked = log.verify(&nothing_kept()).await.unwrap();
            assert_eq!((checked.records, checked.torn), (6, 1));
            continue;
        }
        assert!(shows(folder.path(), &nothing_kept()).await, "{what}");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_shows_against_a_head_that_was_kept() {
    let (folder, head) = six().await;
    assert_eq!(head.to_string().parse(), Ok(head.clone()));
    let file = files(folder.path(), "log").remove(0);
    let bytes = fs::read(&file).unwrap();
    let cut = &bytes[..commits(&bytes)[4]];
    // The index records the end.
    fs::write(&file, cut).unwrap();
    assert!(shows(folder.path(), &nothing_kept()).await);
    // Without the index the file looks as after a crash, and only the head shows that it was cut.
    let (folder, head) = six().await;
    let file = files(folder.path(), "log").remove(0);
    fs::write(&file, cut).unwrap();
    fs::remove_file(file.with_extension("idx")).unwrap();
    assert!(shows(folder.path(), &head).await);
    // So does a log that was thrown away, and one that was put back to an earlier state.
    let (folder, head) = six().await;
    fs::remove_dir_all(folder.path().join(FOLDER)).unwrap();
    assert!(shows(folder.path(), &head).await);
}

#[tokio::test]
async fn a_file_in_the_middle_or_at_the_beginning_can_not_be_taken_away() {
    for gone in [0, 1] {
        let (folder, _) = six().await;
        for at in [30, 40] {
            let log = in_folder(folder.path()).await;
            log.record(entry(1, at, 200), false).await.unwrap();
            log.close().await;
        }
        let log = in_folder(folder.path()).await;
        assert_eq!(log.verify(&nothing_kept()).await.unwrap().records, 8);
        log.close().await;
        let file = files(folder.path(), "log").remove(gone);
        fs::remove_file(file.with_extension("idx")).unwrap();
        fs::remove_file(file).unwrap();
        assert!(shows(folder.path(), &nothing_kept()).await, "file {gone}");
    }
}

#[tokio::test]
async fn where_the_chain_starts_can_not_be_moved() {
    let (folder, _) = six().await;
    fs::write(folder.path().join(FOLDER).join("start"), [7; 72]).unwrap();
    assert!(shows(folder.path(), &nothing_kept()).await);
}

#[tokio::test]
async fn what_a_crash_cut_off_is_left_and_told_and_the_rest_is_whole() {
    let (folder, head) = six().await;
    let file = files(folder.path(), "log").remove(0);
    // As after a kill in the middle of the seventh commit: nothing records the end, and half a commit is
    // there.
    fs::remove_file(file.with_extension("idx")).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let half = bytes[commits(&bytes)[4]..][..60].to_vec();
    bytes.extend(half);
    bytes.extend([0; 4_096]);
    fs::write(&file, bytes).unwrap();
    let log = in_folder(folder.path()).await;
    log.record(entry(1, 7, 200), false).await.unwrap();
    let whole = log.verify(&head).await.unwrap();
    assert_eq!((whole.records, whole.fault, whole.torn), (7, None, 1));
    assert_eq!(times(&log, AuditFilter::default()).await, [7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_record_that_was_changed_after_a_crash_is_no_commit_that_was_cut_off() {
    let (folder, _) = six().await;
    let file = files(folder.path(), "log").remove(0);
    fs::remove_file(file.with_extension("idx")).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    // The last byte of the last record: of its source.
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(shows(folder.path(), &nothing_kept()).await);
    let log = in_folder(folder.path()).await;
    assert_eq!(times(&log, AuditFilter::default()).await, [20, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_file_that_holds_nothing_but_half_a_commit_is_set_aside() {
    let (folder, _) = six().await;
    let file = files(folder.path(), "log").remove(0);
    fs::remove_file(file.with_extension("idx")).unwrap();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..90]).unwrap();
    let log = in_folder(folder.path()).await;
    log.record(entry(1, 1, 200), false).await.unwrap();
    let checked = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((checked.records, checked.fault, checked.torn), (1, None, 1));
    assert_eq!(fs::read(&files(folder.path(), "cut")[0]).unwrap(), &bytes[..90]);
}

#[tokio::test]
async fn an_index_that_was_changed_or_is_gone_is_made_anew() {
    let (folder, _) = six().await;
    let log = in_folder(folder.path()).await;
    log.record(entry(2, 7, 403), false).await.unwrap();
    log.close().await;
    let indexes = files(folder.path(), "idx");
    fs::remove_file(&indexes[0]).unwrap();
    let mut bytes = fs::read(&indexes[1]).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&indexes[1], bytes).unwrap();
    let log = in_folder(folder.path()).await;
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), ..AuditFilter::default() }).await.len(), 6);
    assert_eq!(times(&log, AuditFilter { status: Some(StatusFilter::Exact(403)), ..AuditFilter::default() }).await, [7]);
    // Lost while the server runs, too.
    files(folder.path(), "idx").iter().for_each(|index| fs::remove_file(index).unwrap());
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), ..AuditFilter::default() }).await.len(), 6);
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
}

#[tokio::test]
async fn a_new_day_begins_a_new_file_and_days_that_are_over_go() {
    let folder = tempfile::tempdir().unwrap();
    let log = in_folder(folder.path()).await;
    for day in 0..4 {
        for at in 0..5 {
            log.record(entry(1 + at % 2, day * DAY_MS + i64::try_from(at).unwrap(), 200), false).await.unwrap();
        }
    }
    assert_eq!(files(folder.path(), "log").len(), 4);
    let head = log.verify(&nothing_kept()).await.unwrap().heads;
    // Days are kept whole.
    assert!(log.is_whole().await.unwrap());
    assert_eq!(log.prune(Timestamp::from_ms(2 * DAY_MS + 2)).await.unwrap(), 10);
    assert!(!log.is_whole().await.unwrap());
    assert_eq!(log.prune(Timestamp::from_ms(2 * DAY_MS + 2)).await.unwrap(), 0);
    assert_eq!(times(&log, AuditFilter { app_id: Some(2), ..AuditFilter::default() }).await.len(), 4);
    let whole = log.verify(&head).await.unwrap();
    assert_eq!((whole.records, whole.fault), (10, None));
    log.close().await;
    let log = in_folder(folder.path()).await;
    assert_eq!(log.prune(Timestamp::from_ms(9 * DAY_MS)).await.unwrap(), 10);
    log.record(entry(1, 9 * DAY_MS, 200), false).await.unwrap();
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault), (1, None));
    assert_eq!(log.oldest().await.unwrap(), Some(Timestamp::from_ms(9 * DAY_MS)));
}

#[tokio::test]
async fn calls_under_way_are_not_forgotten_when_a_new_file_begins() {
    let folder = tempfile::tempdir().unwrap();
    let log = in_folder(folder.path()).await;
    log.begin(entry(1, 10, 0)).await.unwrap();
    log.begin(entry(1, 20, 0)).await.unwrap();
    for day in 1..=3 {
        log.record(entry(2, day * DAY_MS, 200), false).await.unwrap();
    }
    log.record(entry(1, 20, 201), true).await.unwrap();
    // As killed: the log is not closed, and the files that began the calls are gone for their age.
    assert_eq!(log.prune(Timestamp::from_ms(2 * DAY_MS)).await.unwrap(), 1);
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join(FOLDER)).unwrap();
    for file in fs::read_dir(folder.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, copy.path().join(FOLDER).join(file.file_name().unwrap())).unwrap();
    }
    let log = in_folder(copy.path()).await;
    let unknown = AuditFilter { status: Some(StatusFilter::Unknown), ..AuditFilter::default() };
    assert_eq!(times(&log, unknown).await, [10]);
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
}

#[tokio::test]
async fn every_filter_finds_in_many_blocks_what_a_look_at_each_record_finds() {
    let folder = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(in_folder(folder.path()).await);
    // Several blocks and two files; arrivals are not in the order of the records.
    let all: Vec<AuditEntry> = (0..6_000_i64)
        .map(|n| {
            let at = n * 40_000 + (n * 7_919) % 30_000;
            let status = if n % 50 == 3 { 429 } else { 200 };
            let operation = if n % 3 == 0 { "POST /crm/v3/objects/contacts" } else { "GET /crm/v3/owners" };
            AuditEntry { operation: operation.into(), hub_id: Some(1 + n as u64 % 2), ..entry(n as u64 % 700, at, status) }
        })
        .collect();
    for part in all.chunks(500) {
        let writers = part.iter().cloned().map(|entry| {
            let log = log.clone();
            tokio::spawn(async move { log.record(entry, false).await })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap().unwrap();
        }
    }
    assert!(files(folder.path(), "log").len() > 1);
    let everything = log.list(&AuditFilter { limit: 10_000, ..AuditFilter::default() }).await.unwrap();
    assert_eq!(everything.len(), all.len());
    assert!(everything.windows(2).all(|pair| pair[0].id == pair[1].id + 1));
    let ask = |filter: AuditFilter, fits: fn(&AuditRecord) -> bool| {
        let (log, expected) = (log.clone(), everything.iter().filter(|record| fits(record)).cloned().collect::<Vec<_>>());
        async move {
            let filter = AuditFilter { limit: 10_000, ..filter };
            assert_eq!(log.list(&filter).await.unwrap(), expected, "{filter:?}");
            // Page by page it is the same.
            let (mut paged, mut page) = (Vec::new(), AuditFilter { limit: 7, ..filter });
            loop {
                let some = log.list(&page).await.unwrap();
                page.before_id = some.last().map(|record| record.id);
                paged.extend(some);
                if page.before_id.is_none() || paged.len() > 70 {
                    break;
                }
            }
            assert!(expected.starts_with(&paged[..paged.len().min(70)]));
        }
    };
    let any = AuditFilter::default;
    ask(AuditFilter { app_id: Some(17), ..any() }, |record| record.app_id == Some(17)).await;
    ask(AuditFilter { app_id: Some(9_999), ..any() }, |_| false).await;
    ask(AuditFilter { app_id: Some(17), status: Some(StatusFilter::Exact(429)), ..any() }, |record| {
        record.app_id == Some(17) && record.status == Some(429)
    })
    .await;
    ask(AuditFilter { app_id: Some(17), operation: Some("GET /crm/v3/owners".into()), ..any() }, |record| {
        record.app_id == Some(17) && record.operation == "GET /crm/v3/owners"
    })
    .await;
    ask(AuditFilter { hub_id: Some(2), status: Some(StatusFilter::Class(4)), ..any() }, |record| {
        record.hub_id == Some(2) && record.status == Some(429)
    })
    .await;
    ask(AuditFilter { operation: Some("/crm/v3/owners".into()), ..any() }, |record| record.operation == "GET /crm/v3/owners").await;
    ask(AuditFilter { operation: Some("PUT /crm/v3/owners".into()), ..any() }, |_| false).await;
    ask(AuditFilter { category: Some("MISSING_SCOPES".into()), ..any() }, |record| record.status == Some(429)).await;
    let (from, to) = (Timestamp::from_ms(50_000_000), Timestamp::from_ms(60_000_000));
    let (from_iso, to_iso) = (from.to_iso(), to.to_iso());
    assert_eq!((from_iso.as_str(), to_iso.as_str()), ("1970-01-01T13:53:20.000Z", "1970-01-01T16:40:00.000Z"));
    ask(AuditFilter { from: Some(from), to: Some(to), ..any() }, |record| {
        ("1970-01-01T13:53:20.000Z".."1970-01-01T16:40:00.000Z").contains(&record.time.as_str())
    })
    .await;
}

#[tokio::test]
async fn a_rare_call_is_looked_for_in_no_more_of_the_log_than_asked() {
    let folder = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(in_folder(folder.path()).await);
    // One call in five hundred is of app 2, in three blocks of the log.
    let writers = (0..2_500).map(|at| {
        let log = log.clone();
        tokio::spawn(async move { log.record(entry(if at % 500 == 0 { 2 } else { 1 }, at, 200), false).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    let rare = AuditFilter { app_id: Some(2), limit: 10, ..AuditFilter::default() };
    let (all, is_whole) = log.brief_within(&rare, u64::MAX).await.unwrap();
    assert_eq!((all.len(), is_whole), (5, true));
    let (newest, is_whole) = log.brief_within(&rare, 1).await.unwrap();
    assert!(!is_whole && newest.len() < 5 && all.starts_with(&newest), "{newest:?}");
    // A full page may be the last one or not.
    let (page, is_whole) = log.brief_within(&AuditFilter { limit: 5, ..rare }, u64::MAX).await.unwrap();
    assert_eq!((page.len(), is_whole), (5, false));
    log.close().await;
}

/// Indexes that were loaded and bytes of stretches that were read since the last time.
fn work(log: &AuditLog) -> (usize, u64) {
    let crate::log::Readers::Files(shelf) = &log.readers else { unreachable!() };
    (shelf.work.indexes.swap(0, Relaxed), shelf.work.bytes.swap(0, Relaxed))
}

/// A log of ten days, a file each, in which every call is of app 1. On the fifth day some are refused for a limit.
async fn ten_days(folder: &Path) -> AuditLog {
    let log = in_folder(folder).await;
    for day in 0..10 {
        for at in 0..20 {
            let word = (day == 5 && at < 3).then_some("limit-reached");
            log.record(AuditEntry { word, ..entry(1, day * DAY_MS + at, 200) }, false).await.unwrap();
        }
    }
    log.close().await;
    in_folder(folder).await
}

#[tokio::test]
async fn the_index_of_a_finished_file_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = ten_days(folder.path()).await;
    work(&log);
    let nobody = AuditFilter { app_id: Some(2), limit: 10, ..AuditFilter::default() };
    assert_eq!(times(&log, nobody.clone()).await, [0; 0]);
    assert_eq!(work(&log), (10, 0), "an app without calls has no records to read");
    assert_eq!(times(&log, nobody).await, [0; 0]);
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), limit: 1, ..AuditFilter::default() }).await, [9 * DAY_MS + 19]);
    assert_eq!(work(&log).0, 0);
    log.prune(Timestamp::from_ms(5 * DAY_MS)).await.unwrap();
    assert_eq!(times(&log, AuditFilter::default()).await.len(), 100, "what retention removed is not found in memory");
}

#[tokio::test]
async fn where_the_calls_with_a_token_came_from_is_known_without_their_records() {
    let folder = tempfile::tempdir().unwrap();
    let log = ten_days(folder.path()).await;
    log.record(AuditEntry { source: "192.0.2.7".parse().unwrap(), ..entry(1, 9 * DAY_MS + 50, 200) }, false).await.unwrap();
    work(&log);
    let since = |at: i64| log.sources_of(5, Timestamp::from_ms(at));
    let local = |calls: u64| ("127.0.0.1".to_owned(), calls, Timestamp::from_ms(9 * DAY_MS + 19));
    let other = ("192.0.2.7".to_owned(), 1, Timestamp::from_ms(9 * DAY_MS + 50));
    for _ in 0..2 {
        assert_eq!(since(0).await.unwrap(), [other.clone(), local(200)]);
        assert_eq!(work(&log).1, 0);
    }
    // Of the file in which the moment lies, the records are read.
    assert_eq!(since(4 * DAY_MS + 7).await.unwrap(), [other, local(113)]);
    assert!(work(&log).1 > 0);
}

#[tokio::test]
async fn a_category_is_looked_for_in_the_hours_that_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = ten_days(folder.path()).await;
    let all = AuditFilter { app_id: Some(1), ..AuditFilter::default() };
    times(&log, all.clone()).await;
    let (_, of_everything) = work(&log);
    let limited = AuditFilter { category: Some("limit-reached".into()), ..all.clone() };
    // The second time only what finds records is in memory, without the sums.
    for _ in 0..2 {
        assert_eq!(times(&log, limited.clone()).await, [5 * DAY_MS + 2, 5 * DAY_MS + 1, 5 * DAY_MS]);
        let (_, bytes) = work(&log);
        assert!(bytes > 0 && bytes < of_everything / 4, "{bytes} bytes of {of_everything} are read");
    }
    for nothing in [AuditFilter { category: Some("missing-scopes".into()), ..all }, AuditFilter { app_id: Some(2), ..limited }] {
        assert_eq!(times(&log, nothing).await, [0; 0]);
        assert_eq!(work(&log).1, 0);
    }
    // The newest file has its sums. A category of HubSpot's finds each refusal that has it.
    log.record(AuditEntry { word: Some("limit-reached"), ..entry(1, 20 * DAY_MS, 429) }, false).await.unwrap();
    let by_category = AuditFilter { category: Some("RATE_LIMITS".into()), limit: 1, ..AuditFilter::default() };
    assert_eq!(times(&log, by_category).await, [20 * DAY_MS]);
}

#[tokio::test]
async fn the_size_of_a_log_is_that_of_its_files_and_the_disk_beneath_has_room() {
    let (folder, _) = six().await;
    let log = in_folder(folder.path()).await;
    let size = log.size().await.unwrap();
    let of_files: u64 = fs::read_dir(folder.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(size.bytes, of_files);
    assert!(size.bytes > 0 && size.free_bytes.is_some_and(|free| free > 0), "{size:?}");
    let in_memory = AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), None).await.unwrap();
    assert_eq!(in_memory.size().await.unwrap(), Size::default());
}
