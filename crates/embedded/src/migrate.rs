//! Bringing a database to the schema of an application.

use crate::OpenError;
use crate::connection::open_writer;
use crate::feed;
use crate::meta::{self, Meta};
use crate::open::{NewFile, open};
use mainstay_model::{Application, Durability};
use mainstay_ports::{Clock, SystemClock};
use mainstay_sql::Sqlite;
use mainstay_sql::migrate::{Plan, Schema};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// What [`apply`] would do to the database at `path`. Nothing is changed, nor made when it is not there, and the database may be in use.
///
/// # Errors
/// When the database cannot be read or is not ours.
pub fn plan(application: &Application, path: &Path) -> Result<Plan, OpenError> {
    let meta = if path.exists() { meta::read(&open_writer(path)?)? } else { None };
    Ok(plan_from(meta.as_ref(), application))
}

/// Changes the database at `path` as [`plan`] says, in one transaction, and notes that in it. It is made when it is not there.
///
/// # Errors
/// When the plan has faults, or loses data and `allow_data_loss` is not given; when a step fails; and as for opening. Nothing has then changed.
pub fn apply(application: &Application, path: &Path, allow_data_loss: bool) -> Result<Plan, OpenError> {
    let mut database = open(path, Durability::Full)?;
    let plan = plan_from(database.meta.as_ref(), application);
    if !plan.faults.is_empty() {
        return Err(OpenError::Impossible(plan));
    }
    if !plan.losses.is_empty() && !allow_data_loss {
        return Err(OpenError::LosesData(plan));
    }
    if database.meta.is_none() {
        create(&mut database.connection, application)?;
        database.new_file.take().into_iter().for_each(NewFile::keep);
    } else if !plan.is_empty() {
        migrate(&mut database.connection, application, &plan)?;
    }
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
    for step in &plan.steps {
        connection.execute_batch(&step.sql).map_err(|error| OpenError::StepFailed {
            description: step.description.clone(),
            detail: error.to_string(),
        })?;
    }
    let statements: Vec<&str> = plan.steps.iter().map(|step| step.sql.as_str()).collect();
    connection.execute(
        r#"INSERT INTO "_mainstay_migration" ("at", "statements") VALUES (?1, ?2)"#,
        (SystemClock.now_micros(), statements.join(";\n")),
    )?;
    Ok(meta::write_schema(connection, &Schema::of(application))?)
}
