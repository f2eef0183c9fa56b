//! Trimming the feed.

use super::{End, START, note, signed, start, unsigned};
use crate::sqlite_error::store_error;
use mainstay_ports::StoreError;
use rusqlite::Connection;

/// The most changes that one trimming removes, so that writes do not wait for it.
const TRIM_CHANGES: u32 = 2_000;

/// Removes old changes, within a write transaction. Answers how many.
pub(crate) fn trim(
    connection: &Connection,
    before_micros: i64,
    max_bytes: u64,
    end: End,
) -> Result<u64, StoreError> {
    let kept_from = start(connection)?;
    let mut last = kept_from;
    let mut statement = connection
        .prepare_cached(
            r#"SELECT "offset", "total_bytes", "at" FROM "_mainstay_change" ORDER BY "offset" LIMIT ?1"#,
        )
        .map_err(store_error)?;
    let mut rows = statement.query([TRIM_CHANGES]).map_err(store_error)?;
    let mut count = 0;
    while let Some(row) = rows.next().map_err(store_error)? {
        let at: i64 = row.get(2).map_err(store_error)?;
        if at >= before_micros && end.bytes - last.bytes <= max_bytes {
            break;
        }
        last.offset = unsigned(row.get(0).map_err(store_error)?);
        last.bytes = unsigned(row.get(1).map_err(store_error)?);
        count += 1;
    }
    drop(rows);
    if count > 0 {
        remove_up_to(connection, last).map_err(store_error)?;
    }
    Ok(count)
}

fn remove_up_to(connection: &Connection, last: End) -> rusqlite::Result<()> {
    let delete = r#"DELETE FROM "_mainstay_change" WHERE "offset" <= ?1"#;
    connection.prepare_cached(delete)?.execute([signed(last.offset)])?;
    note(connection, START, last)
}
