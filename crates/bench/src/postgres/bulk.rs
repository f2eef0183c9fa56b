//! Older messages, in bulk, as `crate::bulk` puts them into SQLite.

use crate::bulk::{INTERVAL_US, id_of, text_of};
use mainstay_services::postgres::Database;

/// Puts this many messages into the room. Answers the id of one in `stride`.
pub(super) fn insert(database: &Database, count: u64, stride: u64) -> Result<Vec<String>, String> {
    let oldest = database.sql(r#"SELECT min("created_at") FROM "message""#);
    let oldest: i64 = oldest.parse().map_err(|error| format!("the time of a message: {oldest}: {error}"))?;
    let columns = database.sql(COLUMNS);
    let columns: Vec<&str> = columns.lines().collect();
    database.sql(&statement(&columns, oldest, count));
    let ids = (0..count).step_by(stride as usize);
    Ok(ids.map(|number| text_of(id_of(time_of(oldest, count, number), number))).collect())
}

const COLUMNS: &str = "SELECT attname FROM pg_attribute WHERE attrelid = 'message'::regclass AND attnum > 0 AND NOT attisdropped";

/// When a message was said, in microseconds since 1970.
fn time_of(oldest: i64, count: u64, number: u64) -> i64 {
    oldest - (count - number) as i64 * INTERVAL_US
}

/// Inserts the oldest message again and again with other ids and times: those of [`id_of`] and [`time_of`].
fn statement(columns: &[&str], oldest: i64, count: u64) -> String {
    let time = format!("({oldest} - ({count} - n) * {INTERVAL_US})");
    let hex = |number: &str| format!("lpad(to_hex({number}), 12, '0')");
    let id = format!("({} || '70008000' || {})::uuid", hex(&format!("{time} / 1000")), hex("n"));
    let value = |column: &&str| match *column {
        "id" => id.clone(),
        "created_at" | "updated_at" => time.clone(),
        column => format!("m.\"{column}\""),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    format!(
        "INSERT INTO \"message\" ({}) SELECT {} FROM (SELECT * FROM \"message\" ORDER BY \"created_at\" LIMIT 1) AS m, \
         generate_series(0::int8, {count} - 1) AS n",
        names.join(", "),
        values.join(", "),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use mainstay_services::postgres::Server;

    #[test]
    fn rows_are_older_otherwise_the_same_and_have_the_ids_that_are_told() {
        let database = Server::shared().database();
        database.sql(
            r#"CREATE TABLE "message" ("id" UUID PRIMARY KEY, "created_at" BIGINT, "updated_at" BIGINT, "text" TEXT);
            INSERT INTO "message" VALUES ('ffffffff-ffff-7fff-8fff-ffffffffffff', 1790000000123456, 1790000000123456, 'hello')"#,
        );
        let ids = insert(&database, 10, 5).unwrap();
        let there = format!("SELECT count(*) FROM \"message\" WHERE \"id\" IN ('{}')", ids.join("', '"));
        assert_eq!((ids.len(), database.sql(&there)), (2, "2".to_owned()));
        let older = r#"SELECT count(*), count(DISTINCT "text"), count(DISTINCT "id") FROM "message"
            WHERE "created_at" < 1790000000123456 AND "created_at" = "updated_at""#;
        assert_eq!(database.sql(older), "10|1|10");
    }
}
