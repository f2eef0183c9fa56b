//! Hearing of what other nodes do to those who are remembered here.
//!
//! A node forgets at once what it ends itself. What another node ends it learns from the feed, which names each account that was changed and
//! each session and key that may have ended. So that it never goes on with what it has not heard of, what is remembered counts only for
//! a moment after the feed was last read to its end: a node that is cut off, or was stopped and goes on, asks anew.

use crate::{Engine, Error};
use mainstay_ports::{Change, Changes, Position};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// For how long what is remembered counts after it was heard that nothing has ended it.
const HEARD_FOR: Duration = Duration::from_secs(1);
/// How often the feed is read when nothing seems to happen.
const EVERY: Duration = Duration::from_millis(300);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(50);

/// When the feed was last heard to its end.
pub(super) struct Heard {
    since: Instant,
    /// Microseconds after `since`; 0 for never.
    at_us: AtomicU64,
}

impl Heard {
    pub(super) fn new() -> Self {
        Heard { since: Instant::now(), at_us: AtomicU64::new(0) }
    }

    /// Notes that what was acknowledged before this instant has been heard of.
    fn note(&self, at: Instant) {
        let micros = u64::try_from(at.duration_since(self.since).as_micros()).unwrap_or(u64::MAX);
        self.at_us.store(micros.max(1), Ordering::Release);
    }

    /// Whether that was a moment ago.
    pub(super) fn is_recent(&self) -> bool {
        match self.at_us.load(Ordering::Acquire) {
            0 => false,
            at_us => self.since.elapsed() < Duration::from_micros(at_us) + HEARD_FOR,
        }
    }
}

impl Engine {
    /// Follows the feed for ever, and forgets what other nodes have ended. A node that does not run this looks everybody up at each request. Where
    /// the store is of this process alone there is nothing to hear of, and it ends at once.
    pub async fn follow_other_nodes(&self) {
        if !self.store().is_shared() {
            return;
        }
        let mut place = None;
        loop {
            match self.hear(place).await {
                Ok(position) => {
                    place = Some(position);
                    tokio::select! {
                        () = self.store().wait_beyond(position) => {}
                        () = sleep(EVERY) => {}
                    }
                }
                Err(error) => {
                    tracing::debug!(
                        code = error.code.as_str(),
                        detail = error.detail,
                        "the feed is not heard"
                    );
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Reads on to the end of the feed; without a place everything that is remembered is older than what is heard from now on.
    async fn hear(&self, place: Option<Position>) -> Result<Position, Error> {
        let identities = self.identities();
        let asked = Instant::now();
        let Some(place) = place else {
            let end = self.store().position().await?;
            identities.forget_all();
            identities.heard.note(asked);
            return Ok(end);
        };
        let position = match self.store().touched(identities.made_of(), place).await? {
            Changes::Some { changes, position } => {
                changes.iter().for_each(|change| self.forget_by(change));
                position
            }
            Changes::Reset { position } => {
                identities.forget_all();
                position
            }
        };
        identities.heard.note(asked);
        Ok(position)
    }

    fn forget_by(&self, change: &Change) {
        self.identities().forget_record(&self.application().model(change.model).name, change.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_heard_counts_for_a_second() {
        tokio::time::pause();
        let heard = Heard::new();
        assert!(!heard.is_recent());
        heard.note(Instant::now());
        assert!(heard.is_recent());
        sleep(HEARD_FOR).await;
        assert!(!heard.is_recent());
    }
}
