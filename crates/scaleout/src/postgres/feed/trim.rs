//! Trimming the feed.

use super::end::START;
use super::signed;
use crate::postgres::meta;
use tokio_postgres::{Error, Transaction};

/// The most changes that one trimming removes.
const TRIM_CHANGES: i64 = 2_000;
/// The lock under which the feed is trimmed: by one node at a time. Those who append never wait for it.
const TRIM_LOCK: i64 = 0x4d4e_5354_0000_0003;

/// The oldest changes, up to the first that is kept, as the last of them: its number, the size of all up to it, and how many they are.
const REMOVABLE: &str = r#"
    WITH ends AS (
        SELECT coalesce((SELECT split_part("value", ' ', 2)::int8 FROM "_mainstay_meta" WHERE "key" = 'feed_start'), 0) AS "start",
            coalesce((SELECT "total_bytes" FROM "_mainstay_change" ORDER BY "offset" DESC LIMIT 1), 0) AS "end"
    ), oldest AS (
        SELECT "offset", "total_bytes", "at", lag("total_bytes", 1, ends."start") OVER (ORDER BY "offset") AS "before"
        FROM ends, (SELECT * FROM "_mainstay_change" ORDER BY "offset" LIMIT $1) AS "first"
    ), kept AS (
        SELECT min("offset") AS "from" FROM oldest, ends WHERE "at" >= $2 AND ends."end" - "before" <= $3
    )
    SELECT max("offset"), max("total_bytes"), count(*) FROM oldest, kept WHERE kept."from" IS NULL OR "offset" < kept."from""#;

/// Removes old changes. Answers how many.
pub(crate) async fn trim(
    transaction: Transaction<'_>,
    before_micros: i64,
    max_bytes: u64,
) -> Result<u64, Error> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&TRIM_LOCK]).await?;
    let removable =
        transaction.query_one(REMOVABLE, &[&TRIM_CHANGES, &before_micros, &signed(max_bytes)]).await?;
    let last: Option<i64> = removable.try_get(0)?;
    let bytes: Option<i64> = removable.try_get(1)?;
    if let (Some(last), Some(bytes)) = (last, bytes) {
        transaction.execute(r#"DELETE FROM "_mainstay_change" WHERE "offset" <= $1"#, &[&last]).await?;
        meta::write(&transaction, START, &format!("{last} {bytes}")).await?;
    }
    transaction.commit().await?;
    Ok(super::unsigned(removable.try_get(2)?))
}
