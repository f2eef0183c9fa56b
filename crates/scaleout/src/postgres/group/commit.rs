//! Sending what a group wrote, with its changes and the commit.

use super::super::connection::{Connection, params};
use super::super::feed::{Append, Appended, NewChanges};
use super::super::value::Bound;
use super::overlay::Overlay;
use futures::future::{BoxFuture, MaybeDone, join3, maybe_done};
use mainstay_expr::Value;
use mainstay_model::Application;
use mainstay_sql::postgres::{insert_many, replace_many};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use tokio_postgres::{Error, Statement};

/// What a group's commit came to.
pub(super) enum Sent {
    /// It is there.
    Committed(Option<Appended>),
    /// It is not.
    RolledBack(Error),
    /// The answer to the commit is missing.
    Unanswered(Error),
}

/// A statement with a list of values for each of its parameters.
struct Write {
    statement: Statement,
    values: Vec<Value>,
}

/// Sends the writes, the changes and the commit together. `begin` is what has to come before them, if anything has.
pub(super) async fn commit(
    connection: &Connection,
    application: &Application,
    written: &Overlay,
    changes: &NewChanges,
    begin: &str,
) -> Sent {
    let prepared = prepare(connection, application, written).await;
    let (writes, with) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Sent::RolledBack(error),
    };
    let client = &connection.client;
    let mut requests: Vec<BoxFuture<'_, Result<(), Error>>> = vec![Box::pin(client.batch_execute(begin))];
    requests.extend(writes.iter().map(|write| send(connection, write)));
    let append = async {
        if changes.is_empty() { Ok(None) } else { changes.append(connection, &with).await.map(Some) }
    };
    let (written, appended, committed) =
        join3(in_order(requests), append, client.batch_execute("COMMIT")).await;
    // A commit behind a statement that failed rolls back, and what fails behind a failure fails because of it.
    let failed = written.into_iter().find_map(Result::err);
    match (failed, appended, committed) {
        (None, Ok(appended), Ok(())) => Sent::Committed(appended),
        (Some(error), _, _) | (None, Err(error), _) | (None, Ok(_), Err(error)) => {
            if error.code().is_some() {
                Sent::RolledBack(error)
            } else {
                Sent::Unanswered(error)
            }
        }
    }
}

async fn prepare(
    connection: &Connection,
    application: &Application,
    written: &Overlay,
) -> Result<(Vec<Write>, Append), Error> {
    let mut writes = Vec::new();
    for batch in written.batches() {
        let model = application.model(batch.model);
        let text = if batch.is_new { insert_many(model) } else { replace_many(model) };
        writes.push(Write { statement: connection.prepare(&text).await?, values: batch.columns(model) });
    }
    Ok((writes, Append::prepare(connection).await?))
}

fn send<'a>(connection: &'a Connection, write: &'a Write) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        let bound: Vec<Bound<'_>> = write.values.iter().map(Bound).collect();
        connection.client.execute(&write.statement, &params(&bound)).await.map(drop)
    })
}

/// Waits for all, and sends them in their order: each is begun before the next one is.
async fn in_order<T>(requests: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut requests: Vec<MaybeDone<BoxFuture<'_, T>>> = requests.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for request in &mut requests {
            is_done &= Pin::new(request).poll(context).is_ready();
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    requests.iter_mut().filter_map(|request| Pin::new(request).take_output()).collect()
}
