//! How many connections there are, and whether the server has room for more.
//!
//! A server that is full refuses a connection only after it has made a process for it and has asked for the password, so that asking again
//! and again costs more than the queries would. Who has a connection goes on with it then, and only who has none asks.

use super::connect::reason;
use super::error::is_full;
use mainstay_ports::measure::{Counter, Gauge};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_postgres::Error;

/// How long after a refusal nobody asks for a further connection.
const PAUSE: Duration = Duration::from_secs(2);
/// How often the log says that there is no room.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// What is known of the server's room.
#[derive(Debug, Default)]
pub(crate) struct Room {
    open: Arc<Gauge>,
    refused: Counter,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    refused: Option<Instant>,
    told: Option<Instant>,
}

/// Counts a connection as long as it is there.
pub(crate) struct Open(Arc<Gauge>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement();
    }
}

impl Room {
    pub(crate) fn enter(&self) -> Open {
        self.open.increment();
        Open(self.open.clone())
    }

    /// How many connections there are.
    pub(crate) fn open(&self) -> u64 {
        self.open.get()
    }

    /// How many were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// Whether to do with what there is.
    pub(crate) fn is_full(&self) -> bool {
        self.last().refused.is_some_and(|at| at.elapsed() < PAUSE)
    }

    /// Whether the server has refused a connection since then.
    pub(crate) fn was_full_since(&self, then: Instant) -> bool {
        self.last().refused.is_some_and(|at| at >= then)
    }

    /// Notes why a connection was not made.
    pub(crate) fn note(&self, error: &Error) {
        if !is_full(error) {
            return;
        }
        self.refused.increment();
        let mut last = self.last();
        last.refused = Some(Instant::now());
        if last.told.is_none_or(|at| at.elapsed() > TELL_AGAIN) {
            last.told = last.refused;
            let (connections, error) = (self.open(), reason(error));
            tracing::warn!(
                connections,
                error,
                "the database has no room for more connections: this node goes on with those that it has, and more slowly; raise the limit, or \
                 lower `data.writers` and `data.readers`"
            );
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
