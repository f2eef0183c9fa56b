//! SQLite's errors as the port's.

use mainstay_ports::StoreError;
use rusqlite::ErrorCode;

/// The port's error for one of SQLite. A statement is interrupted only by the deadline of its query.
#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::OperationInterrupted) => StoreError::Timeout,
        _ => StoreError::Failed(format!("SQLite: {error}")),
    }
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
