//! How a node hears of what others commit: a bell that each rings behind its commits, and a look now and then, should the bell be missed.
//!
//! The bell carries no data, and is rung outside of the transactions that it is about: `NOTIFY` takes a lock of the whole server at its commit.

use super::{End, Ends, Look, history};
use crate::postgres::clock::ServerClock;
use crate::postgres::connect::{Connector, reason};
use crate::postgres::connection::Connection;
use crate::postgres::fit::Fit;
use crate::postgres::locked::Locked;
use crate::postgres::measures::Measures;
use crate::postgres::meta::new_epoch;
use crate::postgres::pool::Pool;
use crate::postgres::session::Purpose;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_postgres::Error;

/// How often the end of the feed is looked up without a bell.
const LOOK: Duration = Duration::from_millis(250);
/// How long one exchange with the server may take before the connection counts as broken.
const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait before the first and before any later try to connect again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

const LISTEN: &str = "LISTEN mainstay_feed";
const RING: &str = "NOTIFY mainstay_feed";

/// Keeps the end of the feed known, and the time. It stops when this is dropped.
pub(crate) struct Doorbell {
    ring: Arc<Notify>,
    health: watch::Receiver<Option<String>>,
    task: JoinHandle<()>,
}

struct Listener {
    connector: Arc<Connector>,
    writers: Pool,
    fit: Fit,
    locked: Arc<Locked>,
    end: End,
    clock: Arc<ServerClock>,
    measures: Arc<Measures>,
    ring: Arc<Notify>,
    health: watch::Sender<Option<String>>,
}

impl Doorbell {
    /// Starts to listen, as soon as there is a connection for it.
    pub(crate) async fn start(
        connector: Arc<Connector>,
        writers: Pool,
        fit: Fit,
        locked: Arc<Locked>,
        end: End,
        clock: Arc<ServerClock>,
        measures: Arc<Measures>,
    ) -> Result<Self, Error> {
        let bell = Arc::<Notify>::default();
        let first = connector.listen_soon(Purpose::Watch, bell.clone()).await?;
        let ring = Arc::<Notify>::default();
        let (sender, health) = watch::channel(None);
        let listener = Listener {
            connector,
            writers,
            fit,
            locked,
            end,
            clock,
            measures,
            ring: ring.clone(),
            health: sender,
        };
        Ok(Doorbell { ring, health, task: tokio::spawn(listener.run(first, bell)) })
    }

    /// Tells the other nodes that there is something new. What is told while the bell still rings is told once.
    pub(crate) fn ring(&self) {
        self.ring.notify_one();
    }

    /// What keeps the server from being heard or its tables from being used, if anything does.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.health.borrow().clone()
    }
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    async fn run(mut self, first: Connection, bell: Arc<Notify>) {
        let mut wait = RECONNECT.0;
        let mut first = Some((first, bell));
        loop {
            let started = Instant::now();
            if let Err(error) = self.listen(first.take()).await {
                self.note(Some(error));
            }
            if self.connector.room.is_full() {
                self.writers.make_room();
            }
            // One that held for long was not refused.
            wait = if started.elapsed() > RECONNECT.1 { RECONNECT.0 } else { (wait * 2).min(RECONNECT.1) };
            tokio::time::sleep(wait).await;
        }
    }

    /// Listens until the connection breaks, and says why it did.
    async fn listen(&mut self, first: Option<(Connection, Arc<Notify>)>) -> Result<(), String> {
        let (connection, bell) = match first {
            Some(first) => first,
            None => self.connect().await?,
        };
        in_time(connection.client.batch_execute(LISTEN)).await?;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.look(&connection).await?;
            tokio::select! {
                () = bell.notified() => {}
                () = self.locked.suspected() => {}
                () = self.ring.notified() => in_time(connection.client.batch_execute(RING)).await?,
                _ = looks.tick() => {}
            }
        }
    }

    async fn connect(&self) -> Result<(Connection, Arc<Notify>), String> {
        let bell = Arc::<Notify>::default();
        let connection = in_time(self.connector.listen(Purpose::Watch, bell.clone())).await?;
        Ok((connection, bell))
    }

    /// Notes what is wrong now, if anything is, and says so when it begins, changes and ends.
    fn note(&self, trouble: Option<String>) {
        let before = self.health.send_replace(trouble.clone());
        match trouble {
            Some(trouble) if before.as_ref() != Some(&trouble) => {
                tracing::warn!(trouble, "this node is not ready: the database cannot be used");
            }
            None if before.is_some() => tracing::info!("the database can be used again"),
            _ => {}
        }
    }

    async fn look(&mut self, connection: &Connection) -> Result<(), String> {
        let (started, known) = (Instant::now(), self.end.get());
        let mut ends = in_time(Ends::read(connection)).await?;
        if ends.end.epoch == known.epoch && ends.end.offset < known.offset {
            tracing::error!(
                before = known.offset,
                now = ends.end.offset,
                "the database has lost writes that it had acknowledged; its history begins anew"
            );
            let new = new_epoch().map_err(|error| error.to_string())?;
            in_time(history::replace(connection, known.epoch, new)).await?;
            ends = in_time(Ends::read(connection)).await?;
        }
        if ends.end.epoch != known.epoch {
            tracing::warn!(
                "the database tells another history; what it was asked for before is of no use any more"
            );
        }
        in_time(self.locked.ask(connection)).await?;
        let trouble = in_time(self.fit.look(connection)).await?;
        self.note(trouble);
        if self.end.note(Look { at: started, end: ends.end }) {
            self.measures.looks_with_news.increment();
        }
        self.measures.look_time.observe_time(started.elapsed());
        in_time(self.clock.keep(connection)).await
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| reason(&error)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
