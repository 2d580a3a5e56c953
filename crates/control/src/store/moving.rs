//! Moving the state of a stopped server's data folder into PostgreSQL: table by table, page by page.
//!
//! The tables of both databases are the same, so rows are copied as they are, sealed values sealed. Each page
//! and how far it got are one transaction: a move that was interrupted continues behind its last page.
//! Embedded accounts stay, with all that belongs to them: they live in files of the folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use keyway_core::shown;
use keyway_core::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, Row as _};

use super::moved::{MARK, Mark};
use super::opening::{sqlite_url, url_that_answers};
use super::tables::migrations;
use super::{Store, StoreError, checked_url, folder, identity};
use crate::clock;

/// Rows in one transaction.
const PAGE: i64 = 500;
/// Tables that are not copied row by row: of the folder itself, of the move, the counter of changes, and who runs.
const APART: [&str; 5] = ["folder", "generation", "key_holder", "moved_from", "move_progress"];
/// Held while a folder is moved, so that no second one is moved into the same database.
const LOCK: &str = "select pg_try_advisory_lock(7253003)";

/// An embedded account, which is not moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The hub id of the account.
    pub hub_id: u64,
    /// The name of the account.
    pub name: String,
    /// How many apps it has, which are not moved either.
    pub apps: u64,
}

/// The database that a folder is moved into.
pub struct Target {
    connection: PgConnection,
    /// Without user and password.
    database: String,
    finished: bool,
}

impl Target {
    /// Whether the folder is there whole, and servers may use the database.
    pub const fn is_finished(&self) -> bool {
        self.finished
    }
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    Bytes,
}

struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    /// Which of its rows are moved.
    filter: String,
}

impl Store {
    /// Opens the store of a stopped server's data folder to move it, also one that was moved: unlike
    /// [`Store::open`] it makes nothing, and takes no folder of another version.
    ///
    /// # Errors
    /// It is not a data folder, a server uses it, a part is missing, or another version made it.
    pub async fn open_stopped(path: &Path) -> Result<Self, StoreError> {
        folder::make_files_private();
        let shown = shown::path(&path);
        if !path.join("keyway.db").is_file() {
            return Err(StoreError::Folder(format!("{shown} is not a data folder: it has no keyway.db. Pass the folder with --data")));
        }
        let lock = folder::prepare(path)?;
        identity::check_store_is_there(path)?;
        let options = SqliteConnectOptions::from_str(&sqlite_url(&path.join("keyway.db"))?)?;
        let mut connection = options.connect().await?;
        let made: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("select version, checksum from _sqlx_migrations order by version").fetch_all(&mut connection).await?;
        connection.close().await?;
        let ours: Vec<(i64, Vec<u8>)> = migrations(false).iter().map(|one| (one.version, one.checksum.to_vec())).collect();
        if made != ours {
            return Err(StoreError::Folder(format!(
                "another version of Keyway made the data folder {shown}. Back it up with \"keyway backup\", start and stop \"keyway serve --data {shown}\" once with this version, then move it"
            )));
        }
        Self::open_checked(Some(path), None, Some(lock), None).await
    }

