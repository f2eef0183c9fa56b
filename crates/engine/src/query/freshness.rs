//! Reading what was written: an answer that is at least as new as another.

use crate::{Code, Engine, Error};
use mainstay_ports::{Freshness, Position};

impl Engine {
    /// Sees that a state which is as new as this can be there. A position beyond the end of the feed belongs to a history that was lost,
    /// as much as one of another database does.
    ///
    /// # Errors
    /// [`Code::HistoryGone`]; what the store failed with.
    pub(crate) async fn require_known(&self, freshness: Freshness) -> Result<(), Error> {
        let Freshness::AtLeast(position) = freshness else { return Ok(()) };
        if is_up_to(position, self.store().heard()) || is_up_to(position, self.store().position().await?) {
            return Ok(());
        }
        let message = "the position that the request asks for is of another history: the database was restored, or is another one";
        Err(Error::new(Code::HistoryGone, message))
    }
}

fn is_up_to(position: Position, end: Position) -> bool {
    position.epoch == end.epoch && position.offset <= end.offset
}

/// What has to be asked for to go with an answer that was given at this position.
pub(super) fn alongside(freshness: Freshness, answered: Position) -> Freshness {
    match freshness {
        Freshness::Latest => Freshness::Latest,
        Freshness::AtLeast(_) | Freshness::Recent => Freshness::AtLeast(answered),
    }
}
