//! A store that others may share, by a clock that a test sets.

use futures::future::BoxFuture;
use mainstay_ports::{Clock, Store, StoreError};
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

    crate::delegate!(
        inner: transact, query, holds, changes, touched, position, heard, is_shared, writable, wait_beyond, trim_feed
    );
}
