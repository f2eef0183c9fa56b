//! Looking how far a replica has come.

use crate::postgres::connect::{Connector, reason};
use crate::postgres::feed::{End, Ends, Look};
use crate::postgres::session::Purpose;
use mainstay_ports::Position;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How often it is looked. A client that reads what it has just written is served by the server itself for about as long.
const LOOK: Duration = Duration::from_millis(50);
/// How long a replica may take to say how far it is.
const ANSWER: Duration = Duration::from_secs(1);
/// How long to wait before the first and before any later try to connect again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// How many looks at the server are remembered that the replica has not come to yet. Beyond, it only counts as older than it is.
const MAX_AHEAD: usize = 1_000;

/// How far a replica has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// It has the feed up to here.
    pub(super) end: Position,
    /// It has whatever was acknowledged before this.
    pub(super) as_of: Instant,
}

impl State {
    /// Whether it is at least as new as a position.
    pub(super) fn has(&self, position: Position) -> bool {
        self.end.epoch == position.epoch && self.end.offset >= position.offset
    }
}

/// Looks after one replica.
pub(super) struct Lookout {
    connector: Arc<Connector>,
    /// The server's end of the feed, of the history that it has to tell.
    end: End,
    state: watch::Sender<Option<State>>,
}

/// What was seen at the server and the replica has yet to come to, oldest first; and when what it has come to was seen.
#[derive(Default)]
struct Ahead {
    looks: VecDeque<Look>,
    reached: Option<Instant>,
}

impl Lookout {
    /// Starts to look. It goes on for ever.
    pub(super) fn start(
        connector: Arc<Connector>,
        end: End,
    ) -> (watch::Receiver<Option<State>>, JoinHandle<()>) {
        let (state, receiver) = watch::channel(None);
        let lookout = Lookout { connector, end, state };
        (receiver, tokio::spawn(lookout.run()))
    }

    async fn run(self) {
        let mut wait = RECONNECT.0;
        let mut told = None;
        loop {
            let Err(trouble) = self.follow(&mut told).await;
            let was_in_use = self.state.send_replace(None).is_some();
            let server = self.connector.target.place();
            if was_in_use || told.as_ref() != Some(&trouble) {
                tracing::warn!(server, trouble, "a replica is left out");
                told = Some(trouble);
            }
            wait = if was_in_use { RECONNECT.0 } else { (wait * 2).min(RECONNECT.1) };
            sleep(wait).await;
        }
    }

    /// Looks until something is wrong, and says what.
    async fn follow(&self, told: &mut Option<String>) -> Result<std::convert::Infallible, String> {
        let connection = in_time(self.connector.connect(Purpose::Watch)).await?;
        let mut ahead = Ahead::default();
        loop {
            ahead.note(self.end.last_look());
            let ends = in_time(Ends::read(&connection)).await?;
            if ends.end.epoch != self.end.get().epoch {
                return Err("it is no copy of this database".to_owned());
            }
            if let Some(as_of) = ahead.reach(ends.end.offset) {
                self.state.send_replace(Some(State { end: ends.end, as_of }));
                if told.take().is_some() {
                    tracing::info!(server = self.connector.target.place(), "a replica is back");
                }
            }
            sleep(LOOK).await;
        }
    }
}

impl Ahead {
    fn note(&mut self, look: Look) {
        let is_news = self.looks.back().map_or(self.reached, |last| Some(last.at)) < Some(look.at);
        if is_news && self.looks.len() < MAX_AHEAD {
            self.looks.push_back(look);
        }
    }

    /// Notes that the replica has come to here. Answers of when its state is.
    fn reach(&mut self, end: u64) -> Option<Instant> {
        while let Some(look) = self.looks.front().filter(|look| look.end.offset <= end) {
            self.reached = Some(look.at);
            self.looks.pop_front();
        }
        self.reached
    }
}

const NO_ANSWER: &str = "no answer in time";

async fn in_time<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, String> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| reason(&error)),
        Err(_) => Err(NO_ANSWER.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: Instant, offset: u64) -> Look {
        Look { at, end: Position { epoch: 1, offset } }
    }

    #[test]
    fn a_state_is_as_old_as_the_last_look_that_it_has_come_to() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut ahead = Ahead::default();
        ahead.note(look(at(0), 5));
        assert_eq!(ahead.reach(4), None, "nothing is known of when that was");
        ahead.note(look(at(10), 5));
        ahead.note(look(at(20), 9));
        assert_eq!(ahead.reach(7), Some(at(10)));
        ahead.note(look(at(20), 9));
        ahead.note(look(at(30), 9));
        assert_eq!(ahead.reach(8), Some(at(10)));
        assert_eq!(ahead.reach(9), Some(at(30)));
        ahead.note(look(at(30), 9));
        assert!(ahead.looks.is_empty());
    }

    #[test]
    fn a_replica_that_stands_still_is_remembered_within_bounds() {
        let start = Instant::now();
        let mut ahead = Ahead::default();
        for millis in 0..2_000 {
            ahead.note(look(start + Duration::from_millis(millis), millis));
        }
        assert_eq!(ahead.looks.len(), MAX_AHEAD);
        assert_eq!(ahead.reach(5_000), Some(start + Duration::from_millis(999)));
    }
}
