//! Sending what a group wrote, with its changes and the commit.

use super::super::batch::Write;
use super::super::connection::Connection;
use super::super::feed::NewChanges;
use super::super::finish::{Finish, Finished, Request};
use super::overlay::Overlay;
use mainstay_model::Application;
use tokio_postgres::Error;

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
    requests.extend(writes.iter().map(|write| write.request(connection)));
    finish.run(connection, requests, changes).await
}

async fn prepare(
    connection: &Connection,
    application: &Application,
    written: &Overlay,
) -> Result<(Vec<Write>, Finish), Error> {
    let mut writes = Vec::new();
    for batch in written.batches() {
        writes.push(batch.prepare(connection, application).await?);
    }
    Ok((writes, Finish::prepare(connection).await?))
}
