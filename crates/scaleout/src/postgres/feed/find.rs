//! Finding changes again, by whoever does not know whether they were committed.

use super::{NewChanges, signed, unsigned};
use crate::postgres::connection::Connection;
use mainstay_ports::Position;
use tokio_postgres::Error;

/// A request changes a record at one time once, and what failed as a whole is not there at all.
const FIND: &str = r#"
    SELECT max("offset") FROM "_mainstay_change"
    WHERE "offset" > $1 AND "id" = $2 AND "request_id" = $3 AND "at" = $4"#;

impl NewChanges {
    /// The number that the last of these changes has in the feed, behind the end that it had before them. That there is none is no answer where it may
    /// have been trimmed since, or where there are none to look for.
    pub(crate) async fn find_behind(
        &self,
        end: Position,
        connection: &Connection,
    ) -> Result<Option<u64>, Error> {
        let Some((id, request_id, at)) = self.last() else { return Ok(None) };
        let found = connection.client.query_one(FIND, &[&signed(end.offset), &id, &request_id, &at]).await?;
        Ok(found.try_get::<_, Option<i64>>(0)?.map(unsigned))
    }
}
