//! What nodes tell each other, by `NOTIFY`.
//!
//! It goes over connections of its own, outside of any transaction with records: `NOTIFY` takes a lock of the whole server at its commit. A transaction that does
//! nothing else does not wait for the disk. PostgreSQL holds 8,000 bytes in a notification, so texts go as a stream that is cut into pieces; see [`pieces`].

mod pieces;

use super::connect::{Connector, reason};
use super::connection::Connection;
use super::session::Purpose;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt, unfold};
use mainstay_ports::{Wake, WakeError};
use pieces::{Cutter, Joiner};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{sleep, timeout};

const LISTEN: &str = "LISTEN mainstay_wake";
const TELL: &str = "SELECT pg_notify('mainstay_wake', piece) FROM unnest($1::text[]) AS piece";
/// How many pieces go into one statement.
const AT_ONCE: usize = 64;
/// How many pieces may wait to be put together. What is beyond is lost, and noticed by whoever numbers what it tells.
const MAX_WAITING: usize = 10_000;
/// How long one exchange with the server may take before the connection counts as broken.
const ANSWER: Duration = Duration::from_secs(5);
/// How often it is looked whether a connection on which nothing is heard still stands.
const LOOK: Duration = Duration::from_secs(2);
/// How long to wait before another try to connect.
const RECONNECT: Duration = Duration::from_millis(250);

/// The nodes that serve one database.
pub struct PostgresWake {
    connector: Arc<Connector>,
    teller: Mutex<Teller>,
}

#[derive(Default)]
struct Teller {
    connection: Option<Connection>,
    cutter: Cutter,
}

impl PostgresWake {
    pub(crate) fn new(connector: Arc<Connector>) -> Self {
        PostgresWake { connector, teller: Mutex::default() }
    }

    async fn tell_all(&self, texts: &[String]) -> Result<(), String> {
        let mut teller = self.teller.lock().await;
        let connection = match teller.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => in_time(self.connector.connect(Purpose::Watch)).await?,
        };
        let statement = in_time(connection.prepare(TELL)).await?;
        for pieces in teller.cutter.cut(texts).chunks(AT_ONCE) {
            in_time(connection.run(&statement, &[&pieces])).await?;
        }
        teller.connection = Some(connection);
        Ok(())
    }
}

impl Wake for PostgresWake {
    fn tell(&self, texts: Vec<String>) -> BoxFuture<'_, Result<(), WakeError>> {
        Box::pin(async move { self.tell_all(&texts).await.map_err(WakeError) })
    }

    fn listen(&self) -> BoxStream<'static, String> {
        unfold(Listener::new(self.connector.clone()), Listener::next).boxed()
    }
}

/// One who listens, over as many connections as it takes.
struct Listener {
    connector: Arc<Connector>,
    open: Option<(Connection, Receiver<String>)>,
    joiner: Joiner,
    texts: VecDeque<String>,
}

impl Listener {
    fn new(connector: Arc<Connector>) -> Self {
        Listener { connector, open: None, joiner: Joiner::default(), texts: VecDeque::new() }
    }

    async fn next(mut self) -> Option<(String, Self)> {
        loop {
            if let Some(text) = self.texts.pop_front() {
                return Some((text, self));
            }
            if let Err(error) = self.hear().await {
                tracing::debug!(error, "other nodes are not heard");
                self.open = None;
                sleep(RECONNECT).await;
            }
        }
    }

    /// Hears the next piece, or that the connection still stands.
    async fn hear(&mut self) -> Result<(), String> {
        let (connection, pieces) = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(open(&self.connector).await?),
        };
        match timeout(LOOK, pieces.recv()).await {
            Ok(Some(piece)) => self.texts.extend(self.joiner.join(&piece)),
            Ok(None) => return Err("the connection ended".to_owned()),
            Err(_) => in_time(connection.client.batch_execute("")).await?,
        }
        Ok(())
    }
}

async fn open(connector: &Connector) -> Result<(Connection, Receiver<String>), String> {
    let (sender, pieces) = channel(MAX_WAITING);
    let hear = move |notification: Option<tokio_postgres::Notification>| {
        if let Some(notification) = notification {
            let _ = sender.try_send(notification.payload().to_owned());
        }
    };
    let connection = in_time(connector.hear(Purpose::Watch, hear)).await?;
    in_time(connection.client.batch_execute(LISTEN)).await?;
    Ok((connection, pieces))
}

async fn in_time<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, String> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| reason(&error)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
