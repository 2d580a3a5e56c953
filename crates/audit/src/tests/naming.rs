//! Calls found by the CRM record that they touched, in files and in PostgreSQL.

use std::fs;

use keyway_core::touched::{Named, RecordRef};

use super::*;

/// A call that touched these records, a list with one space between them, and set these properties.
fn naming(at: i64, records: &str, properties: &str) -> AuditEntry {
    let count = |text: &str| text.split_whitespace().count() as u64;
    let (record_count, property_count) = (count(records), count(properties));
    let named = Named { records: records.into(), record_count, incomplete: false, properties: properties.into(), property_count };
    AuditEntry { named: Some(Box::new(named)), ..entry(1, at, 200) }
}

fn of(record: &str) -> AuditFilter {
    AuditFilter { record: Some(RecordRef::parse(record).unwrap()), ..AuditFilter::default() }
}

#[tokio::test]
async fn calls_are_found_by_record_and_by_the_property_that_they_set() {
    let log = open(None).await;
    for (at, records, properties) in [
        (10, "contacts/1", ""),
        (20, "contacts/12", "email"),
        (30, "companies/1 contacts/1", "email phone"),
        (40, "notes/1", ""),
        (50, "engagements/1", ""),
    ] {
        log.record(naming(at, records, properties), false).await.unwrap();
    }
    log.record(entry(1, 60, 200), false).await.unwrap();
    assert_eq!(times(&log, of("contacts/1")).await, [30, 10]);
    assert_eq!(times(&log, of("0-2/1")).await, [30]);
    assert_eq!(times(&log, of("contacts/2")).await, [0; 0]);
    assert_eq!(times(&log, of("notes/1")).await, [50, 40]);
    assert_eq!(times(&log, AuditFilter { property: Some("email".into()), ..of("contacts/1") }).await, [30]);
    assert_eq!(times(&log, AuditFilter { property: Some("emai".into()), ..of("contacts/1") }).await, [0; 0]);
    assert_eq!(times(&log, AuditFilter { to: Some(Timestamp::from_ms(30)), ..of("contacts/1") }).await, [10]);
    assert_eq!(times(&log, AuditFilter { app_id: Some(2), ..of("contacts/1") }).await, [0; 0]);
    let found = log.list(&AuditFilter { limit: 1, ..of("companies/1") }).await.unwrap().remove(0);
    assert_eq!(
        (found.record_ids, found.record_count, found.records_incomplete),
        (vec!["companies/1".into(), "contacts/1".into()], 2, false)
    );
    assert_eq!((found.properties, found.property_count), (vec!["email".into(), "phone".into()], 2));
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
}

#[tokio::test]
async fn the_changes_of_a_record_are_found_without_its_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(Some(folder.path())).await;
    for (at, operation) in [
        (10, "GET /crm/v3/objects/contacts/{contactId}"),
        (20, "POST /crm/v3/objects/contacts/batch/read"),
        (30, "POST /crm/v3/objects/contacts/search"),
        (40, "POST /crm/v3/objects/contacts"),
        (50, "PATCH /crm/v3/objects/{objectType}/{objectId}"),
        (60, "POST (unlisted) /new/api/*"),
        (70, "GET (unlisted) /new/api/*"),
        (80, "DELETE (unknown)"),
        (90, "HEAD (unknown)"),
        (100, REFUSED_CALLS),
        (110, "DELETE /crm/v3/objects/contacts/{contactId}"),
    ] {
        log.record(AuditEntry { operation: operation.into(), ..naming(at, "contacts/1", "") }, false).await.unwrap();
    }
    let changes = |filter: AuditFilter| AuditFilter { changes: true, ..filter };
    for _ in 0..2 {
        assert_eq!(times(&log, changes(of("contacts/1"))).await, [110, 60, 50, 40]);
        assert_eq!(times(&log, changes(AuditFilter::default())).await, [110, 60, 50, 40]);
        assert_eq!(times(&log, changes(AuditFilter { app_id: Some(1), limit: 1, ..of("contacts/1") })).await, [110]);
        let of_operation = |operation: &str| changes(AuditFilter { operation: Some(operation.into()), ..AuditFilter::default() });
        assert_eq!(times(&log, of_operation("/crm/v3/objects/contacts/{contactId}")).await, [110]);
        assert_eq!(times(&log, of_operation("POST /crm/v3/objects/contacts/search")).await, [0; 0]);
        log.close().await;
        log = open(Some(folder.path())).await;
    }
    log.close().await;
}

#[tokio::test]
async fn a_call_whose_outcome_is_unknown_names_its_records_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    let mut begun = naming(10, "contacts/7", "email");
    begun.named.as_mut().unwrap().incomplete = true;
    log.begin(begun).await.unwrap();
    log.close().await;
    let log = open(Some(folder.path())).await;
    let found = log.list(&AuditFilter { limit: 9, ..of("contacts/7") }).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|record| (record.category.as_deref(), &record.properties[..], record.records_incomplete)).collect();
    assert_eq!(found, [(Some("OUTCOME_UNKNOWN"), &["email".to_owned()][..], true)]);
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
}

/// The log of one server in files, whatever the other tests of this run use.
async fn in_folder(folder: &Path) -> AuditLog {
    AuditLog::open(Place::Folder(folder), ChainKey::new(&[7; 32]), None).await.unwrap()
}