    /// The embedded accounts, which are not moved.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn left_behind(&self) -> Result<Vec<Left>, StoreError> {
        let query = "select account.hub_id, account.name, count(app.id) as apps from account left join app on app.hub_id = account.hub_id
             where account.hub_id not in (select hub_id from connection) group by account.hub_id, account.name order by account.hub_id";
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        super::each(&rows, |row| {
            Ok(Left {
                hub_id: super::unsigned(row.try_get("hub_id")?, "hub id")?,
                name: row.try_get("name")?,
                apps: super::unsigned(row.try_get("apps")?, "count")?,
            })
        })
    }

    /// Takes an empty database for this folder, or the one that a move of it was begun into.
    ///
    /// # Errors
    /// The database does not answer, or holds another Keyway.
    pub async fn begin_move(&self, url: &str, path: &Path) -> Result<Target, StoreError> {
        let url = url_that_answers(checked_url(url)?, "--to").await?;
        let id = self.folder_id().ok_or(StoreError::Row("folder id"))?.to_owned();
        // Every row is read once, and every sealed credential opened, before anything is written.
        let mut reading = self.read().await?;
        self.load_all(&mut reading).await?;
        reading.commit().await?;
        let options = PgConnectOptions::from_str(&url)?;
        let named = options.get_database().unwrap_or_else(|| options.get_username());
        let database = format!("postgres://{}:{}/{named}", options.get_host(), options.get_port());
        if let Some(mark) = Mark::read(path)?.filter(|mark| mark.database != database) {
            return Err(StoreError::Folder(format!(
                "the data folder {} was moved to {} on {}. Nothing was changed. Pass that database with --to, or delete {} to move the folder again as it was then",
                shown::path(&path),
                mark.database,
                mark.at,
                shown::path(&path.join(MARK)),
            )));
        }
        let marked = Mark::read(path)?.is_some();
        let mut connection = options.connect().await?;
        if !sqlx::query_scalar::<_, bool>(LOCK).fetch_one(&mut connection).await? {
            return Err(StoreError::Folder(
                "another \"keyway migrate\" is moving a data folder into this database. Wait for its end".into(),
            ));
        }
        let used = is_used(&mut connection, &id).await?;
        if used == Used::ByAnother {
            return Err(StoreError::Folder(format!(
                "the database {database} holds a Keyway already. Nothing was changed. Make an empty one, such as with \"createdb keyway_new\", and pass it with --to"
            )));
        }
        // Whoever deletes the mark may serve the folder: what it has since then is not in the database, and rows that were
        // copied are not copied again.
        if used != Used::ByNobody && !marked {
            return Err(StoreError::Folder(format!(
                "a move of this folder into {database} was begun before, and the folder has been in use again since: its file {MARK} is gone. Nothing was changed. Move the folder into an empty database, such as one made with \"createdb keyway_new\""
            )));
        }
        let pool = keyway_ground::database::pool(1).connect(&url).await?;
        Migrator::with_migrations(migrations(true)).run(&pool).await?;
        pool.close().await;
        if used == Used::ByNobody {
            // Before the database knows of it: from here on no server uses the folder without that database.
            Mark { folder: id.clone(), database: database.clone(), at: clock::now().to_iso() }.write(path)?;
            let mut transaction = connection.begin().await?;
            let key = self.tables().await?.into_iter().find(|table| table.name == "master_key").ok_or(StoreError::Row("master key"))?;
            let rows = self.page(&key, 0).await?;
            insert(&mut transaction, &key, &rows).await?;
            sqlx::query("insert into moved_from values (1, $1, $2, null)")
                .bind(&id)
                .bind(clock::now().as_ms())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        Ok(Target { connection, database, finished: used == Used::Finished })
    }

    /// Copies what is not there yet. `step` hears of each table and how many of its rows are there, of how many.
    ///
    /// # Errors
    /// A database does not answer, or in the end other rows are there than in the folder.
    pub async fn copy_state(&self, target: &mut Target, step: &mut dyn FnMut(&str, u64, u64)) -> Result<u64, StoreError> {
        let mut all = 0;
        for table in self.tables().await?.iter().filter(|table| table.name != "master_key") {
            let wanted: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from \"{}\" where {}", table.name, table.filter)))
                .fetch_one(&self.pool)
                .await?;
            let wanted = super::unsigned(wanted, "count")?;
            let known: Option<(i64, i64)> = sqlx::query_as("select last_row, moved from move_progress where name = $1")
                .bind(&table.name)
                .fetch_optional(&mut target.connection)
                .await?;
            let (mut last, mut moved) = known.unwrap_or_default();
            loop {
                let rows = self.page(table, last).await?;
                let Some(newest) = rows.last() else { break };
                (last, moved) = (newest.try_get("keyway_row")?, moved + i64::try_from(rows.len()).unwrap_or(0));
                let mut transaction = target.connection.begin().await?;
                insert(&mut transaction, table, &rows).await?;
                let noted = "insert into move_progress values ($1, $2, $3) on conflict (name) do update set last_row = $2, moved = $3";
                sqlx::query(noted).bind(&table.name).bind(last).bind(moved).execute(&mut *transaction).await?;
                transaction.commit().await?;
                step(&table.name, super::unsigned(moved, "count")?, wanted);
            }
            let there = format!("select count(*) from \"{}\"", table.name);
            let there: i64 = sqlx::query_scalar(AssertSqlSafe(there)).fetch_one(&mut target.connection).await?;
            if super::unsigned(there, "count")? != wanted {
                return Err(StoreError::Folder(format!(
                    "the database has {there} rows of {} and the folder {wanted}: something else wrote to the database. Use an empty one",
                    table.name
                )));
            }
            all += wanted;
        }
        Ok(all)
    }

    /// Ends a move whose records are there too: ids continue behind those of the folder, servers may use the
    /// database, and the folder gets its mark.
    ///
    /// # Errors
    /// The database or the folder can't be written.
    pub async fn finish_move(&self, mut target: Target, path: &Path) -> Result<Mark, StoreError> {
        if !target.finished {
            let used: Vec<(String, i64)> = sqlx::query_as("select name, seq from sqlite_sequence").fetch_all(&self.pool).await?;
            let number = super::generation(&self.pool).await?;
            let mut transaction = target.connection.begin().await?;
            for (table, last) in used.iter().filter(|(_, last)| *last > 0) {
                // An id is never used again, not even that of a row which is deleted: the audit names it.
                sqlx::query("select setval(pg_get_serial_sequence($1, 'id'), $2)")
                    .bind(format!("\"{table}\""))
                    .bind(last)
                    .execute(&mut *transaction)
                    .await?;
            }
            sqlx::query("update generation set value = $1").bind(number).execute(&mut *transaction).await?;
            let now = clock::now().as_ms();
            sqlx::query("update moved_from set finished_at = $1 where finished_at is null").bind(now).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        let at: i64 = sqlx::query_scalar("select finished_at from moved_from").fetch_one(&mut target.connection).await?;
        let folder = self.folder_id().unwrap_or_default().to_owned();
        let mark = Mark { folder, database: target.database.clone(), at: Timestamp::from_ms(at).to_iso() };
        mark.write(path)?;
        let _ = target.connection.close().await;
        Ok(mark)
    }

    /// The tables to be copied, each behind those that it refers to.
    async fn tables(&self) -> Result<Vec<Table>, StoreError> {
        let query =
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '_sqlx%' order by name";
        let names: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.pool).await?;
        let mut left: Vec<String> = names.into_iter().filter(|name| !APART.contains(&name.as_str())).collect();
        let mut filters: BTreeMap<String, String> = BTreeMap::new();
        let mut tables = Vec::new();
        while !left.is_empty() {
            let before = left.len();
            for name in std::mem::take(&mut left) {
                let text = format!("select \"from\", \"table\", \"to\" from pragma_foreign_key_list('{name}')");
                let refers: Vec<(String, String, String)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(&self.pool).await?;
                if refers.iter().any(|(_, to, _)| !filters.contains_key(to)) {
                    left.push(name);
                    continue;
                }
                let columns = sqlx::query_as(AssertSqlSafe(format!("select name, type from pragma_table_info('{name}')")));
                let columns: Vec<(String, String)> = columns.fetch_all(&self.pool).await?;
                let columns =
                    columns.into_iter().map(|(column, kind)| Ok((column, Kind::of(&kind)?))).collect::<Result<_, StoreError>>()?;
                let filter =
                    if name == "account" { "hub_id in (select hub_id from connection)".to_owned() } else { filter(&refers, &filters) };
                filters.insert(name.clone(), filter.clone());
                tables.push(Table { name, columns, filter });
            }
            if left.len() == before {
                return Err(StoreError::Row("table that refers to itself"));
            }
        }
        Ok(tables)
    }

    async fn page(&self, table: &Table, after: i64) -> Result<Vec<AnyRow>, StoreError> {
        let Table { name, filter, .. } = table;
        let text = format!(
            "select rowid as keyway_row, {} from \"{name}\" where rowid > $1 and {filter} order by rowid limit {PAGE}",
            table.column_list()
        );
        // Made of the names of our own tables and columns.
        Ok(sqlx::query(AssertSqlSafe(text)).bind(after).fetch_all(&self.pool).await?)
    }
}

