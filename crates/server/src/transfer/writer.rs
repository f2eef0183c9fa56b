//! Batches of records into the engine.

use super::report::Report;
use crate::failure::Failure;
use mainstay_engine::{Caller, Code, Command, Engine, Error, Part};
use mainstay_ports::Isolation;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often, and how far apart, a busy store is asked again.
const BUSY_RETRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// What became of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Rows that were read.
    pub(crate) read: u64,
    /// Records that were made.
    pub(crate) imported: u64,
    /// Records that were there already, from an earlier import.
    pub(crate) already_there: u64,
    /// Rows that were refused.
    pub(crate) refused: u64,
}

/// Writes batches, each in one transaction.
pub(crate) struct Writer<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) caller: &'a Caller,
    /// The operation's name, for rules that ask for it.
    pub(crate) operation: String,
    pub(crate) report: Report,
    pub(crate) tally: Tally,
}

impl Writer<'_> {
    /// Writes what of a batch can be written. All that is refused is reported, and the rest is tried again without it: one bad row
    /// does not cost its neighbours.
    pub(crate) async fn write(&mut self, mut batch: Vec<(u64, Command)>) -> Result<(), Failure> {
        while !batch.is_empty() {
            let Err(error) = self.try_write(&batch).await else {
                self.tally.imported += batch.len() as u64;
                return Ok(());
            };
            if error.parts.is_empty() {
                return Err(error.into());
            }
            for (part, error) in &error.parts {
                if let Part::Operation(index) = part {
                    self.settle(batch[*index].0, error)?;
                }
            }
            let refused =
                |index: usize| error.parts.iter().any(|(refused, _)| *refused == Part::Operation(index));
            let mut index = 0..;
            batch.retain(|_| index.next().is_none_or(|index| !refused(index)));
        }
        Ok(())
    }

    /// Counts a row that is not written, and reports it unless it was written before.
    pub(crate) fn settle(&mut self, line: u64, error: &Error) -> Result<(), Failure> {
        if error.code == Code::AlreadyExists {
            self.tally.already_there += 1;
            return Ok(());
        }
        self.tally.refused += 1;
        self.report.refuse(line, error)
    }

    async fn try_write(&self, batch: &[(u64, Command)]) -> Result<(), Error> {
        for _ in 0..BUSY_RETRIES {
            let commands = batch.iter().map(|(_, command)| command.clone()).collect();
            match self.engine.write_all(self.caller, &self.operation, commands, Isolation::default()).await {
                Err(error) if error.code == Code::Busy => tokio::time::sleep(BUSY_PAUSE).await,
                result => return result.map(|_| ()),
            }
        }
        Err(Error::new(Code::Busy, "the store stayed busy"))
    }
}
