//! PostgreSQL's errors as the port's.

use super::connect::reason;
use mainstay_expr::FieldId;
use mainstay_model::{Application, Model};
use mainstay_ports::StoreError;
use mainstay_sql::postgres::fields_of_unknown_key;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// The port's error for one of PostgreSQL, of a statement that is known to have had no effect.
#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
pub(crate) fn store_error(error: Error) -> StoreError {
    let detail = format!("PostgreSQL: {}", reason(&error));
    let Some(state) = error.code() else { return StoreError::Unreachable(detail) };
    match state {
        state if is_passing(state) => StoreError::Busy,
        &SqlState::QUERY_CANCELED => StoreError::Timeout,
        &SqlState::DISK_FULL => StoreError::DiskFull,
        &SqlState::IO_ERROR => StoreError::DiskFailed(detail),
        state if is_away(state) => StoreError::Unreachable(detail),
        _ => StoreError::Failed(detail),
    }
}

/// Whether the same may succeed when it is done again at once: it met others, who go on.
pub(crate) fn is_passing(state: &SqlState) -> bool {
    [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED, &SqlState::LOCK_NOT_AVAILABLE]
        .contains(&state)
}

/// Whether a lock was waited for in vain.
pub(crate) fn is_locked(error: &Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// Whether the server has no room for another connection.
pub(crate) fn is_full(error: &Error) -> bool {
    error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS)
}

/// Whether the server is on its way down or up, full, has become one that only reads, or has the tables of another version of the project, for
/// which this node is not to be asked any more.
fn is_away(state: &SqlState) -> bool {
    [
        &SqlState::ADMIN_SHUTDOWN,
        &SqlState::CRASH_SHUTDOWN,
        &SqlState::CANNOT_CONNECT_NOW,
        &SqlState::TOO_MANY_CONNECTIONS,
        &SqlState::READ_ONLY_SQL_TRANSACTION,
        &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        &SqlState::UNDEFINED_COLUMN,
        &SqlState::UNDEFINED_TABLE,
    ]
    .contains(&state)
}

/// Whether a connection prepared its statements for tables that have been altered since.
pub(crate) fn is_stale_plan(error: &Error) -> bool {
    error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
        && error.as_db_error().is_some_and(|error| error.message().contains("cached plan"))
}

/// The names of what is unique, with the fields that it is of; of each model, in their order.
pub(crate) struct UniqueKeys(Vec<Vec<(String, Vec<FieldId>)>>);

impl UniqueKeys {
    pub(crate) fn of(application: &Application) -> Self {
        let keys = |model| mainstay_sql::postgres::unique_keys(application, model);
        UniqueKeys(application.models.iter().map(keys).collect())
    }

    /// The fields that a record must not share with another, when that is what the error says.
    pub(crate) fn violated(&self, model: &Model, error: &Error) -> Option<Vec<FieldId>> {
        if error.code() != Some(&SqlState::UNIQUE_VIOLATION) {
            return None;
        }
        let name = error.as_db_error()?.constraint()?;
        let keys = self.0.get(model.id.index())?;
        let known = keys.iter().find(|(key, _)| key == name).map(|(_, fields)| fields.clone());
        // A node of the next version may have made something unique.
        let guessed = || Some(fields_of_unknown_key(model, name)).filter(|fields| !fields.is_empty());
        known.or_else(guessed)
    }
}
