//! The note in a database that its data went elsewhere.

use crate::OpenError;
use crate::connection::open_writer;
use crate::lock::Lock;
use crate::meta;
use rusqlite::Connection;
use std::path::Path;

/// The note's key in `_mainstay_meta`.
const KEY: &str = "moved";

/// Where data went. A database that says so takes no writes any more: what is there is behind what is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Where to, for people: it has no password in it.
    pub to: String,
}

impl Moved {
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        meta::write(connection, KEY, &format!("{} {}", self.at, self.to))
    }
}

/// The note, if there is one.
pub(crate) fn moved(connection: &Connection) -> Result<Option<Moved>, OpenError> {
    let Some(text) = meta::optional_text(connection, KEY)? else { return Ok(None) };
    let parts = text.split_once(' ').and_then(|(at, to)| Some((at.parse().ok()?, to.to_owned())));
    // Whatever it says, it is there.
    let (at, to) = parts.unwrap_or((0, text));
    Ok(Some(Moved { at, to }))
}

/// Refuses a database whose data went elsewhere.
pub(crate) fn require_here(connection: &Connection) -> Result<(), OpenError> {
    moved(connection)?.map_or(Ok(()), |moved| Err(OpenError::Moved { to: moved.to }))
}

/// Removes the note, so that the database at `path` takes writes again. What was written elsewhere meanwhile is not in it. Answers what the note said.
///
/// # Errors
/// When it cannot be written, or is in use.
pub fn take_back(path: &Path) -> Result<Option<Moved>, OpenError> {
    let _lock = Lock::take(path)?;
    let connection = open_writer(path)?;
    meta::read(&connection)?.ok_or(OpenError::NotOurs)?;
    let note = moved(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    forget_moved(&connection)?;
    Ok(note)
}

/// Removes the note.
pub(crate) fn forget_moved(connection: &Connection) -> rusqlite::Result<()> {
    meta::remove(connection, KEY)
}
