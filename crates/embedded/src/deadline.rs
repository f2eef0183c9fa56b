//! A deadline for the statements of a connection.

use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Steps of SQLite's virtual machine between two looks at the clock: some hundred microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// Interrupts the statements of a connection that run beyond it. There is none until it is set.
pub(crate) struct Deadline {
    /// In microseconds since `epoch`.
    at: Arc<AtomicU64>,
    epoch: Instant,
}

impl Deadline {
    /// The deadline of a connection.
    ///
    /// # Errors
    /// When SQLite does not take it.
    pub(crate) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let at = Arc::new(AtomicU64::new(u64::MAX));
        let epoch = Instant::now();
        let seen = at.clone();
        let is_late = move || micros(epoch.elapsed()) > seen.load(Ordering::Relaxed);
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_late))?;
        Ok(Deadline { at, epoch })
    }

    /// Sets it.
    pub(crate) fn set(&self, at: Instant) {
        self.at.store(micros(at.duration_since(self.epoch)), Ordering::Relaxed);
    }

    /// Takes it away.
    pub(crate) fn clear(&self) {
        self.at.store(u64::MAX, Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

    use super::*;
    use crate::sqlite_error::store_error;
    use mainstay_ports::StoreError;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    #[test]
    fn a_search_that_is_interrupted_leaves_the_writes_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let deadline = Deadline::of(&mut connection).unwrap();
        connection.execute_batch("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)").unwrap();
        deadline.set(Instant::now() + Duration::from_millis(20));
        let endless = connection.query_row(ENDLESS, [], |row| row.get::<_, i64>(0)).map_err(store_error);
        assert!(matches!(endless, Err(StoreError::Timeout)), "{endless:?}");
        deadline.clear();
        connection.execute_batch("INSERT INTO t VALUES (2); COMMIT").unwrap();
        let count: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2);
    }
}
