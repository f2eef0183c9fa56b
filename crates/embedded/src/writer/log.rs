//! Moving the log into the database: by the writer itself and not within a commit, so that nobody's answer waits for it and a failure is seen.

use super::fault::Fault;
use crate::connection::BUSY_TIMEOUT;
use crate::deadline::Deadline;
use crate::sqlite_error::is_disk_full;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Pages of the log that are moved into the database at once: 16 MiB. With SQLite's own 4 MiB, a page that changes often is moved more
/// often; with much more, reads search a long log.
const PORTION: u32 = 4_000;
/// A log of this many pages, 256 MiB, makes writes wait until those who read have left it, so that it begins anew and does not grow for ever.
const LONGEST: u32 = 16 * PORTION;

/// How long writes wait for readers to leave the log.
const PATIENCE: Duration = Duration::from_millis(100);

/// The writer's connection and the length of its log.
pub(super) struct Log {
    pub(super) connection: Connection,
    /// For what strangers let the writer look for.
    pub(super) deadline: Deadline,
    /// Pages in the log as of the last commit; SQLite tells.
    pages: Arc<AtomicU32>,
    /// From how many pages on it is moved.
    due: u32,
}

/// How much of the log is moved, and how.
#[derive(Debug, Clone, Copy)]
pub(super) enum Checkpoint {
    /// What no reader needs to stay.
    Passive,
    /// All of it; waits for readers, so that the next write begins the log anew.
    Restart,
    /// As `Restart`, and the log becomes empty at once.
    Truncate,
}

impl Log {
    /// Takes the checkpoints of this connection over from SQLite.
    pub(super) fn new(mut connection: Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            told.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let deadline = Deadline::of(&mut connection)?;
        Ok(Log { connection, deadline, pages, due: PORTION })
    }

    /// Moves the log when it is long enough. A full disk is no fault here: what is committed is in the log, and the next commit will tell.
    pub(super) fn keep_short(&mut self) -> Result<(), Fault> {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.due {
            // It has begun anew meanwhile, or is not long yet.
            self.due = self.due.min(pages.saturating_add(PORTION)).max(PORTION);
            return Ok(());
        }
        self.due = pages.saturating_add(PORTION);
        let kind = if pages < LONGEST { Checkpoint::Passive } else { Checkpoint::Restart };
        match self.checkpoint_soon(kind) {
            Ok(true) => Ok(()),
            Ok(false) => {
                tracing::warn!(
                    pages,
                    "readers keep the log from being moved into the database; it grows meanwhile"
                );
                Ok(())
            }
            Err(error) if is_disk_full(&error) => {
                tracing::warn!(%error, pages, "there is no room to move the log into the database; it grows meanwhile");
                Ok(())
            }
            Err(error) => Err(Fault::Failed(format!("SQLite, moving the log into the database: {error}"))),
        }
    }

    /// A reader may stay for long, as a backup does, and writes must not wait for it as they would for a moment's lock.
    fn checkpoint_soon(&self, kind: Checkpoint) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(PATIENCE)?;
        let moved = checkpoint(&self.connection, kind);
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        moved
    }
}

/// Moves the log into the database, and says whether all of it.
pub(super) fn checkpoint(connection: &Connection, kind: Checkpoint) -> rusqlite::Result<bool> {
    let statement = match kind {
        Checkpoint::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Checkpoint::Restart => "PRAGMA wal_checkpoint(RESTART)",
        Checkpoint::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    connection.query_row(statement, [], |row| {
        let (busy, pages, moved): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && pages == moved)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

    use super::*;
    use crate::connection::{open_reader, open_writer, set_up_journal};
    use mainstay_model::Durability;
    use std::time::Instant;

    /// A long log with something in it, and a reader that looks at what was there before.
    fn long_log(path: &std::path::Path) -> (Log, Connection) {
        std::fs::write(path, "").unwrap();
        let connection = open_writer(path).unwrap();
        set_up_journal(&connection, Durability::Normal).unwrap();
        connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
        let mut log = Log::new(connection).unwrap();
        let reader = open_reader(path, 1_024).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        log.connection.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        log.pages.store(LONGEST, Ordering::Relaxed);
        log.due = LONGEST;
        (log, reader)
    }

    fn timeout(log: &Log) -> Duration {
        let millis = log.connection.query_row("PRAGMA busy_timeout", [], |row| row.get::<_, u32>(0));
        Duration::from_millis(millis.unwrap().into())
    }

    #[test]
    fn writes_wait_only_briefly_for_a_reader_to_leave_a_long_log() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, reader) = long_log(&folder.path().join("test.db"));
        let started = Instant::now();
        log.keep_short().unwrap();
        let waited = started.elapsed();
        assert!((PATIENCE..BUSY_TIMEOUT / 2).contains(&waited), "{waited:?}");
        assert_eq!(timeout(&log), BUSY_TIMEOUT, "locks of a moment are waited for as before");
        // Not again with each commit while the reader stays, but when the log has grown by as much again.
        assert_eq!(log.due, LONGEST + PORTION);
        reader.execute_batch("COMMIT").unwrap();
        assert!(
            log.checkpoint_soon(Checkpoint::Restart).unwrap(),
            "all of it is moved when nobody reads any more"
        );
    }
}