fn beside(folder: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let all = fs::read_dir(folder.join(FOLDER)).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = all.filter(|path| path.extension().is_some_and(|there| there == extension)).collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_record_is_found_in_many_files_and_blocks_as_by_a_look_at_each_call() {
    const DAY_MS: i64 = 86_400_000;
    let folder = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(in_folder(folder.path()).await);
    let all: Vec<AuditEntry> = (0..6_000_i64)
        .map(|n| {
            naming(
                n * DAY_MS / 2_500,
                &format!("contacts/{} deals/{} contacts/77{}", n % 911, n, if n % 1_000 == 5 { " companies/3" } else { "" }),
                "",
            )
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
    log.close().await;
    let log = in_folder(folder.path()).await;
    assert!(beside(folder.path(), "ids").len() > 1);
    let everything = log.list(&AuditFilter { limit: 10_000, ..AuditFilter::default() }).await.unwrap();
    for record in ["contacts/5", "contacts/77", "companies/3", "deals/4321", "deals/6001"] {
        let expected: Vec<_> = everything.iter().filter(|call| call.record_ids.iter().any(|one| one == record)).cloned().collect();
        let found = log.list(&AuditFilter { limit: 10_000, ..of(record) }).await.unwrap();
        assert_eq!(found, expected, "{record}");
    }
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
}

#[tokio::test]
async fn record_ids_that_were_changed_or_are_gone_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let log = in_folder(folder.path()).await;
    log.record(naming(1, "contacts/5 contacts/6", ""), false).await.unwrap();
    log.close().await;
    let path = beside(folder.path(), "ids").remove(0);
    let whole = fs::read(&path).unwrap();
    let log = in_folder(folder.path()).await;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(times(&log, of("contacts/5")).await, [1], "byte {at}");
        assert_eq!(times(&log, of("contacts/6")).await, [1], "byte {at}");
    }
    for cut in [0, 10, 40, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(times(&log, of("contacts/5")).await, [1], "{cut} bytes");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(times(&log, of("contacts/5")).await, [1]);
    assert_eq!(fs::read(&path).unwrap(), whole);
    // Retention removes the postings together with their file.
    assert_eq!(log.prune(Timestamp::from_ms(86_400_000)).await.unwrap(), 1);
    assert_eq!(beside(folder.path(), "ids"), [] as [std::path::PathBuf; 0]);
}

/// A file that the build before named records wrote: three refused calls, under this key.
#[tokio::test]
async fn a_log_of_before_calls_named_records_is_read_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join(FOLDER);
    fs::create_dir(&audit).unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/audit-before-record-ids");
    for file in fs::read_dir(old).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, audit.join(file.file_name().unwrap())).unwrap();
    }
    let index = fs::read(&beside(folder.path(), "idx")[0]).unwrap();
    let log = in_folder(folder.path()).await;
    let refused = AuditFilter { status: Some(StatusFilter::Exact(401)), ..AuditFilter::default() };
    assert_eq!(times(&log, refused).await.len(), 3);
    assert_eq!(times(&log, of("contacts/5")).await, [0; 0]);
    log.record(naming(4, "contacts/5", ""), false).await.unwrap();
    assert_eq!(times(&log, of("contacts/5")).await, [4]);
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault, whole.torn), (4, None, 0));
    assert_eq!(fs::read(&beside(folder.path(), "idx")[0]).unwrap(), index, "its index still holds");
}

#[tokio::test]
async fn a_database_of_before_calls_named_records_is_read_and_goes_on() {
    use sqlx::{Connection, Executor, PgConnection};
    let Some(url) = keyway_ground::testing::database(None).await else { return };
    let open = async || AuditLog::open(Place::Postgres(&url), ChainKey::new(&[7; 32]), None).await.unwrap();
    let log = open().await;
    log.record(entry(1, 1, 200), false).await.unwrap();
    log.close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let columns = "drop column record_ids, drop column record_count, drop column records_incomplete, drop column properties, drop column property_count";
    for table in ["call", "begun"] {
        connection.execute(sqlx::AssertSqlSafe(format!("alter table {table} {columns}"))).await.unwrap();
    }
    let log = open().await;
    log.record(naming(2, "contacts/5", "email"), false).await.unwrap();
    assert_eq!(times(&log, AuditFilter::default()).await, [2, 1]);
    assert_eq!(times(&log, of("contacts/5")).await, [2]);
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
    // What a record names is sealed like the rest of it.
    for change in [
        "record_ids = 'contacts/6'",
        "record_count = 2",
        "records_incomplete = 1",
        "properties = null",
        "property_count = 9",
        "record_ids = null",
    ] {
        let (kept, set) =
            ("select record_ids, record_count, records_incomplete, properties, property_count from call where at = 2", change);
        let mut transaction = connection.begin().await.unwrap();
        transaction.execute(sqlx::AssertSqlSafe(format!("create table before as {kept}"))).await.unwrap();
        transaction.execute(sqlx::AssertSqlSafe(format!("update call set {set} where at = 2"))).await.unwrap();
        transaction.commit().await.unwrap();
        assert!(log.verify(&nothing_kept()).await.unwrap().fault.is_some(), "{change}");
        let back = "update call set (record_ids, record_count, records_incomplete, properties, property_count) = (select * from before) where at = 2; drop table before";
        connection.execute(back).await.unwrap();
        assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None, "{change}");
    }
}
