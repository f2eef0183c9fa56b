//! Sending what a group wrote, with its changes and the commit.

use super::super::connection::{Connection, params};
use super::super::feed::NewChanges;
use super::super::finish::{Finish, Finished, Request};
use super::super::value::Bound;
use super::overlay::Overlay;
use mainstay_expr::Value;
use mainstay_model::Application;
use mainstay_sql::postgres::{insert_many, replace_many};
use tokio_postgres::{Error, Statement};

/// A statement with a list of values for each of its parameters.
struct Write {
    statement: Statement,
    values: Vec<Value>,
}

/// Sends the writes, the changes and the commit together. `begin` is what has to come before them.
pub(super) async fn commit(
    connection: &Connection,
    application: &Application,
    written: &Overlay,
    changes: &NewChanges,
    begin: &str,
) -> Finished {
    let (writes, finish) = match prepare(connection, application, written).await {
        Ok(prepared) => prepared,
        Err(error) => return Finished::RolledBack(error),
    };
    let mut requests: Vec<Request<'_>> = vec![Box::pin(connection.client.batch_execute(begin))];
    requests.extend(writes.iter().map(|write| send(connection, write)));
    finish.run(connection, requests, changes).await
}

async fn prepare(
    connection: &Connection,
    application: &Application,
    written: &Overlay,
) -> Result<(Vec<Write>, Finish), Error> {
    let mut writes = Vec::new();
    for batch in written.batches() {
        let model = application.model(batch.model);
        let text = if batch.is_new { insert_many(model) } else { replace_many(model) };
        writes.push(Write { statement: connection.prepare(&text).await?, values: batch.columns(model) });
    }
    Ok((writes, Finish::prepare(connection).await?))
}

fn send<'a>(connection: &'a Connection, write: &'a Write) -> Request<'a> {
    Box::pin(async move {
        let bound: Vec<Bound<'_>> = write.values.iter().map(Bound).collect();
        connection.client.execute(&write.statement, &params(&bound)).await.map(drop)
    })
}
