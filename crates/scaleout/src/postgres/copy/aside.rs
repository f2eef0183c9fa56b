//! Putting aside what is in a database.

use super::Database;
use crate::postgres::{OpenError, meta};

/// Our own tables and sequences, and those of the models whose names are parameter 1, in the schema that new tables go to. A sequence that belongs
/// to a table goes with it.
const OURS: &str = r#"
    SELECT c.relkind = 'S', quote_ident(c.relname) FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'S')
        AND (c.relname LIKE '\_mainstay\_%' OR c.relname = ANY($1))
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
            AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)"#;

impl Database {
    /// Moves all that is ours into a schema of this name, within the transaction, so that the database is as an empty one. Nothing is copied, and
    /// nothing lost.
    ///
    /// # Errors
    /// When a table is in use, or the schema cannot be made.
    pub async fn put_aside(&self, name: &str) -> Result<(), OpenError> {
        let known = meta::read(&self.client).await?;
        let models: Vec<String> =
            known.iter().flat_map(|meta| &meta.schema.tables).map(|table| table.name.clone()).collect();
        let ours = self.client.query(OURS, &[&models]).await?;
        let schema = format!("\"{}\"", name.replace('"', "\"\""));
        self.client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
        for row in ours {
            let (is_sequence, relation): (bool, String) = (row.try_get(0)?, row.try_get(1)?);
            let kind = if is_sequence { "SEQUENCE" } else { "TABLE" };
            self.client.batch_execute(&format!("ALTER {kind} {relation} SET SCHEMA {schema}")).await?;
        }
        Ok(())
    }
}
