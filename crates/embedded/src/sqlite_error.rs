//! SQLite's errors as the port's.

use mainstay_ports::StoreError;
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE};

/// The port's error for one of SQLite. A statement is interrupted only by the deadline of its query.
#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    if is_disk_full(&error) {
        tracing::warn!(%error, "there is no room to write");
        return StoreError::DiskFull;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => StoreError::Timeout,
        Some(ErrorCode::SystemIoFailure) => StoreError::DiskFailed(format!("SQLite: {error}")),
        _ => StoreError::Failed(format!("SQLite: {error}")),
    }
}

/// Whether there was no room to write. SQLite itself tells only that of a full disk; a quota or a limit on the size of files comes as a write
/// that failed, and a full disk too where it is the log's index that cannot grow. A disk that refuses writes cannot be told from these.
pub(crate) fn is_disk_full(error: &rusqlite::Error) -> bool {
    is_write_refused(error) || extended_code(error) == Some(SQLITE_IOERR_SHMSIZE)
}

/// Whether a write to the log or the database itself was refused, as [`is_disk_full`] has it.
pub(crate) fn is_write_refused(error: &rusqlite::Error) -> bool {
    matches!(extended_code(error), Some(SQLITE_FULL | SQLITE_IOERR_WRITE))
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// The columns of a violated unique index, as `table.column`, when that is what the error says.
pub(crate) fn unique_columns(error: &rusqlite::Error) -> Option<Vec<&str>> {
    let rusqlite::Error::SqliteFailure(code, Some(message)) = error else { return None };
    let unique = [rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    if !unique.contains(&code.extended_code) {
        return None;
    }
    // Names are of letters, digits and underscores, so that nothing in them can be taken for a separator.
    let columns = message.strip_prefix("UNIQUE constraint failed: ")?;
    Some(columns.split(", ").collect())
}
