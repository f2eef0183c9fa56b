//! How a session is set up.

use mainstay_model::Durability;
use std::time::Duration;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Queries, many at once.
    Read,
    /// One transaction after the other.
    Write,
    /// The doorbell, and what else stands beside records.
    Watch,
    /// Whole databases, which takes as long as it takes.
    Copy,
    /// The steps of a migration.
    Migrate,
}

/// What sessions are set up with.
#[derive(Debug, Clone)]
pub(crate) struct SessionOptions {
    pub(crate) query_timeout: Duration,
    pub(crate) durability: Durability,
}

/// How long a statement of a transaction may run. A deletion may take a hundred thousand records along.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a transaction may wait for a lock that another holds, all in all.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it waits at first. After that it is looked whether the table is locked as a whole, for which nobody waits with a connection in hand.
pub(crate) const FIRST_LOCK_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a query may: it waits for nothing but tables that are locked as a whole, and others wait for its answer.
const READ_LOCK_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a step of a migration may: all who come behind it wait too, also those who only read.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a node may say nothing within a transaction: one that is frozen or cut off must not keep its locks.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

impl SessionOptions {
    /// The statements that set a session up, whatever the server's own settings are.
    pub(crate) fn statements(&self, purpose: Purpose) -> String {
        let statement_timeout = match purpose {
            Purpose::Read => self.query_timeout,
            Purpose::Write | Purpose::Watch => WRITE_TIMEOUT,
            // An index of a large table takes what it takes.
            Purpose::Copy | Purpose::Migrate => Duration::ZERO,
        };
        let idle_timeout = if purpose == Purpose::Copy { Duration::ZERO } else { IDLE_TIMEOUT };
        let lock_timeout = match purpose {
            Purpose::Read => READ_LOCK_TIMEOUT,
            Purpose::Write => FIRST_LOCK_TIMEOUT,
            Purpose::Watch | Purpose::Copy => LOCK_TIMEOUT,
            Purpose::Migrate => MIGRATION_LOCK_TIMEOUT,
        };
        format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SET default_transaction_isolation = 'read committed'; SET client_min_messages = 'warning'; \
             SET jit = off; {}",
            statement_timeout.as_millis(),
            lock_timeout.as_millis(),
            idle_timeout.as_millis(),
            self.commit(purpose),
        )
    }

    /// What an acknowledged write survives. A server that waits for its standbys too goes on doing so.
    fn commit(&self, purpose: Purpose) -> &'static str {
        match (purpose, self.durability) {
            (Purpose::Write | Purpose::Copy | Purpose::Migrate, Durability::Full) => {
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'"
            }
            _ => "SET synchronous_commit = off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_take_as_long_as_they_take() {
        let options = SessionOptions { query_timeout: Duration::from_secs(5), durability: Durability::Full };
        let statements = options.statements(Purpose::Copy);
        assert!(statements.contains("statement_timeout = 0;"), "{statements}");
        assert!(statements.contains("idle_in_transaction_session_timeout = 0;"), "{statements}");
    }

    #[test]
    fn only_writes_wait_for_the_disk() {
        let options = SessionOptions { query_timeout: Duration::from_secs(5), durability: Durability::Full };
        assert!(options.statements(Purpose::Write).contains("'synchronous_commit', 'on'"));
        assert!(options.statements(Purpose::Watch).ends_with("SET synchronous_commit = off"));
        let lax = SessionOptions { durability: Durability::Normal, ..options };
        assert!(lax.statements(Purpose::Write).ends_with("SET synchronous_commit = off"));
    }
}
