//! Opening a database, and why that may fail.

use super::connect::{Connector, reason};
use super::copy::require_whole;
use super::meta::{self, Meta};
use super::migrate::{MigrationLock, plan_from};
use super::session::Purpose;
use mainstay_model::Application;
use mainstay_ports::{Clock, SystemClock};
use mainstay_sql::Postgres;
use mainstay_sql::migrate::{Plan, Schema, StepKind};
use std::fmt;
use tokio_postgres::Client;

/// The oldest server that has what is used here.
const MIN_SERVER: i32 = 140_000;

/// Why a database was not opened or migrated.
#[derive(Debug)]
pub enum OpenError {
    /// The URL cannot be used.
    BadUrl(String),
    /// The server cannot be reached, or refuses to let us in.
    Unreachable(String),
    /// The server or the database is not what is needed.
    Unfit(String),
    /// It is being filled with another database, or that was interrupted.
    Unfinished,
    /// What is there contradicts itself.
    Damaged(String),
    /// A newer version of the program made it.
    Newer {
        /// The format that it has.
        found: u64,
        /// The newest format that this version knows.
        known: u64,
    },
    /// Its tables are not those of the models; this plan would make them so.
    SchemaDiffers(Box<Plan>),
    /// The plan loses data or exposes secrets, and nobody said that it may.
    LosesData(Box<Plan>),
    /// The plan has faults.
    Impossible(Box<Plan>),
    /// A step of the migration failed. Those before it are done, and the next migration goes on behind them.
    StepFailed {
        /// What the step does.
        description: String,
        /// What the engine says.
        detail: String,
    },
    /// Anything else.
    Failed(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::BadUrl(detail) => write!(f, "the URL of the database cannot be used: {detail}"),
            OpenError::Unreachable(detail) => write!(f, "the database cannot be reached: {detail}"),
            OpenError::Unfit(detail) => write!(f, "the database does not fit: {detail}"),
            OpenError::Unfinished => {
                f.write_str("the database is being filled by `mainstay move`, which has not finished")
            }
            OpenError::Damaged(detail) => write!(f, "the database is damaged: {detail}"),
            OpenError::Newer { found, known } => write!(
                f,
                "the database is from a newer version of this program: it has format {found}, and this version knows \
                 formats up to {known}"
            ),
            OpenError::SchemaDiffers(_) => {
                f.write_str("the tables of the database are not those of the models")
            }
            OpenError::LosesData(_) => {
                f.write_str("the migration loses data or exposes secrets, so it has to be allowed")
            }
            OpenError::Impossible(_) => f.write_str("the migration is not possible"),
            OpenError::StepFailed { description, detail } => {
                write!(
                    f,
                    "a step of the migration failed, and those before it are done: {description}: {detail}"
                )
            }
            OpenError::Failed(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        OpenError::Failed(format!("PostgreSQL: {}", reason(&error)))
    }
}

/// Opens a database for an application: one that is new gets the whole schema. One that has more than the application knows will do, since
/// nodes of the next version may be at work already.
pub(crate) async fn open(connector: &Connector, application: &Application) -> Result<Meta, OpenError> {
    let connected = connector.connect(Purpose::Migrate).await;
    let mut connection = connected.map_err(|error| OpenError::Unreachable(reason(&error)))?;
    let client = &mut connection.client;
    require_fit(client).await?;
    let meta = match meta::read(client).await? {
        Some(meta) => {
            require_whole(client).await?;
            meta
        }
        None => create_alone(client, application).await?,
    };
    let plan = plan_from(Some(&meta.schema), application, false);
    if !plan.is_workable() {
        return Err(OpenError::SchemaDiffers(Box::new(plan)));
    }
    let schema = Schema::of(application).keeping(&meta.schema);
    if plan.is_empty() && schema != meta.schema {
        meta::replace_schema(client, &meta.schema, &schema).await?;
    }
    Ok(meta)
}

/// Makes what another node may be making at the same time.
async fn create_alone(client: &mut Client, application: &Application) -> Result<Meta, OpenError> {
    let lock = MigrationLock::take(client).await?;
    let made = match meta::read(client).await? {
        Some(_) => Ok(()),
        None => create(client, application).await,
    };
    lock.release(client).await;
    made?;
    meta::read(client).await?.ok_or_else(|| OpenError::Damaged("it is not there".to_owned()))
}

pub(crate) async fn require_fit(client: &Client) -> Result<(), OpenError> {
    let select = "SELECT current_setting('server_version_num')::int4, current_setting('server_encoding'), \
        pg_is_in_recovery(), current_setting('fsync') = 'on'";
    let row = client.query_one(select, &[]).await?;
    if row.get::<_, i32>(0) < MIN_SERVER {
        return Err(OpenError::Unfit("it is older than PostgreSQL 14".to_owned()));
    }
    if row.get::<_, &str>(1) != "UTF8" {
        return Err(OpenError::Unfit("its encoding is not UTF8".to_owned()));
    }
    if row.get(2) {
        return Err(OpenError::Unfit("the server is a standby, which cannot be written to".to_owned()));
    }
    if !row.get::<_, bool>(3) {
        tracing::warn!("the server has fsync = off: what is acknowledged does not survive a power cut");
    }
    Ok(())
}

/// Makes all tables in a new database, in one transaction.
pub(crate) async fn create(client: &mut Client, application: &Application) -> Result<(), OpenError> {
    let client = client.transaction().await?;
    meta::create(&client).await?;
    let plan = mainstay_sql::migrate::plan(None, application, &Postgres);
    for step in plan.steps.iter().filter(|step| step.kind == StepKind::Change) {
        client.batch_execute(&step.sql).await.map_err(|error| OpenError::StepFailed {
            description: step.description.clone(),
            detail: reason(&error),
        })?;
    }
    let statements: Vec<&str> = plan.steps.iter().map(|step| step.sql.as_str()).collect();
    let insert = r#"INSERT INTO "_mainstay_migration" ("at", "statements") VALUES ($1, $2)"#;
    client.execute(insert, &[&SystemClock.now_micros(), &statements.join(";\n")]).await?;
    meta::write_schema(&client, &Schema::of(application)).await?;
    Ok(client.commit().await?)
}