impl Table {
    fn column_list(&self) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        quoted.join(", ")
    }
}

impl Kind {
    fn of(declared: &str) -> Result<Self, StoreError> {
        match declared.to_ascii_lowercase().as_str() {
            "integer" => Ok(Self::Number),
            "text" => Ok(Self::Text),
            "blob" => Ok(Self::Bytes),
            _ => Err(StoreError::Row("column of another type")),
        }
    }

    const fn in_postgres(self) -> &'static str {
        match self {
            Self::Number => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

/// The rows of which everything that they refer to is moved.
fn filter(refers: &[(String, String, String)], filters: &BTreeMap<String, String>) -> String {
    let all = refers.iter().filter_map(|(from, table, to)| {
        let of_table = filters.get(table).filter(|filter| *filter != "true")?;
        Some(format!("(\"{from}\" is null or \"{from}\" in (select \"{to}\" from \"{table}\" where {of_table}))"))
    });
    let all: Vec<String> = all.collect();
    if all.is_empty() { "true".to_owned() } else { all.join(" and ") }
}

/// Who uses a database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Used {
    ByNobody,
    /// A move of this folder, which is not over.
    ByThis,
    /// A move of this folder is over.
    Finished,
    ByAnother,
}

async fn is_used(connection: &mut PgConnection, id: &str) -> Result<Used, StoreError> {
    let has = async |connection: &mut PgConnection, table: &str| -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("select to_regclass($1) is not null").bind(table).fetch_one(connection).await
    };
    if has(&mut *connection, "moved_from").await? {
        let moved: Option<(String, Option<i64>)> =
            sqlx::query_as("select folder, finished_at from moved_from").fetch_optional(&mut *connection).await?;
        match moved {
            Some((folder, None)) if folder == id => return Ok(Used::ByThis),
            Some((folder, Some(_))) if folder == id => return Ok(Used::Finished),
            Some(_) => return Ok(Used::ByAnother),
            None => {}
        }
    }
    if has(&mut *connection, "call").await? {
        return Ok(Used::ByAnother);
    }
    // Tables without a master key are those of a move that was interrupted at its very beginning.
    let is_begun = has(&mut *connection, "master_key").await?
        && sqlx::query_scalar::<_, i64>("select count(*) from master_key").fetch_one(&mut *connection).await? > 0;
    Ok(if is_begun { Used::ByAnother } else { Used::ByNobody })
}

/// Inserts rows as they are.
async fn insert(connection: &mut PgConnection, table: &Table, rows: &[AnyRow]) -> Result<(), StoreError> {
    let arrays: Vec<String> =
        table.columns.iter().enumerate().map(|(at, (_, kind))| format!("${}::{}[]", at + 1, kind.in_postgres())).collect();
    let text = format!("insert into \"{}\" ({}) select * from unnest({})", table.name, table.column_list(), arrays.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(text));
    for (column, kind) in &table.columns {
        let column = column.as_str();
        query = match kind {
            Kind::Number => query.bind(rows.iter().map(|row| row.try_get(column)).collect::<Result<Vec<Option<i64>>, _>>()?),
            Kind::Text => query.bind(rows.iter().map(|row| row.try_get(column)).collect::<Result<Vec<Option<String>>, _>>()?),
            Kind::Bytes => query.bind(rows.iter().map(|row| row.try_get(column)).collect::<Result<Vec<Option<Vec<u8>>>, _>>()?),
        };
    }
    query.execute(connection).await?;
    Ok(())
}
