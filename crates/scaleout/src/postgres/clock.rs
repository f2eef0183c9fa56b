//! One clock for all nodes: the server's.
//!
//! When a token ends, how long somebody has to wait, until when an answer is kept: one node writes it, and another one judges by it. The clocks of
//! machines may be wrong, so each node asks the server what time it is, again and again, and goes on from there by a clock that nobody sets. Nodes
//! are then apart by no more than the time that their questions take.

use super::connection::Connection;
use mainstay_ports::Clock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_postgres::Error;

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(5);
/// How far a machine's oscillator may be off: one part in this many. Good ones are ten times better.
const DRIFT: i64 = 10_000;

const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8";

/// The server's clock, as this node knows it.
#[derive(Debug)]
pub struct ServerClock {
    origin: Instant,
    /// What the server's clock showed at `origin`, in microseconds since 1970.
    shown_at_origin: AtomicI64,
    reading: Mutex<Reading>,
}

/// What came of asking.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// When it was answered, in microseconds after the origin.
    at: i64,
    /// What the server's clock would have shown at the origin.
    shown_at_origin: i64,
    /// By how many microseconds that may be wrong: half the time that the question took, since nobody knows when within it the server looked.
    error: i64,
}

impl ServerClock {
    /// Asks for the first time.
    pub(crate) async fn of(connection: &Connection) -> Result<Self, Error> {
        let origin = Instant::now();
        let reading = read(connection, origin).await?;
        let shown_at_origin = AtomicI64::new(reading.shown_at_origin);
        Ok(ServerClock { origin, shown_at_origin, reading: Mutex::new(reading) })
    }

    /// Asks again when it is time to.
    pub(crate) async fn keep(&self, connection: &Connection) -> Result<(), Error> {
        let last = *self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if micros(self.origin.elapsed()) - last.at < micros(EVERY) {
            return Ok(());
        }
        let new = read(connection, self.origin).await?;
        if new.is_to_be_taken_instead_of(&last) {
            *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = new;
            self.shown_at_origin.store(new.shown_at_origin, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Clock for ServerClock {
    fn now_micros(&self) -> i64 {
        self.shown_at_origin.load(Ordering::Relaxed) + micros(self.origin.elapsed())
    }
}

impl Reading {
    /// Whether it is surer than the last one by now is, or contradicts it: then the server's clock was set, or it is another server.
    fn is_to_be_taken_instead_of(&self, last: &Reading) -> bool {
        let doubt = last.error + (self.at - last.at) / DRIFT;
        let difference = (self.shown_at_origin - last.shown_at_origin).abs();
        self.error <= doubt || difference > self.error + doubt
    }
}

async fn read(connection: &Connection, origin: Instant) -> Result<Reading, Error> {
    // Prepared before, which takes a round trip of its own.
    let statement = connection.prepare(NOW).await?;
    let asked = micros(origin.elapsed());
    let row = connection.client.query_one(&statement, &[]).await?;
    let at = micros(origin.elapsed());
    let error = (at - asked) / 2 + 1;
    Ok(Reading { at, shown_at_origin: row.try_get::<_, i64>(0)? - (asked + at) / 2, error })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// The last reading was sure to half a millisecond; `new` is its successor's time, its difference from it, and its error.
    fn check((at, difference, error): (i64, i64, i64), expected: bool) {
        let last = Reading { at: 0, shown_at_origin: 1_000, error: 500 };
        let new = Reading { at, shown_at_origin: 1_000 + difference, error };
        assert_eq!(new.is_to_be_taken_instead_of(&last), expected, "{new:?}");
    }

    #[test]
    fn the_surer_reading_counts() {
        check((5 * SECOND, 100, 400), true);
        check((5 * SECOND, 100, 1_000), true);
        check((5 * SECOND, 100, 1_001), false);
        // The longer ago, the less sure is the last one.
        check((60 * SECOND, 100, 6_000), true);
    }

    #[test]
    fn a_clock_that_was_set_is_believed() {
        check((5 * SECOND, -3 * SECOND, 20_000), true);
        check((5 * SECOND, 20_000, 20_000), false);
    }
}
