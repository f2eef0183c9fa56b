//! Beginning another history, where the feed is not what it was.

use crate::postgres::connection::Connection;
use tokio_postgres::Error;

const REPLACE: &str = r#"UPDATE "_mainstay_meta" SET "value" = $1 WHERE "key" = 'epoch' AND "value" = $2"#;

/// Begins another history in the place of one that has lost its end, so that no position of what was lost is taken for one of what comes. Of
/// several nodes that see it the first one does it.
pub(super) async fn replace(connection: &Connection, old: u64, new: u64) -> Result<(), Error> {
    let (old, new) = (old.to_string(), new.to_string());
    connection.client.execute(REPLACE, &[&new, &old]).await.map(drop)
}
