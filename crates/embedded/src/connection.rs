//! Connections to the database, and how each is set up.

use mainstay_model::Durability;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Prepared statements that a connection keeps. Filters of clients have many texts; the least used make room.
const CACHED_STATEMENTS: usize = 256;
/// What may be left of the log file on disk behind a burst of writes.
const LOG_BYTES: u32 = 64 << 20;
/// Page cache of the writer, which is used only as far as it is needed.
const WRITER_CACHE_KIB: i32 = 8_192;

/// How long a connection waits for a lock that another holds for a moment.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a connection that may write. It changes nothing yet, not even the kind of journal, since the file may not be ours.
pub(crate) fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    set_up(&connection, WRITER_CACHE_KIB)?;
    Ok(connection)
}

/// Sets up a writing connection for serving.
pub(crate) fn set_up_journal(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)
}

/// Opens a connection that only reads, of a database that the writer has open. `cache_kib` bounds its page cache.
pub(crate) fn open_reader(path: &Path, cache_kib: i32) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    set_up(&connection, cache_kib)?;
    Ok(connection)
}

/// What all connections have in common. Refs are checked by the write path, which knows soft deletion, so SQLite's own foreign keys
/// are off. Memory maps are off: an I/O error in one would kill the process instead of failing a query.
fn set_up(connection: &Connection, cache_kib: i32) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // A checkpoint may hold a lock for a moment. Nobody else writes, so there is nothing else to wait for.
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Without this promise to plan by the text alone, SQLite plans a statement anew each time that it is run with other values, which takes
    // far longer than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    // Statements are lowered from checked trees; these bounds catch what the checker should have refused.
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 1_000)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    Ok(())
}
