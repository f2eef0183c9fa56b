//! Where the feed begins and ends.

use super::unsigned;
use crate::postgres::connection::Connection;
use mainstay_ports::Position;
use mainstay_ports::measure::Gauge;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;
use tokio_postgres::{Error, Statement};

/// Notes the last change that was trimmed away: its number and the size of all up to it.
pub(super) const START: &str = "feed_start";

/// The last change, or, where none is kept, the last one that was noted; the last one that was trimmed away; and which history it is.
const ENDS: &str = r#"
    SELECT coalesce(
            (SELECT "offset" FROM "_mainstay_change" ORDER BY "offset" DESC LIMIT 1),
            (SELECT max(split_part("value", ' ', 1)::int8) FROM "_mainstay_meta" WHERE "key" IN ('feed_start', 'feed_last')), 0),
        coalesce((SELECT split_part("value", ' ', 1)::int8 FROM "_mainstay_meta" WHERE "key" = 'feed_start'), 0),
        (SELECT "value" FROM "_mainstay_meta" WHERE "key" = 'epoch')"#;

/// Where the feed begins and ends, in one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The last change that was trimmed away.
    pub(crate) start: u64,
    /// The last change.
    pub(crate) end: Position,
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
        // That it is a number was seen when the database was opened.
        let epoch = row.try_get::<_, &str>(2)?.parse().unwrap_or_default();
        let end = Position { epoch, offset: unsigned(row.try_get(0)?) };
        Ok(Ends { end, start: unsigned(row.try_get(1)?) })
    }
}

/// What a look at the server showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// When it began: whatever was acknowledged before is in it.
    pub(crate) at: Instant,
    /// The end of the feed.
    pub(crate) end: Position,
}

/// The end of the feed as this node knows it; it never goes back, but for another history to begin.
#[derive(Clone)]
pub(crate) struct End {
    known: Arc<watch::Sender<Position>>,
    last_look: Arc<Mutex<Look>>,
    shown: Arc<Gauge>,
}

impl End {
    pub(crate) fn new(first: Look, shown: Arc<Gauge>) -> Self {
        shown.set(first.end.offset);
        let known = Arc::new(watch::Sender::new(first.end));
        End { known, last_look: Arc::new(Mutex::new(first)), shown }
    }

    /// Notes what a look showed. Answers whether that is news. No other look may be under way: what it saw could be of the history before.
    pub(crate) fn note(&self, look: Look) -> bool {
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner) = look;
        let begun = self.known.send_if_modified(|known| {
            let is_another = known.epoch != look.end.epoch;
            *known = if is_another { look.end } else { *known };
            is_another
        });
        begun || self.advance(look.end)
    }

    pub(crate) fn last_look(&self) -> Look {
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self) -> Position {
        *self.known.borrow()
    }

    /// Notes that the feed goes up to here, if this is of the history that is known. Answers whether that is news.
    pub(crate) fn advance(&self, end: Position) -> bool {
        let advanced = self.known.send_if_modified(|known| {
            let is_news = end.epoch == known.epoch && end.offset > known.offset;
            *known = if is_news { end } else { *known };
            is_news
        });
        self.shown.set(self.get().offset);
        advanced
    }

    /// Resolves when the feed goes beyond a position, or tells another history.
    pub(crate) async fn beyond(&self, position: Position) {
        let is_beyond = |end: &Position| end.epoch != position.epoch || end.offset > position.offset;
        // The sender is here, so that it cannot be gone.
        let _ = self.known.subscribe().wait_for(is_beyond).await;
    }
}
