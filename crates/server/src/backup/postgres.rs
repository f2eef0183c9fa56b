//! Backups from PostgreSQL and into it. The database in a backup is SQLite's all the same: row by row it is made of the one, and read into the other.

use super::create::{Keys, copy_failed, read_keys};
use super::files::private_folder;
use super::restore::{Restored, Restoring, Unpacked, begin};
use super::{DATABASE, damaged, unwritten};
use crate::checksum::{Sum, Summing};
use crate::failure::Failure;
use crate::postgres::refused;
use crate::project::Opened;
use crate::terminal::complain;
use mainstay_embedded::OpenError as SqliteError;
use mainstay_embedded::copy::{Source, Start, Target};
use mainstay_expr::{Value, format_timestamp};
use mainstay_ports::{Clock, SystemClock};
use mainstay_scaleout::postgres::OpenError;
use mainstay_scaleout::postgres::copy::{Database, Ends, State};
use mainstay_sql::migrate::Table;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use uuid::Uuid;

/// Rows that are read at once.
const ROWS: u32 = 1_000;
/// How long the server may take to see that a node which was just stopped is gone.
const GOODBYE: Duration = Duration::from_secs(1);

/// Copies a database, as of the moment when this begins, into an empty file, and compares what is there then. `progress` is told how many rows are
/// copied.
pub(crate) async fn from_postgres(
    project: &Opened,
    database: &Database,
    to: &Path,
    progress: &dyn Fn(u64, u64),
) -> Result<Keys, Failure> {
    let failed = |error| refused(error, &project.folder);
    let unwritten = |error| copy_failed(error, project, to);
    if database.state().await.map_err(failed)? == State::Empty {
        return Err(Failure::new("no_data", format!("there is nothing in {}", database.name()))
            .hint("`mainstay serve` makes the tables; look at the URL if there should be data"));
    }
    let snapshot = database.snapshot().await.map_err(failed)?;
    let target = Target::create(to, &snapshot.schema, snapshot.position.epoch).map_err(unwritten)?;
    let mut sums = Vec::new();
    let mut copied = 0;
    for table in &snapshot.schema.tables {
        let (mut sum, mut after) = (Summing::new(), None);
        loop {
            let rows = database.rows(table, after, ROWS).await.map_err(failed)?;
            let Some(last) = rows.last() else { break };
            after = id(last);
            rows.iter().for_each(|row| sum.add(row));
            target.add(table, &rows).map_err(unwritten)?;
            copied += rows.len() as u64;
            progress(copied, copied);
        }
        sums.push(sum.sum(&table.name));
    }
    let Ends { start, end } = snapshot.ends;
    let mut last = start.0;
    loop {
        let changes = database.changes(last, ROWS).await.map_err(failed)?;
        let Some(change) = changes.last() else { break };
        last = change.offset;
        target.append(&changes).map_err(unwritten)?;
    }
    let (keys, are_sealed) = database.keys().await.map_err(failed)?;
    let start = Start { offset: start.0, bytes: start.1 };
    target.finish(start, (snapshot.position, end.1)).map_err(unwritten)?;
    compare(to, &sums).map_err(unwritten)?;
    if are_sealed {
        complain("the keys are sealed by the master key and stay out of the backup\n");
    }
    Ok(keys)
}

/// Compares what is in a copy with what was read for it.
fn compare(copy: &Path, expected: &[Sum]) -> Result<(), SqliteError> {
    let source = Source::open(copy)?;
    for (table, expected) in source.schema().tables.iter().zip(expected) {
        if sum_of_file(&source, table)? != *expected {
            return Err(SqliteError::Damaged(format!("the copy of {} is not what was copied", table.name)));
        }
    }
    Ok(())
}

fn sum_of_file(source: &Source, table: &Table) -> Result<Sum, SqliteError> {
    let (mut sum, mut after) = (Summing::new(), None);
    loop {
        let rows = source.rows(table, after, ROWS)?;
        let Some(last) = rows.last() else { return Ok(sum.sum(&table.name)) };
        after = id(last);
        rows.iter().for_each(|row| sum.add(row));
    }
}

fn id(row: &[Value]) -> Option<Uuid> {
    row.first().and_then(Value::as_uuid)
}

