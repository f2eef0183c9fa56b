//! Replicas: copies of the database that follow it, and that are asked what need not be of the latest state.
//!
//! A replica is asked when it is known to be new enough, and else the server itself; nobody waits for one. How far each has come is looked up again and
//! again, which costs less than to ask with each query. A replica that does not answer, or is another database, is left out until that has passed.

mod lookout;

use super::connect::Connector;
use super::connection::Connection;
use super::feed::End;
use super::measures::Measures;
use super::query::{Answered, Asked};
use super::readers::Readers;
use lookout::{Lookout, State};
use mainstay_ports::{Freshness, Position, Query, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The replicas, none of which has to be there.
pub(crate) struct Replicas {
    all: Vec<Replica>,
    /// Whose turn it is.
    turn: AtomicUsize,
    /// How old the state of one may be.
    lag: Duration,
    measures: Arc<Measures>,
}

struct Replica {
    readers: Readers,
    /// How far it has come; `None` while it is left out.
    state: watch::Receiver<Option<State>>,
    task: JoinHandle<()>,
}

/// What replicas are to follow.
pub(crate) struct Followed {
    pub(crate) end: End,
    pub(crate) lag: Duration,
}

impl Replicas {
    /// Begins to look after them.
    pub(crate) fn start(
        connectors: Vec<Arc<Connector>>,
        connections: usize,
        followed: &Followed,
        measures: &Arc<Measures>,
    ) -> Self {
        let replica = |connector: Arc<Connector>| {
            let timeout = connector.session.query_timeout;
            let (state, task) = Lookout::start(connector.clone(), followed.end.clone());
            Replica { readers: Readers::new(connector, connections, timeout, measures.clone()), state, task }
        };
        Replicas {
            all: connectors.into_iter().map(replica).collect(),
            turn: AtomicUsize::new(0),
            lag: followed.lag,
            measures: measures.clone(),
        }
    }

    /// How many are not left out.
    pub(crate) fn in_use(&self) -> usize {
        self.all.iter().filter(|replica| replica.is_recent(self.lag)).count()
    }

    /// Asks one that is new enough, and answers with the position that its answer is at least as new as. `None` when there is none, or it
    /// went away over the question, which another can still answer.
    pub(crate) async fn ask(
        &self,
        asked: &Asked,
        query: &Query,
    ) -> Option<Result<(Answered, Position), StoreError>> {
        let (replica, state) = self.choose(query.freshness)?;
        let ask = |connection: Arc<Connection>| async move { asked.ask(&connection, query).await };
        let answer = tokio::select! {
            answer = replica.readers.ask(Asked::weight(query), ask) => answer,
            () = replica.left_out() => Err(StoreError::Busy),
        };
        match answer {
            Ok(answered) => {
                self.measures.replica_reads.increment();
                Some(Ok((answered, state.end)))
            }
            // It would take as long once more.
            Err(StoreError::Timeout) => Some(Err(StoreError::Timeout)),
            Err(error) => {
                tracing::debug!(%error, "a replica did not answer");
                self.measures.replica_failures.increment();
                None
            }
        }
    }

    /// The next one that is new enough.
    fn choose(&self, freshness: Freshness) -> Option<(&Replica, State)> {
        let at_least = match freshness {
            Freshness::Latest => return None,
            Freshness::AtLeast(position) => Some(position),
            Freshness::Recent => None,
        };
        let turn = if self.all.is_empty() { return None } else { self.turn.fetch_add(1, Ordering::Relaxed) };
        let replicas = self.all.iter().cycle().skip(turn % self.all.len()).take(self.all.len());
        let mut known = replicas.filter_map(|replica| Some((replica, (*replica.state.borrow())?)));
        known.find(|(_, state)| {
            at_least.is_none_or(|least| state.has(least)) && state.as_of.elapsed() <= self.lag
        })
    }
}

impl Replica {
    fn is_recent(&self, lag: Duration) -> bool {
        self.state.borrow().is_some_and(|state| state.as_of.elapsed() <= lag)
    }

    /// Resolves when it is left out.
    async fn left_out(&self) {
        // It fails when nobody looks after it any more.
        let _ = self.state.clone().wait_for(Option::is_none).await;
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}
