//! Bringing a database to the schema of an application, while nodes go on using it.
//!
//! Indexes are made outside of transactions, so that a migration is many steps and not one. Each notes with its own commit what is there
//! after it. A migration that failed or was cut off therefore left a database that says what it is, and the next one goes on from there. One
//! node migrates at a time; the next finds nothing to do.

mod left_over;
mod lock;
mod obstacles;
mod run;

pub(crate) use lock::MigrationLock;

use super::OpenError;
use super::connect::{Connector, reason};
use super::connection::Connection;
use super::copy::require_whole;
use super::meta::{self, Meta};
use super::open::{create, require_fit};
use super::options::Options;
use super::session::Purpose;
use mainstay_model::Application;
use mainstay_sql::Postgres;
use mainstay_sql::migrate::{Plan, Schema};
use run::Run;
use tokio_postgres::Client;

/// Whether the database has been made.
///
/// # Errors
/// When the database cannot be read.
pub async fn is_made(options: &Options) -> Result<bool, OpenError> {
    let connection = connect(options).await?;
    Ok(meta::read(&connection.client).await?.is_some())
}

/// What [`apply`] would do. Nothing is changed, and the database may be in use.
///
/// # Errors
/// When the database cannot be read.
pub async fn plan(
    application: &Application,
    options: &Options,
    allow_data_loss: bool,
) -> Result<Plan, OpenError> {
    let connection = connect(options).await?;
    let meta = meta::read(&connection.client).await?;
    settled_plan(&connection.client, meta.as_ref(), application, allow_data_loss).await
}

/// Changes the database as [`plan`] says, step by step. Its tables are made when there are none.
///
/// What loses data is done only if that is allowed. Tables and columns that nodes of the version before may still need stay until then,
/// where records can be added without them: see [`Plan::kept`].
///
/// # Errors
/// When the plan has faults, or loses data or exposes secrets and `allow_data_loss` is not given: then nothing has changed. When a step fails:
/// then those before it are done.
pub async fn apply(
    application: &Application,
    options: &Options,
    allow_data_loss: bool,
) -> Result<Plan, OpenError> {
    let mut connection = connect(options).await?;
    let client = &mut connection.client;
    require_fit(client).await?;
    let lock = MigrationLock::take(client).await?;
    let applied = apply_alone(client, application, allow_data_loss).await;
    lock.release(client).await;
    applied
}

async fn apply_alone(
    client: &mut Client,
    application: &Application,
    allow_data_loss: bool,
) -> Result<Plan, OpenError> {
    let Some(meta) = meta::read(client).await? else {
        create(client, application).await?;
        return Ok(mainstay_sql::migrate::plan(None, application, &Postgres));
    };
    require_whole(client).await?;
    let plan = settled_plan(client, Some(&meta), application, allow_data_loss).await?;
    if !plan.faults.is_empty() {
        return Err(OpenError::Impossible(Box::new(plan)));
    }
    if !plan.is_allowed(allow_data_loss) {
        return Err(OpenError::LosesData(Box::new(plan)));
    }
    left_over::remove(client).await?;
    obstacles::rehearse(client, &plan).await?;
    let mut run = Run::new(client, meta.schema);
    for step in &plan.steps {
        run.take(step).await?;
    }
    run.finish(application).await?;
    Ok(plan)
}

async fn connect(options: &Options) -> Result<Connection, OpenError> {
    let connector = Connector::of(options, &options.url)?;
    let connected = connector.connect(Purpose::Migrate).await;
    connected.map_err(|error| OpenError::Unreachable(reason(&error)))
}

/// The plan, with what is lost as the database has it.
async fn settled_plan(
    client: &Client,
    meta: Option<&Meta>,
    application: &Application,
    allow_data_loss: bool,
) -> Result<Plan, OpenError> {
    let mut plan = plan_from(meta.map(|meta| &meta.schema), application, allow_data_loss);
    let mut counts = Vec::with_capacity(plan.possible_losses.len());
    for loss in &plan.possible_losses {
        counts.push(client.query_one(&loss.count, &[]).await?.get::<_, i64>(0));
    }
    let mut counts = counts.into_iter();
    plan.settle(|_| counts.next().ok_or_else(|| OpenError::Failed("a count is missing".to_owned())))?;
    Ok(plan)
}

/// The way from what the database says of itself to what the application needs, or to where it can work beside the version before.
pub(crate) fn plan_from(from: Option<&Schema>, application: &Application, allow_data_loss: bool) -> Plan {
    if allow_data_loss {
        mainstay_sql::migrate::plan(from, application, &Postgres)
    } else {
        mainstay_sql::migrate::plan_keeping(from, application, &Postgres)
    }
}