/// Puts what is in a backup into a database, in one transaction, and what was there into a schema of its own.
pub(crate) async fn into_postgres(
    project: &Opened,
    database: &Database,
    folder: &Path,
    path: &Path,
    options: &Restoring,
) -> Result<Restored, Failure> {
    let failed = |error| refused(error, &project.folder);
    require_unused(database).await?;
    let state = database.state().await.map_err(failed)?;
    if state != State::Empty && !options.replace {
        let message = format!("there are data in {} already", database.name());
        let hint = "`--replace` puts them aside, into a schema of their own";
        return Err(Failure::new("has_data", message).hint(hint));
    }
    let begun = begin(project, path, options)?;
    let _bench = Bench::at(folder)?;
    let unpacked = begun.unpack(project, folder)?;
    let aside = (state != State::Empty)
        .then(|| format!("before-restore-{}", format_timestamp(SystemClock.now_micros())));
    let keys = read_keys(&unpacked.staging.path().join("keys"))?;
    let filled = fill(database, &unpacked, (&keys, aside.as_deref())).await;
    filled.map_err(|fault| match fault {
        Fault::Postgres(error) => failed(error),
        Fault::Sqlite(error) => damaged(&error.to_string()),
        Fault::Differs(table) => {
            let message = format!("what was written to {table} is not what is read from there");
            Failure::new("restore_differs", message)
                .hint("nothing has been changed; look for triggers in the database")
        }
    })?;
    let aside = aside.map(|schema| format!("the schema {schema}"));
    Ok(Restored { manifest: unpacked.manifest, aside })
}

/// A data folder that is there to unpack in. If it was not there before, it goes with this.
struct Bench<'a> {
    folder: &'a Path,
    is_new: bool,
}

impl<'a> Bench<'a> {
    fn at(folder: &'a Path) -> Result<Self, Failure> {
        let is_new = !folder.exists();
        private_folder(folder).map_err(|error| unwritten(folder, &error))?;
        Ok(Bench { folder, is_new })
    }
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        if self.is_new {
            // If it cannot go, it does no harm.
            let _ = fs::remove_dir(self.folder);
        }
    }
}

async fn require_unused(database: &Database) -> Result<(), Failure> {
    let failed = |error| refused(error, Path::new("."));
    if database.lock().await.map_err(failed)? {
        let started = Instant::now();
        while started.elapsed() < GOODBYE {
            if database.nodes().await.map_err(failed)? == 0 {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    let message = format!("{} is in use: nodes or another process are connected to it", database.name());
    Err(Failure::new("data_in_use", message).hint("stop every `mainstay serve` on it first"))
}

/// Why a database was not filled.
enum Fault {
    Postgres(OpenError),
    Sqlite(SqliteError),
    Differs(String),
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        Fault::Postgres(error)
    }
}

impl From<SqliteError> for Fault {
    fn from(error: SqliteError) -> Self {
        Fault::Sqlite(error)
    }
}

/// All in one transaction, so that it is there as a whole or not at all.
async fn fill(
    database: &Database,
    unpacked: &Unpacked,
    (keys, aside): (&Keys, Option<&str>),
) -> Result<(), Fault> {
    let source = Source::open(&unpacked.staging.path().join(DATABASE))?;
    database.begin().await?;
    if let Some(aside) = aside {
        database.put_aside(aside).await?;
    }
    database.create(source.schema(), source.position().epoch).await?;
    for table in &source.schema().tables {
        fill_table(database, &source, table).await?;
    }
    let start = source.feed_start()?;
    let mut last = start.offset;
    loop {
        let changes = source.changes(last, ROWS)?;
        let Some(change) = changes.last() else { break };
        last = change.offset;
        database.append(&changes).await?;
    }
    database.index(source.schema()).await?;
    let end = i64::try_from(source.position().offset).unwrap_or(i64::MAX);
    let ends = Ends { start: (start.offset, start.bytes), end: (end, source.feed_bytes()) };
    database.set_ends(ends).await?;
    database.set_keys(keys).await?;
    if let Some(aside) = aside.filter(|_| keys.is_empty()) {
        database.keep_keys(aside).await?;
    }
    database.open().await?;
    Ok(database.commit().await?)
}

/// Adds the rows of a table, and reads them back.
async fn fill_table(database: &Database, source: &Source, table: &Table) -> Result<(), Fault> {
    let (mut here, mut there) = (Summing::new(), Summing::new());
    let mut after = None;
    loop {
        let rows = source.rows(table, after, ROWS)?;
        let Some(last) = rows.last() else { break };
        database.add(table, &rows).await?;
        rows.iter().for_each(|row| here.add(row));
        let written = database.rows(table, after, ROWS).await?;
        written.iter().for_each(|row| there.add(row));
        after = id(last);
    }
    if here.sum("") == there.sum("") { Ok(()) } else { Err(Fault::Differs(table.name.clone())) }
}
