//! What the database says of itself.

use crate::OpenError;
use mainstay_sql::migrate::{InvalidSchema, Schema};
use ring::rand::SecureRandom;
use rusqlite::{Connection, OptionalExtension};

/// The version of the store's own tables.
const FORMAT: u32 = 1;
/// Marks the file as ours, so that `file` and we ourselves can tell (`PRAGMA application_id`): "MNST".
const APPLICATION_ID: i32 = 0x4d4e_5354;

const TABLES: &str = r#"
    CREATE TABLE "_mainstay_meta" ("key" TEXT PRIMARY KEY, "value" TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE "_mainstay_migration" (
        "number" INTEGER PRIMARY KEY, "at" INTEGER NOT NULL, "statements" TEXT NOT NULL
    ) STRICT;
    CREATE TABLE "_mainstay_change" (
        "offset" INTEGER PRIMARY KEY, "model" TEXT NOT NULL, "id" BLOB NOT NULL, "operation" TEXT NOT NULL,
        "before" TEXT, "after" TEXT, "actor" BLOB, "request_id" TEXT NOT NULL, "at" INTEGER NOT NULL,
        "total_bytes" INTEGER NOT NULL
    ) STRICT;
"#;

/// What the database says of itself.
pub(crate) struct Meta {
    /// Its tables of records.
    pub(crate) schema: Schema,
    /// The history that its feed tells.
    pub(crate) epoch: u64,
}

/// Reads it; `None` of a file that is new. A file of somebody else is left alone.
pub(crate) fn read(connection: &Connection) -> Result<Option<Meta>, OpenError> {
    let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id != APPLICATION_ID {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        return if application_id == 0 && tables == 0 { Ok(None) } else { Err(OpenError::NotOurs) };
    }
    let format = number(connection, "format")?;
    if format > u64::from(FORMAT) {
        return Err(OpenError::Newer { found: format, known: u64::from(FORMAT) });
    }
    let schema = Schema::from_json(&text(connection, "schema")?).map_err(|error| match error {
        InvalidSchema::Newer { format } => {
            OpenError::Newer { found: u64::from(format), known: u64::from(Schema::FORMAT) }
        }
        InvalidSchema::Malformed(detail) => OpenError::Damaged(detail),
    })?;
    Ok(Some(Meta { schema, epoch: number(connection, "epoch")? }))
}

/// Makes the store's own tables in a new database, within a transaction, and begins its history.
pub(crate) fn create(connection: &Connection) -> Result<(), OpenError> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.execute_batch(TABLES)?;
    write(connection, "format", &FORMAT.to_string())?;
    write(connection, "epoch", &new_epoch()?.to_string())?;
    Ok(())
}

/// Begins another history: positions in the one before are none in this.
pub(crate) fn begin_history(connection: &Connection) -> Result<u64, OpenError> {
    let epoch = new_epoch()?;
    write(connection, "epoch", &epoch.to_string())?;
    Ok(epoch)
}

/// Sets what the database says of its tables of records.
pub(crate) fn write_schema(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    write(connection, "schema", &schema.to_json())
}

/// Sets a value.
pub(crate) fn write(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        r#"INSERT INTO "_mainstay_meta" ("key", "value") VALUES (?1, ?2)
           ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value""#,
    )?;
    statement.execute([key, value]).map(|_| ())
}

/// Forgets a value.
pub(crate) fn remove(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection.execute(r#"DELETE FROM "_mainstay_meta" WHERE "key" = ?1"#, [key]).map(drop)
}

/// Notes that writes go on behind a fault of the disk: a write that shows that they do.
pub(crate) fn count_resumption(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        r#"INSERT INTO "_mainstay_meta" ("key", "value") VALUES ('resumptions', '1')
           ON CONFLICT ("key") DO UPDATE SET "value" = CAST(CAST("value" AS INTEGER) + 1 AS TEXT)"#,
    )?;
    statement.execute([]).map(|_| ())
}

fn number(connection: &Connection, key: &str) -> Result<u64, OpenError> {
    text(connection, key)?.parse().map_err(|_| missing(key))
}

fn text(connection: &Connection, key: &str) -> Result<String, OpenError> {
    optional_text(connection, key)?.ok_or_else(|| missing(key))
}

fn missing(key: &str) -> OpenError {
    OpenError::Damaged(format!("`_mainstay_meta` lacks a valid `{key}`"))
}

/// A value that may not have been set yet.
pub(crate) fn optional_text(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let mut statement =
        connection.prepare_cached(r#"SELECT "value" FROM "_mainstay_meta" WHERE "key" = ?1"#)?;
    statement.query_row([key], |row| row.get(0)).optional()
}

fn new_epoch() -> Result<u64, OpenError> {
    let mut bytes = [0; 8];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| OpenError::Failed("the system gives no random numbers".to_owned()))?;
    Ok(u64::from_be_bytes(bytes))
}
