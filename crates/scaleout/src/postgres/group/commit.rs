//! Sending what a group wrote, with its changes and the commit.

use super::super::batch::Write;
use super::super::connection::Connection;
use super::super::feed::{NewChanges, Receipts};
use super::super::finish::{Finish, Finished, Request};
use super::overlay::Overlay;
use mainstay_model::Application;
use mainstay_ports::Position;
use tokio_postgres::Error;

/// What the commands of a group wrote.
#[derive(Default)]
pub(super) struct Writes {
    pub(super) records: Overlay,
    pub(super) changes: NewChanges,
    pub(super) receipts: Receipts,
}

impl Writes {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.changes.is_empty()
    }

    /// Puts what another command wrote behind these.
    pub(super) fn extend(&mut self, other: Writes) {
        self.records.extend(other.records);
        self.receipts.extend(other.receipts, self.changes.len());
        self.changes.extend(other.changes);
    }

    /// Sends the records, the changes and the commit together. `begin` is what has to come before them, and `known` is where the feed ends, as far
    /// as is known.
    pub(super) async fn commit(
        &self,
        connection: &Connection,
        application: &Application,
        begin: &str,
        known: Position,
    ) -> Finished {
        let (writes, finish) = match self.prepare(connection, application).await {
            Ok(prepared) => prepared,
            Err(error) => return Finished::RolledBack(error),
        };
        let mut requests: Vec<Request<'_>> = vec![Box::pin(connection.client.batch_execute(begin))];
        requests.extend(writes.iter().map(|write| write.request(connection)));
        finish.run(connection, requests, &self.changes, known).await
    }

    async fn prepare(
        &self,
        connection: &Connection,
        application: &Application,
    ) -> Result<(Vec<Write>, Finish<'_>), Error> {
        let mut writes = Vec::new();
        for batch in self.records.batches() {
            writes.push(batch.prepare(connection, application).await?);
        }
        Ok((writes, Finish::prepare(connection, application, &self.receipts).await?))
    }
}
