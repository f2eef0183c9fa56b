//! Finding changes again, by whoever does not know whether they were committed.

use super::{NewChanges, signed};
use crate::postgres::connection::Connection;
use mainstay_ports::Position;
use tokio_postgres::Error;

/// A request changes a record at one time once, and what failed as a whole is not there at all.
const FIND: &str = r#"
    SELECT EXISTS (
        SELECT FROM "_mainstay_change" WHERE "offset" > $1 AND "id" = $2 AND "request_id" = $3 AND "at" = $4
    )"#;

impl NewChanges {
    /// Whether the feed has these changes, behind the end that it had before them. No is no answer where it may have been trimmed since, or where
    /// there are none to look for.
    pub(crate) async fn are_behind(&self, end: Position, connection: &Connection) -> Result<bool, Error> {
        let Some((id, request_id, at)) = self.last() else { return Ok(false) };
        let found = connection.client.query_one(FIND, &[&signed(end.offset), &id, &request_id, &at]).await?;
        found.try_get(0)
    }
}
