//! What the database says of itself.

use super::OpenError;
use mainstay_sql::migrate::{InvalidSchema, Schema};
use ring::rand::SecureRandom;
use tokio_postgres::{Client, GenericClient};

/// The version of the store's own tables.
const FORMAT: u64 = 1;

/// Names are not qualified: they are in the first schema of the `search_path`, as the models' tables are.
const TABLES: &str = r#"
    CREATE TABLE "_mainstay_meta" ("key" TEXT PRIMARY KEY, "value" TEXT NOT NULL);
    CREATE TABLE "_mainstay_migration" (
        "number" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "at" BIGINT NOT NULL, "statements" TEXT NOT NULL
    );
    CREATE TABLE "_mainstay_change" (
        "offset" BIGINT PRIMARY KEY, "model" TEXT NOT NULL, "id" UUID NOT NULL, "operation" TEXT NOT NULL,
        "before" TEXT, "after" TEXT, "actor" UUID, "request_id" TEXT NOT NULL, "at" BIGINT NOT NULL,
        "total_bytes" BIGINT NOT NULL
    );
    CREATE TABLE "_mainstay_key" ("name" TEXT PRIMARY KEY, "secret" BYTEA NOT NULL, "is_sealed" BOOLEAN NOT NULL);
    CREATE SEQUENCE "_mainstay_change_offset" AS BIGINT;
    CREATE SEQUENCE "_mainstay_change_bytes" AS BIGINT;
"#;

/// What the database says of itself.
pub(crate) struct Meta {
    /// Its tables of records.
    pub(crate) schema: Schema,
    /// The history that its feed tells.
    pub(crate) epoch: u64,
}

/// Reads it; `None` of a database that is new.
pub(crate) async fn read(client: &impl GenericClient) -> Result<Option<Meta>, OpenError> {
    let there = client.query_one(r#"SELECT to_regclass('"_mainstay_meta"') IS NOT NULL"#, &[]).await?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let format = number(client, "format").await?;
    if format > FORMAT {
        return Err(OpenError::Newer { found: format, known: FORMAT });
    }
    let schema = Schema::from_json(&text(client, "schema").await?).map_err(|error| match error {
        InvalidSchema::Newer { format } => {
            OpenError::Newer { found: u64::from(format), known: u64::from(Schema::FORMAT) }
        }
        InvalidSchema::Malformed(detail) => OpenError::Damaged(detail),
    })?;
    Ok(Some(Meta { schema, epoch: number(client, "epoch").await? }))
}

/// Makes the store's own tables in a new database, within a transaction, and begins its history.
pub(crate) async fn create(client: &impl GenericClient) -> Result<(), OpenError> {
    client.batch_execute(TABLES).await?;
    write(client, "format", &FORMAT.to_string()).await?;
    write(client, "epoch", &new_epoch()?.to_string()).await?;
    Ok(())
}

/// Sets what the database says of its tables of records.
pub(crate) async fn write_schema(
    client: &impl GenericClient,
    schema: &Schema,
) -> Result<(), tokio_postgres::Error> {
    write(client, "schema", &schema.to_json()).await
}

/// Sets what the database says of its tables of records, unless somebody else did since `read` was.
pub(crate) async fn replace_schema(
    client: &mut Client,
    read: &Schema,
    schema: &Schema,
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    let select = r#"SELECT "value" FROM "_mainstay_meta" WHERE "key" = 'schema' FOR UPDATE"#;
    let there: String = transaction.query_one(select, &[]).await?.get(0);
    if Schema::from_json(&there).as_ref() == Ok(read) {
        write_schema(&transaction, schema).await?;
    }
    transaction.commit().await
}

/// Sets a value.
pub(crate) async fn write(
    client: &impl GenericClient,
    key: &str,
    value: &str,
) -> Result<(), tokio_postgres::Error> {
    let upsert = r#"INSERT INTO "_mainstay_meta" ("key", "value") VALUES ($1, $2)
        ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value""#;
    client.execute(upsert, &[&key, &value]).await.map(drop)
}

async fn number(client: &impl GenericClient, key: &str) -> Result<u64, OpenError> {
    text(client, key).await?.parse().map_err(|_| missing(key))
}

async fn text(client: &impl GenericClient, key: &str) -> Result<String, OpenError> {
    optional_text(client, key).await?.ok_or_else(|| missing(key))
}

/// A value that may not have been set yet.
pub(crate) async fn optional_text(
    client: &impl GenericClient,
    key: &str,
) -> Result<Option<String>, tokio_postgres::Error> {
    let select = r#"SELECT "value" FROM "_mainstay_meta" WHERE "key" = $1"#;
    client.query_opt(select, &[&key]).await?.map(|row| row.try_get(0)).transpose()
}

fn missing(key: &str) -> OpenError {
    OpenError::Damaged(format!("`_mainstay_meta` lacks a valid `{key}`"))
}

/// What a history is called that begins.
pub(crate) fn new_epoch() -> Result<u64, OpenError> {
    let mut bytes = [0; 8];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| OpenError::Failed("the system gives no random numbers".to_owned()))?;
    Ok(u64::from_be_bytes(bytes))
}
