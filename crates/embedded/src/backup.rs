//! Copies of a database: taken while it is in use, and taken into use.

use crate::OpenError;
use crate::connection::{open_reader, open_writer};
use crate::copy::forget_moved;
use crate::feed::End;
use crate::meta::{self, Meta};
use crate::open::require_restored;
use mainstay_ports::Position;
use mainstay_sql::migrate::Schema;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Pages that are copied between two looks at the progress: 16 MiB.
const PAGES_PER_STEP: i32 = 4_096;
/// How long somebody else may keep a file locked before the copying is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Page cache for verifying, which looks up in the tables what it finds in the indexes.
const VERIFY_CACHE_KIB: i32 = 32_768;

/// What is in a database.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Its tables.
    pub schema: Schema,
    /// The end of its feed.
    pub position: Position,
    /// How many rows each table has, deleted records included.
    pub rows: Vec<(String, u64)>,
}

/// Copies the database at `from`, which may be in use, into the empty file at `to`: all of it as of one moment, which is not before this
/// is called. `progress` is told how many pages of how many are copied.
///
/// All is read in one transaction, so writers go on and the copying never begins anew; their log grows meanwhile. Copying as fast as the disk does
/// keeps that short; making a smaller copy with `VACUUM INTO` took three times as long.
///
/// The copy is not synced to the disk, and not verified: see [`verify`].
///
/// # Errors
/// When the database cannot be read or is not ours, and [`OpenError::DiskFull`].
pub fn copy(from: &Path, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<(), OpenError> {
    require_restored(from)?;
    // One that only reads could not take the log away again, where no server runs.
    let source = open_writer(from)?;
    let snapshot = source.unchecked_transaction()?;
    // The first question is what fixes the moment.
    meta::read(&snapshot)?.ok_or(OpenError::NotOurs)?;
    let mut target = open_writer(to)?;
    target.pragma_update(None, "synchronous", "OFF")?;
    run(&Backup::new(&snapshot, &mut target)?, progress)?;
    // The copy is one file and has no log beside it.
    Ok(target.pragma_update(None, "journal_mode", "DELETE")?)
}

fn run(backup: &Backup<'_, '_>, progress: &dyn Fn(u64, u64)) -> Result<(), OpenError> {
    let mut stuck_since = None;
    loop {
        match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => return Ok(()),
            StepResult::More => stuck_since = None,
            _ if stuck_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE => {
                return Err(OpenError::Failed("the database stays locked".to_owned()));
            }
            _ => thread::sleep(Duration::from_millis(10)),
        }
        let pages = |count: i32| u64::try_from(count).unwrap_or(0);
        let at = backup.progress();
        progress(pages(at.pagecount - at.remaining), pages(at.pagecount));
    }
}

/// Checks a database that nobody uses, page by page and index by index, and says what is in it.
///
/// # Errors
/// [`OpenError::Damaged`] with the first thing that is wrong, and when it is not ours.
pub fn verify(path: &Path) -> Result<Contents, OpenError> {
    let connection = open_reader(path, VERIFY_CACHE_KIB)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(OpenError::Damaged(found));
    }
    let Meta { schema, epoch, .. } = meta::read(&connection)?.ok_or(OpenError::NotOurs)?;
    let rows = schema.tables.iter().map(|table| Ok((table.name.clone(), count(&connection, &table.name)?)));
    let rows = rows.collect::<Result<_, OpenError>>()?;
    let position = Position { epoch, offset: End::read(&connection)?.offset };
    Ok(Contents { schema, position, rows })
}

fn count(connection: &Connection, table: &str) -> Result<u64, OpenError> {
    let query = format!(r#"SELECT count(*) FROM "{}""#, table.replace('"', r#""""#));
    let count: i64 = connection.query_row(&query, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Begins a history of its own for a copy that nobody uses yet. The original may have gone on, so a position of it says nothing here: whoever
/// comes with one is told to start again.
///
/// # Errors
/// When it cannot be written.
pub fn begin_history(path: &Path) -> Result<(), OpenError> {
    let connection = open_writer(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Whatever its data did in the other history, here they are.
    forget_moved(&connection)?;
    meta::begin_history(&connection).map(drop)
}
