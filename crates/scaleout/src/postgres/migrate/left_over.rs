//! What a migration that was cut off left behind.

use super::run::patiently;
use crate::postgres::OpenError;
use tokio_postgres::Client;

/// Indexes of ours that were not finished. Those of somebody else have other names.
const INDEXES: &str = "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I', c.relname) \
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid \
    WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace \
      AND (c.relname LIKE 'ix\\_%.%' OR c.relname LIKE 'ux\\_%.%')";

/// Constraints that stand only while a column becomes required.
const CONSTRAINTS: &str = "SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname) \
    FROM pg_constraint \
    WHERE contype = 'c' AND connamespace = current_schema()::regnamespace AND conname LIKE 'nn\\_%.%'";

/// Removes it. It is called under the migration's lock, so that nobody is at it any more.
pub(super) async fn remove(client: &mut Client) -> Result<(), OpenError> {
    for query in [INDEXES, CONSTRAINTS] {
        for row in client.query(query, &[]).await? {
            let drop: String = row.get(0);
            patiently(client, "removes what an earlier migration left behind", async |client| {
                client.batch_execute(&drop).await
            })
            .await?;
        }
    }
    Ok(())
}
