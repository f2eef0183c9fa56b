//! Bringing a database to the schema of an application.

use crate::OpenError;
use crate::connection::open_writer;
use crate::feed;
use crate::meta::{self, Meta};
use crate::obstacles::obstacles;
use crate::open::{NewFile, open};
use mainstay_model::{Application, Durability};
use mainstay_ports::{Clock, SystemClock};
use mainstay_sql::Sqlite;
use mainstay_sql::migrate::{MigrationStep, Plan, Schema, StepKind};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// What [`apply`] would do to the database at `path`. Nothing is changed, nor made when it is not there, and the database may be in use.
///
/// # Errors
/// When the database cannot be read or is not ours.
pub fn plan(application: &Application, path: &Path) -> Result<Plan, OpenError> {
    if !path.exists() {
        return Ok(plan_from(None, application));
    }
    let connection = open_writer(path)?;
    settled_plan(&connection, meta::read(&connection)?.as_ref(), application)
}

/// Changes the database at `path` as [`plan`] says, in one transaction, and notes that in it. It is made when it is not there.
///
/// # Errors
/// When the plan has faults, or loses data or exposes secrets and `allow_data_loss` is not given; when a step fails; and as for opening.
/// Nothing has then changed.
pub fn apply(application: &Application, path: &Path, allow_data_loss: bool) -> Result<Plan, OpenError> {
    let mut database = open(path, Durability::Full)?;
    let plan = settled_plan(&database.connection, database.meta.as_ref(), application)?;
    if !plan.faults.is_empty() {
        return Err(OpenError::Impossible(Box::new(plan)));
    }
    if !plan.is_allowed(allow_data_loss) {
        return Err(OpenError::LosesData(Box::new(plan)));
    }
    match &database.meta {
        None => {
            create(&mut database.connection, application)?;
            database.new_file.take().into_iter().for_each(NewFile::keep);
        }
        Some(meta) if plan.is_empty() => note_meanings(&database.connection, meta, application)?,
        Some(_) => migrate(&mut database.connection, application, &plan)?,
    }
    Ok(plan)
}

/// Keeps what the models say now of columns that need no change: a later migration has to know that a field became secret, or which
/// values an enum got.
pub(crate) fn note_meanings(
    connection: &Connection,
    meta: &Meta,
    application: &Application,
) -> rusqlite::Result<()> {
    let schema = Schema::of(application);
    if schema == meta.schema { Ok(()) } else { meta::write_schema(connection, &schema) }
}

/// The plan, with what is lost as the database has it.
fn settled_plan(
    connection: &Connection,
    meta: Option<&Meta>,
    application: &Application,
) -> Result<Plan, OpenError> {
    let mut plan = plan_from(meta, application);
    plan.settle(|count| connection.query_row(count, [], |row| row.get(0)))?;
    Ok(plan)
}

/// The way from what the database says of itself to what the application needs.
pub(crate) fn plan_from(meta: Option<&Meta>, application: &Application) -> Plan {
    mainstay_sql::migrate::plan(meta.map(|meta| &meta.schema), application, &Sqlite)
}

/// Makes all tables in a new database, in one transaction.
pub(crate) fn create(connection: &mut Connection, application: &Application) -> Result<(), OpenError> {
    let plan = plan_from(None, application);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    meta::create(&transaction)?;
    run(&transaction, application, &plan)?;
    Ok(transaction.commit()?)
}

fn migrate(connection: &mut Connection, application: &Application, plan: &Plan) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    feed::follow(&transaction, application).map_err(|error| OpenError::Failed(error.to_string()))?;
    run(&transaction, application, plan)?;
    Ok(transaction.commit()?)
}

fn run(connection: &Connection, application: &Application, plan: &Plan) -> Result<(), OpenError> {
    plan.steps.iter().try_for_each(|step| run_step(connection, step))?;
    let changes = plan.steps.iter().filter(|step| step.kind == StepKind::Change);
    let statements: Vec<&str> = changes.map(|step| step.sql.as_str()).collect();
    connection.execute(
        r#"INSERT INTO "_mainstay_migration" ("at", "statements") VALUES (?1, ?2)"#,
        (SystemClock.now_micros(), statements.join(";\n")),
    )?;
    Ok(meta::write_schema(connection, &Schema::of(application))?)
}

fn run_step(connection: &Connection, step: &MigrationStep) -> Result<(), OpenError> {
    let failure = match step.kind {
        // Nobody else uses the database, so that no plan for it has steps of other kinds.
        StepKind::Change | StepKind::Concurrent | StepKind::Repeated => {
            connection.execute_batch(&step.sql).err().map(|error| error.to_string())
        }
        StepKind::Check => obstacles(connection, &step.sql).unwrap_or_else(|error| Some(error.to_string())),
    };
    let failed = |detail| OpenError::StepFailed { description: step.description.clone(), detail };
    failure.map_or(Ok(()), |detail| Err(failed(detail)))
}
