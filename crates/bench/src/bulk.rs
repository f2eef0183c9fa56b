//! Older messages, in bulk: rows put straight into the database, while the program does not run.
//!
//! Through the program, ten million would take minutes, and nothing that is measured depends on how they came to be there. They are as
//! if their changes had left the feed, whose size is bounded.

use crate::bare::template::Template;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;

/// Between one message and the next, in microseconds.
pub(crate) const INTERVAL_US: i64 = 1_000;

/// Puts this many messages into the room, all of them older than those that are there. Answers the id of one in `stride`.
pub(crate) fn insert(database: &Path, count: u64, stride: u64) -> Result<Vec<String>, String> {
    insert_rows(database, count, stride).map_err(|error| format!("{}: {error}", database.display()))
}

fn insert_rows(database: &Path, count: u64, stride: u64) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open(database)?;
    // What is broken off is thrown away, so it needs no journal. The program sets its own journal when it opens the file.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -262_144)?;
    let template = Template::of(&connection, "message", "SELECT * FROM message ORDER BY created_at LIMIT 1")?;
    let oldest = match template.value("created_at") {
        Value::Integer(micros) => micros,
        _ => 0,
    };
    let transaction = connection.unchecked_transaction()?;
    let mut insert = connection.prepare(&template.insert())?;
    let mut kept = Vec::new();
    for number in 0..count {
        let time = oldest - (count - number) as i64 * INTERVAL_US;
        let id = id_of(time, number);
        if number % stride == 0 {
            kept.push(text_of(id));
        }
        let (id, time) = (Value::Blob(id.to_be_bytes().to_vec()), Value::Integer(time));
        insert.execute(template.with(&[("id", &id), ("created_at", &time), ("updated_at", &time)]))?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(kept)
}

/// A UUIDv7, RFC 9562 section 5.7: its time in milliseconds, and a number in the place of chance.
pub(crate) fn id_of(micros: i64, number: u64) -> u128 {
    const VERSION: u128 = 7 << 76;
    const VARIANT: u128 = 2 << 62;
    (micros as u128 / 1_000) << 80 | VERSION | VARIANT | u128::from(number)
}

/// An id as the API writes it.
pub(crate) fn text_of(id: u128) -> String {
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ids_have_their_version_and_variant() {
        assert_eq!(text_of(id_of(0x0197_a3c2_8a40 * 1_000, 0xabc)), "0197a3c2-8a40-7000-8000-000000000abc");
    }

    #[test]
    fn rows_are_older_and_otherwise_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db");
        let connection = Connection::open(&database).unwrap();
        let schema =
            "CREATE TABLE message (id BLOB PRIMARY KEY, created_at INTEGER, updated_at INTEGER, text TEXT);
            INSERT INTO message VALUES (x'ff', 1000000000, 1000000000, 'hello');";
        connection.execute_batch(schema).unwrap();
        assert_eq!(insert(&database, 10, 5).unwrap().len(), 2);
        let count = |condition: &str| -> i64 {
            let select = format!("SELECT count(*) FROM message WHERE {condition}");
            connection.query_row(&select, [], |row| row.get(0)).unwrap()
        };
        assert_eq!((count("text = 'hello'"), count("created_at < 1000000000")), (11, 10));
        assert_eq!(count("length(id) = 16 AND created_at = updated_at"), 10);
    }
}
