//! What can keep a group from being written, the disk above all, and what that means for its commands.

use mainstay_ports::StoreError;
use rusqlite::ErrorCode;

/// What is wrong, with the disk above all, so that nothing is written now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no room.
    Full,
    /// It failed, and what is on it has to be looked at before the next write.
    Failed(String),
    /// It lacks what was acknowledged. There is no going on from here without a person.
    Lost(String),
    /// Nothing is: the data went elsewhere, and what would be written here nobody would find.
    Moved(String),
}

impl Fault {
    /// The answer to a command while this is so. Nothing of the command was done.
    pub(crate) fn refusal(&self) -> StoreError {
        match self {
            Fault::Full => StoreError::DiskFull,
            Fault::Failed(detail) | Fault::Lost(detail) => StoreError::DiskFailed(detail.clone()),
            Fault::Moved(to) => StoreError::Moved(to.clone()),
        }
    }
}

/// Why a whole group came to nothing, or may have.
#[derive(Debug, Clone)]
pub(super) enum Abort {
    /// There was no room. Nothing of it is there.
    DiskFull,
    /// The disk failed before the commit. Nothing of it is there.
    DiskFailed(String),
    /// The disk failed within the commit, which may be found in the log by whoever reads that anew.
    OutcomeUnknown(String),
    /// Somebody else writes, and does not let go: another process that moves or mends the data. Nothing of it is there.
    Busy,
    /// The data went elsewhere. Nothing of it is there.
    Moved(String),
    /// A fault of ours. Nothing of it is there.
    Failed(String),
}

impl Abort {
    /// What a transaction that did not begin means.
    pub(super) fn of_begin(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => Abort::Busy,
            _ => crate::sqlite_error::store_error(error).into(),
        }
    }

    /// What a `COMMIT` that failed means. SQLite writes the frames of the log, the last of which makes the transaction whole, syncs the log,
    /// and then shows the frames to readers. What fails before the last frame is written leaves nothing that anybody would take for a
    /// transaction; what fails behind it does.
    pub(super) fn of_commit(error: &rusqlite::Error) -> Self {
        let detail = format!("SQLite, in a commit: {error}");
        match error.sqlite_error_code() {
            _ if crate::sqlite_error::is_write_refused(error) => Abort::DiskFull,
            Some(ErrorCode::ConstraintViolation | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Abort::Failed(detail)
            }
            _ => Abort::OutcomeUnknown(detail),
        }
    }

    /// What is wrong with the disk or the data, when it is their fault and not ours.
    pub(super) fn fault(&self) -> Option<Fault> {
        match self {
            Abort::DiskFull => Some(Fault::Full),
            Abort::DiskFailed(detail) | Abort::OutcomeUnknown(detail) => Some(Fault::Failed(detail.clone())),
            Abort::Moved(to) => Some(Fault::Moved(to.clone())),
            Abort::Busy | Abort::Failed(_) => None,
        }
    }
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Abort::DiskFull,
            StoreError::DiskFailed(detail) => Abort::DiskFailed(detail),
            StoreError::Moved(to) => Abort::Moved(to),
            other => Abort::Failed(other.to_string()),
        }
    }
}

impl From<Abort> for StoreError {
    fn from(abort: Abort) -> Self {
        match abort {
            Abort::DiskFull => StoreError::DiskFull,
            Abort::DiskFailed(detail) => StoreError::DiskFailed(detail),
            Abort::OutcomeUnknown(detail) => StoreError::OutcomeUnknown(detail),
            Abort::Busy => StoreError::Busy,
            Abort::Moved(to) => StoreError::Moved(to),
            Abort::Failed(detail) => StoreError::Failed(detail),
        }
    }
}
