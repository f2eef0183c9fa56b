//! The change feed, in memory.

use mainstay_ports::{Change, Changes, NewChange, Position};
use std::collections::VecDeque;

/// The change feed.
pub(super) struct Feed {
    epoch: u64,
    /// Oldest first, with consecutive numbers.
    changes: VecDeque<Change>,
    /// The number of the last change.
    end: u64,
}

impl Feed {
    pub(super) fn new(epoch: u64) -> Self {
        Feed { epoch, changes: VecDeque::new(), end: 0 }
    }

    pub(super) fn end(&self) -> Position {
        Position { epoch: self.epoch, offset: self.end }
    }

    /// The number of the last change that was trimmed away.
    fn start(&self) -> u64 {
        self.end - self.changes.len() as u64
    }

    pub(super) fn append(&mut self, change: NewChange<'_>) {
        self.end += 1;
        self.changes.push_back(change.numbered(self.end));
    }

    pub(super) fn remove_last(&mut self, count: usize) {
        self.changes.truncate(self.changes.len() - count);
        self.end -= count as u64;
    }

    pub(super) fn read(&self, after: Position, limit: u32) -> Changes {
        if after.epoch != self.epoch || !(self.start()..=self.end).contains(&after.offset) {
            return Changes::Reset { position: self.end() };
        }
        let seen = (after.offset - self.start()) as usize;
        let changes: Vec<Change> = self.changes.iter().skip(seen).take(limit as usize).cloned().collect();
        let offset = changes.last().map_or(after.offset, |change| change.offset);
        Changes::Some { changes, position: Position { offset, ..after } }
    }

    pub(super) fn trim(&mut self, before_micros: i64, max_bytes: u64) -> u64 {
        let mut bytes: u64 = self.changes.iter().map(size).sum();
        let mut count = 0;
        while let Some(oldest) = self.changes.front()
            && (oldest.at < before_micros || bytes > max_bytes)
        {
            bytes -= size(oldest);
            self.changes.pop_front();
            count += 1;
        }
        count
    }
}

/// About what a change takes, in bytes: as long as it is when printed.
fn size(change: &Change) -> u64 {
    format!("{:?}{:?}", change.before, change.after).len() as u64
}
