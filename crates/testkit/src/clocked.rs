//! A store that others may share, by a clock that a test sets.

use futures::future::BoxFuture;
use mainstay_expr::Predicate;
use mainstay_ports::{Changes, Clock, Committed, Page, Position, Query, Store, StoreError, Transaction};
use std::sync::Arc;

/// A store whose own clock, the one of its server, is replaced.
pub(crate) struct ClockedStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Store for ClockedStore {
    fn now(&self, _: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(std::future::ready(Ok(self.clock.now_micros())))
    }

    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.inner.transact(transaction)
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        self.inner.query(query)
    }

    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.inner.holds(closed)
    }

    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>> {
        self.inner.changes(after, limit)
    }

    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.inner.position()
    }

    fn heard(&self) -> Position {
        self.inner.heard()
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.writable()
    }

    fn wait_beyond(&self, offset: u64) -> BoxFuture<'_, ()> {
        self.inner.wait_beyond(offset)
    }

    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.inner.trim_feed(before_micros, max_bytes)
    }
}
