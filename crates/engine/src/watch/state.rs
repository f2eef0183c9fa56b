//! What the hub knows: how far it has read, and for whom.

use super::class::Classes;
use super::questions::Questions;
use mainstay_ports::Position;

/// What the hub knows. Whoever holds it sees the classes exactly as of `position`: so a watcher that joins misses nothing and gets nothing
/// twice.
pub(super) struct State {
    /// Whether the task runs that reads the feed.
    pub(super) is_running: bool,
    /// The last change that the classes were told of.
    pub(super) position: Position,
    pub(super) classes: Classes,
    pub(super) questions: Questions,
}

impl State {
    pub(super) fn new() -> Self {
        State {
            is_running: false,
            position: Position { epoch: 0, offset: 0 },
            classes: Classes::default(),
            questions: Questions::default(),
        }
    }

    /// Forgets those who have left.
    pub(super) fn sweep(&mut self) {
        self.classes.sweep();
        self.questions.sweep();
    }
}
