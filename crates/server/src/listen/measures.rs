//! What the listener counts of its connections.

use super::refusal::Refusal;
use mainstay_ports::measure::{Counter, Gauge};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// What the listener counts of its connections.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    /// Connections that are open.
    pub(crate) open: Gauge,
    /// The most that may be open at once.
    pub(crate) limit: Gauge,
    /// Connections that were accepted.
    pub(crate) accepted: Counter,
    /// Bytes that were received, heads of requests included.
    pub(crate) received_bytes: Counter,
    /// Bytes that were sent, heads of answers included.
    pub(crate) sent_bytes: Counter,
    refused: [Counter; Refusal::ALL.len()],
}

impl Measures {
    /// Counts a connection that was ended with a refusal.
    pub(super) fn count_refusal(&self, refusal: Refusal) {
        self.refused[refusal as usize].increment();
    }

    /// Why connections were refused, and how often.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let count = |refusal: &Refusal| (refusal.reason(), self.refused[*refusal as usize].get());
        Refusal::ALL.iter().map(count)
    }
}

/// The place that a connection takes until it ends.
pub(super) struct Slot {
    measures: Arc<Measures>,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    pub(super) fn take(permit: OwnedSemaphorePermit, measures: Arc<Measures>) -> Self {
        measures.accepted.increment();
        measures.open.increment();
        Slot { measures, _permit: permit }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.measures.open.decrement();
    }
}
