//! The hub: where watchers and the feed meet.

use super::event_id::EventId;
use super::lobby::{Lobby, Purpose};
use super::opening::Now;
use super::state::State;
use super::stream::Start;
use super::{Ended, Watch, WatchRequest, run};
use crate::query::Asked;
use crate::{Caller, Code, Engine, Error, ListRequest};
use mainstay_expr::ModelId;
use mainstay_model::{Limits, Live};
use mainstay_ports::measure::Counter;
use mainstay_ports::{Deleted, Freshness, Position};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::{Mutex, Semaphore};

/// Where watchers and the feed meet. One for an engine.
pub(crate) struct Hub {
    /// Who watches.
    pub(crate) lobby: Arc<Lobby>,
    /// Who has a socket, whether it is watched over it or not.
    pub(super) sockets: Arc<Lobby>,
    pub(super) state: Mutex<State>,
    /// The last change whose frames all wait for their watchers.
    told: AtomicU64,
    classes: AtomicUsize,
    questions: AtomicUsize,
    /// Bounds the reads of snapshots and of what resuming watchers missed, so that many of them at once leave room for requests.
    pub(super) reads: Semaphore,
    pub(crate) max_bytes: usize,
    /// The watches that ended for a reason of ours, in the order of [`Ended::ALL`].
    ended: [Counter; Ended::ALL.len()],
}

/// How many watch, and what it takes to serve them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchCounts {
    /// The watches that are open, with what is heard of channels and who is present there.
    pub watchers: usize,
    /// The classes that they fall into, as of the last half second.
    pub classes: usize,
    /// The questions about other records that they stand on, as of the last half second.
    pub questions: usize,
    /// The number of the last change that they were told of; 0 while nobody watches.
    pub offset: u64,
}

const READS: usize = 8;
/// The longest history that is gone through for one who resumes. Beyond it a snapshot costs less.
const MAX_GAP: u64 = 100_000;

impl Hub {
    pub(crate) fn new(limits: &Limits, live: &Live) -> Self {
        Hub {
            lobby: Arc::new(Lobby::new(limits.watchers, limits.watchers_per_caller, Code::TooManyWatchers)),
            sockets: Arc::new(Lobby::new(usize::MAX, live.sockets_per_caller, Code::TooManySockets)),
            state: Mutex::new(State::new()),
            told: AtomicU64::new(0),
            classes: AtomicUsize::new(0),
            questions: AtomicUsize::new(0),
            reads: Semaphore::new(READS),
            max_bytes: limits.watch_buffer_bytes,
            ended: Default::default(),
        }
    }

    pub(super) fn told(&self) -> u64 {
        self.told.load(Ordering::Acquire)
    }

    pub(super) fn set_told(&self, offset: u64) {
        self.told.store(offset, Ordering::Release);
    }

    pub(crate) fn count_end(&self, reason: Ended) {
        self.ended[reason as usize - 1].increment();
    }

    pub(super) fn note_counts(&self, state: &State) {
        self.classes.store(state.classes.len(), Ordering::Relaxed);
        self.questions.store(state.questions.len(), Ordering::Relaxed);
    }
}

impl Engine {
    /// Watches the records of a model that the caller may see and that match a filter.
    ///
    /// # Errors
    /// What is wrong with the request; [`Code::TooManyWatchers`] and [`Code::Busy`] when too many watch; what the store failed with.
    pub async fn watch(
        &self,
        caller: &Caller,
        model: ModelId,
        request: WatchRequest,
    ) -> Result<Watch, Error> {
        self.require_watchable(caller, model, &request)?;
        let resumed = request.last_event_id.as_deref().map(EventId::parse).transpose()?;
        if let Some(position) = request.at_least {
            self.require_known(Freshness::AtLeast(position)).await?;
        }
        let ticket = self.hub().lobby.enter(Purpose::Records, caller, request.token.clone())?;
        // Everything that is found out from here on is at least as new as these. The hub may be behind the feed for a moment.
        let end = self.store().position().await?;
        let position = self.follow_feed().await?;
        let (policy, asked) = self.policy(caller, self.application().model(model), &request).await?;
        let start = match resumed {
            None => Start::New,
            Some(id) if id.position.epoch != end.epoch => Start::Not(Ended::HistoryGone),
            Some(id) if !self.event_ids().belongs(&id, &policy.digest) => Start::Not(Ended::OtherQuery),
            // Another node may have told more than this one has heard of yet: it is the feed's own end that counts.
            Some(id) => match end.offset.checked_sub(id.position.offset) {
                Some(0..=MAX_GAP) => Start::Behind(id.position),
                _ => Start::Not(Ended::HistoryGone),
            },
        };
        let policy = (Arc::new(policy), asked);
        let now = Now { told: position, end: end.offset };
        Ok(Watch::new(self.clone(), ticket, caller.clone(), request, policy, now, start))
    }

    /// Ends all watches, and lets nobody watch any more: the server stops.
    pub fn close_watches(&self) {
        let hub = self.hub();
        let seats = hub.lobby.close().into_iter().chain(hub.sockets.close());
        seats.for_each(|seat| seat.end(Ended::ShuttingDown));
    }

    /// Whether the server stops, so that whoever lets something wait for news has to let it go.
    pub fn is_closing(&self) -> bool {
        self.hub().lobby.is_closed()
    }

    /// How many watch, and what it takes to serve them.
    pub fn watch_counts(&self) -> WatchCounts {
        let hub = self.hub();
        WatchCounts {
            watchers: hub.lobby.len(),
            classes: hub.classes.load(Ordering::Relaxed),
            questions: hub.questions.load(Ordering::Relaxed),
            offset: hub.told(),
        }
    }

    /// What `limits.watchers` bounds, by what it is for.
    pub fn watchers_by_purpose(&self) -> impl Iterator<Item = (Purpose, usize)> {
        let counts = Purpose::ALL.into_iter().zip(self.hub().lobby.by_purpose());
        counts.filter(|(purpose, _)| *purpose != Purpose::Socket)
    }

    /// How many watches were refused, by the code that their clients were told.
    pub fn refused_watches(&self) -> [(Code, u64); 2] {
        self.hub().lobby.refused()
    }

    /// Why watches ended, and how many; those whose clients went away are not in it.
    pub fn ended_watches(&self) -> impl Iterator<Item = (Ended, u64)> {
        Ended::ALL.into_iter().zip(self.hub().ended.iter().map(Counter::get))
    }

    fn require_watchable(
        &self,
        caller: &Caller,
        model: ModelId,
        request: &WatchRequest,
    ) -> Result<(), Error> {
        if request.limit.is_some_and(|limit| !(1..=ListRequest::MAX_LIMIT).contains(&limit)) {
            return Err(Error::new(Code::InvalidLimit, format!("limit is 1 to {}", ListRequest::MAX_LIMIT)));
        }
        self.question(caller, &snapshot_asked(model, request)).map(drop)
    }

    /// Sees that the feed is followed. Answers how far.
    pub(crate) async fn follow_feed(&self) -> Result<Position, Error> {
        let mut state = self.hub().state.lock().await;
        if !state.is_running {
            let position = self.store().position().await?;
            *state = State { is_running: true, position, ..State::new() };
            self.hub().set_told(position.offset);
            tokio::spawn(run::run(self.clone()));
        }
        Ok(state.position)
    }
}

/// What a snapshot asks.
pub(super) fn snapshot_asked(model: ModelId, request: &WatchRequest) -> Asked<'_> {
    Asked {
        model,
        verb: "watch",
        deleted: Deleted::Exclude,
        filter: request.filter.as_deref(),
        order: &request.order,
    }
}
