//! After the disk has failed: nothing is written until the database was opened anew, has all that was acknowledged, and takes a write.
//!
//! A failed fsync must not be repeated as if nothing had been. The operating system may have dropped what it could not write and report success
//! the next time (decision 14). So the old connection is given up; on a new one all that is committed is copied from the log into the database
//! and the log begun anew, which writes and syncs every page concerned once more. Readers go on meanwhile: they see what was committed
//! before the failure, and what failed stays hidden from them.

use super::Command;
use super::fault::Fault;
use super::group::{GroupCommit, Shared};
use super::log::{Checkpoint, Log, checkpoint};
use crate::OpenError;
use crate::connection::{open_writer, set_up_journal};
use crate::feed::End;
use crate::meta;
use mainstay_model::Durability;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

/// How long after a failure the disk is tried again. Doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long a command may wait for being refused.
const LOOK: Duration = Duration::from_millis(5);

/// Where the database is, to open it again.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
}

/// How long to wait before the disk is tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait(Duration);

impl Wait {
    pub(super) fn shortest() -> Self {
        Wait(FIRST_WAIT)
    }

    fn take(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(LONGEST_WAIT);
        wait
    }
}

/// A writer that writes nothing, because of a fault of the disk.
pub(super) struct Suspended {
    pub(super) shared: Shared,
    pub(super) fault: Fault,
}

impl Suspended {
    /// Refuses commands until the disk takes writes again; `None` when nobody can send any more.
    pub(super) fn recover(
        mut self,
        waiting: &mut VecDeque<Command>,
        inbox: &mut Receiver<Command>,
    ) -> Option<GroupCommit> {
        let since = Instant::now();
        loop {
            self.shared.health.send_replace(Some(self.fault.clone()));
            let until = Instant::now() + self.shared.wait.take();
            self.refuse_until(until, waiting, inbox)?;
            if matches!(self.fault, Fault::Lost(_) | Fault::Moved(_)) {
                continue;
            }
            match reopen(&self.shared, &self.fault) {
                Ok((log, end)) => {
                    tracing::warn!(
                        millis = since.elapsed().as_millis() as u64,
                        "the disk takes writes again"
                    );
                    self.shared.health.send_replace(None);
                    return Some(GroupCommit::resume(self.shared, log, end));
                }
                Err(Fault::Lost(detail)) => {
                    tracing::error!(
                        detail,
                        "writes are stopped for good: the database lacks what was acknowledged. Restore a backup"
                    );
                    self.fault = Fault::Lost(detail);
                }
                // A failed disk has to be recovered from, though it be full now: what is in doubt stays so.
                Err(fault) if self.fault == Fault::Full => self.fault = fault,
                // Every two seconds, for as long as it takes: the group that failed was an error in the log.
                Err(fault) => tracing::debug!(?fault, "the disk still takes no writes"),
            }
        }
    }

    /// Answers all commands that come until then; `None` when nobody can send any more.
    fn refuse_until(
        &self,
        until: Instant,
        waiting: &mut VecDeque<Command>,
        inbox: &mut Receiver<Command>,
    ) -> Option<()> {
        loop {
            waiting.drain(..).for_each(|command| self.refuse(command));
            match inbox.try_recv() {
                Ok(command) => self.refuse(command),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) if Instant::now() >= until => return Some(()),
                Err(TryRecvError::Empty) => thread::sleep(LOOK),
            }
        }
    }

    fn refuse(&self, command: Command) {
        let error = self.fault.refusal();
        self.shared.measures.note_command(Some(&error));
        command.refuse(error);
    }
}

/// Opens the database again, behind a fault. It is as it was acknowledged then, what failed is out of it for good, and a write has gone through.
fn reopen(shared: &Shared, fault: &Fault) -> Result<(Log, End), Fault> {
    let connection = open_writer(&shared.place.path).map_err(of_sqlite)?;
    let end = require_acknowledged(&connection, shared)?;
    set_up_journal(&connection, shared.place.durability).map_err(of_sqlite)?;
    if *fault == Fault::Full {
        // The room that is left may be enough for the log to move, and then for new writes in its place; or it may not.
        let _ = checkpoint(&connection, Checkpoint::Passive);
    } else if !checkpoint(&connection, Checkpoint::Truncate).map_err(of_sqlite)? {
        return Err(Fault::Failed("readers keep the log from being begun anew".to_owned()));
    }
    meta::count_resumption(&connection).map_err(of_sqlite)?;
    Ok((Log::new(connection).map_err(of_sqlite)?, end))
}

/// Sees that the database is still the one that it was, and has every change that was acknowledged. Answers where its feed ends: beyond
/// that, when what had failed has survived.
fn require_acknowledged(connection: &Connection, shared: &Shared) -> Result<End, Fault> {
    let meta = meta::read(connection).map_err(of_opening)?;
    let epoch = meta.ok_or_else(|| Fault::Lost("the database is empty".to_owned()))?.epoch;
    let end = End::read(connection).map_err(|error| of_opening(error.into()))?;
    if epoch == shared.epoch && end.offset >= shared.end.offset {
        return Ok(end);
    }
    let (offset, known) = (end.offset, shared.end.offset);
    Err(Fault::Lost(format!(
        "its feed ends at {offset} of epoch {epoch}, and what was acknowledged at {known} of {}",
        shared.epoch
    )))
}

fn of_sqlite(error: rusqlite::Error) -> Fault {
    of_opening(error.into())
}

/// What cannot be read may be read later; what is read and is not ours will not become so.
fn of_opening(error: OpenError) -> Fault {
    match error {
        OpenError::DiskFull => Fault::Full,
        OpenError::NotOurs | OpenError::Damaged(_) | OpenError::Newer { .. } => {
            Fault::Lost(error.to_string())
        }
        error => Fault::Failed(error.to_string()),
    }
}
