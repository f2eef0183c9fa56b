//! Bare SQLite: on a copy of the program's database, with its tables and indexes, what a request comes down to.

use super::template::{Template, values};
use rusqlite::types::Value;
use rusqlite::{Connection, Statement, params};
use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

/// Ids that point reads take turns with.
const POINTS: i64 = 10_000;

/// A copy of the program's database.
pub(crate) struct Rows {
    connection: Connection,
    message: Template,
    change: Template,
    ids: Vec<Value>,
    /// The time of the newest message, in microseconds.
    now: Cell<i64>,
}

impl Rows {
    /// Opens the database, which has messages, and which the program does not use.
    pub(crate) fn open(database: &Path) -> Result<Self, String> {
        open(database).map_err(|error| format!("{}: {error}", database.display()))
    }

    /// How many messages were read by their ids in this time.
    pub(crate) fn points(&self, time: Duration) -> Result<u64, String> {
        let mut select = self.prepare("SELECT * FROM message WHERE id = ?1 AND deleted_at IS NULL")?;
        let mut ids = self.ids.iter().cycle();
        repeat(time, || read(&mut select, ids.next().unwrap_or(&Value::Null)))
    }

    /// How many pages of the room's newest messages were read in this time.
    pub(crate) fn pages(&self, time: Duration) -> Result<u64, String> {
        let mut select = self.prepare(
            "SELECT * FROM message WHERE room = ?1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 30",
        )?;
        let room = self.message.value("room");
        repeat(time, || read(&mut select, &room))
    }

    /// How many messages were inserted in this time, so many in each transaction, with what a create does beside it:
    /// see that the room and the author are there and the author a member, and append the change to the feed.
    pub(crate) fn inserts(&self, in_a_transaction: u64, time: Duration) -> Result<u64, String> {
        let groups = repeat(time, || self.insert(in_a_transaction));
        groups.map(|groups| groups * in_a_transaction)
    }

    fn insert(&self, count: u64) -> rusqlite::Result<()> {
        let connection = &self.connection;
        let transaction = connection.unchecked_transaction()?;
        let mut allowed = connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM room WHERE id = ?1), EXISTS (SELECT 1 FROM user WHERE id = ?2), \
             EXISTS (SELECT 1 FROM member WHERE room = ?1 AND user = ?2)",
        )?;
        let mut insert = connection.prepare_cached(&self.message.insert())?;
        let mut append = connection.prepare_cached(&self.change.insert())?;
        let last: i64 =
            connection.query_row(r#"SELECT max("offset") FROM _mainstay_change"#, [], |row| row.get(0))?;
        let now = self.now.get() + 1;
        self.now.set(now);
        for offset in last + 1..=last + count as i64 {
            let id = Value::Blob(id_of(now, offset));
            allowed
                .query_row(params![self.message.value("room"), self.message.value("author")], |_| Ok(()))?;
            let time = Value::Integer(now);
            insert.execute(self.message.with(&[
                ("id", &id),
                ("created_at", &time),
                ("updated_at", &time),
            ]))?;
            append.execute(self.change.with(&[("offset", &Value::Integer(offset)), ("id", &id)]))?;
        }
        transaction.commit()
    }

    fn prepare(&self, text: &str) -> Result<Statement<'_>, String> {
        self.connection.prepare(text).map_err(|error| error.to_string())
    }
}

fn open(database: &Path) -> rusqlite::Result<Rows> {
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // As the program has them.
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    let message = Template::of(&connection, "message", "SELECT * FROM message LIMIT 1")?;
    let change = r#"SELECT * FROM _mainstay_change WHERE model = 'message' ORDER BY "offset" DESC LIMIT 1"#;
    let change = Template::of(&connection, "_mainstay_change", change)?;
    let ids = scattered_ids(&connection)?;
    let newest = "SELECT max(created_at) FROM message WHERE room = ?1";
    let now = Cell::new(connection.query_row(newest, [message.value("room")], |row| row.get(0))?);
    Ok(Rows { connection, message, change, ids, now })
}

/// Ids from all over the table, in no order, so that a read finds nothing of the one before it.
fn scattered_ids(connection: &Connection) -> rusqlite::Result<Vec<Value>> {
    /// A prime, so that multiples of it visit each of the places once.
    const STEP: i64 = 7_919;
    let rows: i64 = connection.query_row("SELECT max(rowid) FROM message", [], |row| row.get(0))?;
    let mut select = connection.prepare("SELECT id FROM message WHERE rowid > ?1 LIMIT 1")?;
    let place = |number: i64| number * STEP % POINTS * rows / POINTS;
    (0..POINTS).map(|number| select.query_row([place(number)], |row| row.get(0))).collect()
}

/// Sixteen bytes that grow as those of a UUIDv7 do.
fn id_of(now: i64, number: i64) -> Vec<u8> {
    [now.to_be_bytes(), number.to_be_bytes()].concat()
}

/// Reads all columns of all rows.
fn read(select: &mut Statement<'_>, param: &Value) -> rusqlite::Result<()> {
    let columns = select.column_count();
    let mut rows = select.query([param])?;
    while let Some(row) = rows.next()? {
        values(row, columns)?;
    }
    Ok(())
}

/// How many times the work was done in this time.
fn repeat(time: Duration, mut work: impl FnMut() -> rusqlite::Result<()>) -> Result<u64, String> {
    let until = Instant::now() + time;
    let mut done = 0;
    while Instant::now() < until {
        work().map_err(|error| error.to_string())?;
        done += 1;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SCHEMA: &str = r#"
        CREATE TABLE room (id BLOB PRIMARY KEY);
        CREATE TABLE user (id BLOB PRIMARY KEY);
        CREATE TABLE member (room BLOB, user BLOB);
        CREATE TABLE message (id BLOB PRIMARY KEY, created_at INTEGER, updated_at INTEGER, deleted_at INTEGER, room BLOB,
            author BLOB, text TEXT);
        CREATE TABLE _mainstay_change ("offset" INTEGER PRIMARY KEY, model TEXT, id BLOB);
        INSERT INTO message VALUES (x'01', 5, 5, NULL, x'02', x'03', 'hello');
        INSERT INTO _mainstay_change VALUES (7, 'message', x'01');
    "#;

    #[test]
    fn inserts_are_whole_transactions_of_new_rows() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db");
        Connection::open(&database).unwrap().execute_batch(SCHEMA).unwrap();
        let rows = Rows::open(&database).unwrap();
        let done = rows.inserts(64, Duration::from_millis(30)).unwrap() as i64;
        assert!(done >= 64 && done % 64 == 0);
        let number =
            |select: &str| -> i64 { rows.connection.query_row(select, [], |row| row.get(0)).unwrap() };
        assert_eq!(number("SELECT count(*) FROM message"), done + 1);
        assert_eq!(number("SELECT count(DISTINCT created_at) FROM message"), done / 64 + 1);
        assert_eq!(number(r#"SELECT max("offset") FROM _mainstay_change"#), 7 + done);
        assert!(rows.points(Duration::from_millis(10)).unwrap() > 0);
        assert!(rows.pages(Duration::from_millis(10)).unwrap() > 0);
    }
}
