//! What nodes tell each other, by `NOTIFY`.
//!
//! It goes over connections of its own, outside of any transaction with records: `NOTIFY` takes a lock of the whole server at its commit. A transaction that does
//! nothing else does not wait for the disk.

use super::connect::{Connector, reason};
use super::connection::Connection;
use super::session::Purpose;
use crate::wake::{Carrier, Trouble};
use futures::stream::{BoxStream, StreamExt, poll_fn};
use std::sync::Arc;
use tokio::sync::mpsc::channel;

const LISTEN: &str = "LISTEN mainstay_wake";
const TELL: &str = "SELECT pg_notify('mainstay_wake', piece) FROM unnest($1::text[]) AS piece";
/// PostgreSQL takes less than 8,000 bytes in a notification.
const PIECE_BYTES: usize = 7_900;
/// How many pieces may wait to be put together. What is beyond is lost, and noticed by whoever numbers what it tells.
const MAX_WAITING: usize = 10_000;

/// The server of the database.
pub(crate) struct Notifications(pub(crate) Arc<Connector>);

impl Carrier for Notifications {
    type Teller = Connection;
    type Listener = Connection;

    fn place(&self) -> String {
        self.0.target.place()
    }

    async fn teller(&self) -> Result<Connection, Trouble> {
        self.0.connect(Purpose::Watch).await.map_err(|error| trouble(&error))
    }

    fn stands(teller: &Connection) -> bool {
        !teller.is_closed()
    }

    fn piece_bytes(_: &Connection) -> usize {
        PIECE_BYTES
    }

    async fn tell(&self, teller: &mut Connection, pieces: &[String]) -> Result<(), Trouble> {
        let statement = teller.prepare(TELL).await.map_err(|error| trouble(&error))?;
        teller.run(&statement, &[&pieces]).await.map(drop).map_err(|error| trouble(&error))
    }

    async fn listener(&self) -> Result<(Connection, BoxStream<'static, String>), Trouble> {
        let (sender, mut pieces) = channel(MAX_WAITING);
        let hear = move |notification: Option<tokio_postgres::Notification>| {
            if let Some(notification) = notification {
                let _ = sender.try_send(notification.payload().to_owned());
            }
        };
        let connection = self.0.hear(Purpose::Watch, hear).await.map_err(|error| trouble(&error))?;
        connection.client.batch_execute(LISTEN).await.map_err(|error| trouble(&error))?;
        Ok((connection, poll_fn(move |context| pieces.poll_recv(context)).boxed()))
    }

    async fn look(listener: &mut Connection) -> Result<(), Trouble> {
        listener.client.batch_execute("").await.map_err(|error| trouble(&error))
    }
}

fn trouble(error: &tokio_postgres::Error) -> Trouble {
    Trouble::unreachable(reason(error))
}
