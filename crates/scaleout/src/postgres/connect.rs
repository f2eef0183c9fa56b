//! Making connections.

use super::OpenError;
use super::connection::Connection;
use super::error::is_full;
use super::options::Options;
use super::room::Room;
use super::session::{Purpose, SessionOptions};
use super::target::Target;
use futures::StreamExt as _;
use mainstay_model::ServiceUrl;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Client, Error, Notification};

/// How long a connection is tried to be made that a node cannot do without, and how long it waits in between.
const SOON: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(50));

/// Makes connections to one server.
pub(crate) struct Connector {
    pub(crate) target: Target,
    pub(crate) session: SessionOptions,
    pub(crate) room: Room,
}

impl Connector {
    /// To the server itself, or to a replica.
    pub(crate) fn of(options: &Options, url: &ServiceUrl) -> Result<Self, OpenError> {
        let target = Target::parse(url, options.connect_timeout()).map_err(OpenError::BadUrl)?;
        let session =
            SessionOptions { query_timeout: options.query_timeout(), durability: options.durability };
        Ok(Connector { target, session, room: Room::default() })
    }

    /// A connection that is set up for its purpose.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<Connection, Error> {
        self.listen(purpose, Arc::default()).await
    }

    /// The same; `bell` is rung by each notification.
    pub(crate) async fn listen(&self, purpose: Purpose, bell: Arc<Notify>) -> Result<Connection, Error> {
        self.hear(purpose, move |_| bell.notify_one()).await
    }

    /// The same; `hear` is given each notification, and `None` when the connection ends.
    pub(crate) async fn hear(
        &self,
        purpose: Purpose,
        mut hear: impl FnMut(Option<Notification>) + Send + 'static,
    ) -> Result<Connection, Error> {
        let connected = self.target.config.connect(self.target.tls.clone()).await;
        let (client, mut driver) = connected.inspect_err(|error| self.room.note(error))?;
        let open = self.room.enter();
        let mut messages = futures::stream::poll_fn(move |context| driver.poll_message(context));
        let driver = tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notification(notification)) => hear(Some(notification)),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(error = %reason(&error), "a connection to the database ended");
                        break;
                    }
                }
            }
            drop((messages, open));
            // Whoever waits for it finds the connection closed.
            hear(None);
        });
        self.set_up(&client, purpose).await?;
        Ok(Connection::new(client, driver.abort_handle()))
    }

    /// The same, of one that a node cannot do without. Where there is no room it is tried for a moment: one that was closed just now may still count.
    pub(crate) async fn listen_soon(&self, purpose: Purpose, bell: Arc<Notify>) -> Result<Connection, Error> {
        let started = Instant::now();
        loop {
            match self.listen(purpose, bell.clone()).await {
                Err(error) if is_full(&error) && started.elapsed() < SOON.0 => sleep(SOON.1).await,
                connected => return connected,
            }
        }
    }

    async fn set_up(&self, client: &Client, purpose: Purpose) -> Result<(), Error> {
        client.batch_execute(&self.session.statements(purpose)).await
    }
}

/// What an error says and why. The driver's own text names only the kind. There is no URL in it.
pub(crate) fn reason(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
