//! For tests only, of several crates. If `KEYWAY_TEST_POSTGRES` has the URL of a PostgreSQL server, the tests
//! run on it too: every store and log of a test gets a database of its own there.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// The database in place of a folder, the same each time the folder is opened; none where tests
/// run on SQLite.
pub async fn database(folder: Option<&Path>) -> Option<String> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("KEYWAY_TEST_POSTGRES").ok()?;
    let kept = folder.map(|folder| folder.join("database.url"));
    if let Some(Ok(url)) = kept.as_deref().map(std::fs::read_to_string) {
        return Some(url);
    }
    let name = format!("keyway_test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    // The name is made of numbers.
    connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let url = format!("{server}/{name}");
    if let Some(kept) = kept {
        std::fs::write(&kept, &url).unwrap();
        // A server makes no master key for a shared database.
        std::fs::write(kept.with_file_name("master.key"), "5a".repeat(32)).unwrap();
    }
    Some(url)
}
