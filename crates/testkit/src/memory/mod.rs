//! A store in memory: the simplest that means the same.

mod feed;
mod query;
mod rows;
mod table;

use feed::Feed;
use futures::future::BoxFuture;
use mainstay_expr::{Predicate, evaluate_closed};
use mainstay_model::Application;
use mainstay_ports::{
    Changes, Clock, Committed, Page, Position, Query, Store, StoreError, Transaction, execute,
};
use rows::MemoryRows;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use table::{Table, Tables};
use tokio::sync::watch;

/// Keeps records and the feed in memory, and finds records by looking at all of them.
pub struct MemoryStore {
    application: Arc<Application>,
    state: Mutex<State>,
    end: watch::Sender<u64>,
    /// The clock of a store that is shared.
    shared_clock: Option<Arc<dyn Clock>>,
}

struct State {
    /// One for each model.
    tables: Vec<Table>,
    feed: Feed,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(application: Arc<Application>) -> Self {
        let tables = application.models.iter().map(|_| Table::default()).collect();
        let state = State { tables, feed: Feed::new(uuid::Uuid::now_v7().as_u64_pair().1) };
        MemoryStore { application, state: Mutex::new(state), end: watch::Sender::new(0), shared_clock: None }
    }

    /// An empty store that says of itself that others write to it too: several engines may stand on it as several nodes would, and
    /// go by this clock where it matters to all.
    pub fn shared(application: Arc<Application>, clock: Arc<dyn Clock>) -> Self {
        MemoryStore { shared_clock: Some(clock), ..MemoryStore::new(application) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, transaction: &Transaction) -> Result<Committed, StoreError> {
        let mut state = self.state();
        let mut rows = MemoryRows::new(&self.application, &mut state);
        let outcomes = execute(&self.application, transaction, &mut rows);
        if outcomes.is_err() {
            rows.undo();
        }
        let outcomes = outcomes?;
        let position = state.feed.end();
        self.end.send_if_modified(|end| std::mem::replace(end, position.offset) != position.offset);
        Ok(Committed { outcomes, position })
    }
}

impl Store for MemoryStore {
    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(async move { self.run(&transaction) })
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        Box::pin(async move { Ok(query::page(&self.state(), &query)) })
    }

    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move { Ok(evaluate_closed(&closed, &Tables(&self.state().tables))) })
    }

    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>> {
        Box::pin(async move { Ok(self.state().feed.read(after, limit)) })
    }

    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(async move { Ok(self.state().feed.end()) })
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn heard(&self) -> Position {
        self.state().feed.end()
    }

    fn is_shared(&self) -> bool {
        self.shared_clock.is_some()
    }

    fn now(&self, here: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        let now = self.shared_clock.as_ref().map_or(here, |clock| clock.now_micros());
        Box::pin(std::future::ready(Ok(now)))
    }

    fn wait_beyond(&self, position: Position) -> BoxFuture<'_, ()> {
        let mut end = self.end.subscribe();
        Box::pin(async move {
            // It cannot fail while `self`, and with it the sender, is borrowed.
            let _ = end.wait_for(|end| *end > position.offset).await;
        })
    }

    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.state().feed.trim(before_micros, max_bytes)) })
    }
}
