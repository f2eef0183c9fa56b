//! Where the feed begins and ends.

use super::unsigned;
use crate::postgres::connection::Connection;
use mainstay_ports::measure::Gauge;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;
use tokio_postgres::{Error, Statement};

/// Notes the last change that was trimmed away: its number and the size of all up to it.
pub(super) const START: &str = "feed_start";

/// The last change, or, where none is kept, the last one that was noted.
const ENDS: &str = r#"
    SELECT coalesce(
            (SELECT "offset" FROM "_mainstay_change" ORDER BY "offset" DESC LIMIT 1),
            (SELECT max(split_part("value", ' ', 1)::int8) FROM "_mainstay_meta" WHERE "key" IN ('feed_start', 'feed_last')), 0),
        coalesce((SELECT split_part("value", ' ', 1)::int8 FROM "_mainstay_meta" WHERE "key" = 'feed_start'), 0)"#;

/// Where the feed begins and ends, in one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The last change that was trimmed away.
    pub(crate) start: u64,
    /// The last change.
    pub(crate) end: u64,
}

impl Ends {
    pub(crate) async fn read(connection: &Connection) -> Result<Self, Error> {
        let statement = Ends::prepare(connection).await?;
        Ends::ask(connection, &statement).await
    }

    /// The statement of [`Ends::ask`].
    pub(super) async fn prepare(connection: &Connection) -> Result<Statement, Error> {
        connection.prepare(ENDS).await
    }

    pub(super) async fn ask(connection: &Connection, statement: &Statement) -> Result<Self, Error> {
        let row = connection.client.query_one(statement, &[]).await?;
        Ok(Ends { end: unsigned(row.try_get(0)?), start: unsigned(row.try_get(1)?) })
    }
}

/// What a look at the server showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// When it began: whatever was acknowledged before is in it.
    pub(crate) at: Instant,
    /// The end of the feed.
    pub(crate) end: u64,
}

/// The end of the feed as this node knows it; it never goes back.
#[derive(Clone)]
pub(crate) struct End {
    known: Arc<watch::Sender<u64>>,
    last_look: Arc<Mutex<Look>>,
    shown: Arc<Gauge>,
}

impl End {
    pub(crate) fn new(first: Look, shown: Arc<Gauge>) -> Self {
        shown.set(first.end);
        let known = Arc::new(watch::Sender::new(first.end));
        End { known, last_look: Arc::new(Mutex::new(first)), shown }
    }

    /// Notes what a look showed. Answers whether that is news.
    pub(crate) fn note(&self, look: Look) -> bool {
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner) = look;
        self.advance(look.end)
    }

    pub(crate) fn last_look(&self) -> Look {
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self) -> u64 {
        *self.known.borrow()
    }

    /// Notes that the feed goes up to here. Answers whether that is news.
    pub(crate) fn advance(&self, offset: u64) -> bool {
        let advanced = self.known.send_if_modified(|known| {
            let is_news = offset > *known;
            *known = offset.max(*known);
            is_news
        });
        self.shown.set(self.get());
        advanced
    }

    /// Resolves when the feed goes beyond `offset`.
    pub(crate) async fn beyond(&self, offset: u64) {
        // The sender is here, so that it cannot be gone.
        let _ = self.known.subscribe().wait_for(|end| *end > offset).await;
    }
}
