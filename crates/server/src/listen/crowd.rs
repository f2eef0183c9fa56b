//! What becomes of connections when all places are taken.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long connections wait for a place. A burst is over by then; what lasts longer is no burst, and clients shall hear of it.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most connections that are being told so at once. What is beyond is closed without a word.
const TURNED_AWAY: usize = 64;

/// The places for connections, and who does not get one.
pub(super) struct Crowd {
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    full_since: Option<Instant>,
}

impl Crowd {
    pub(super) fn new(places: Arc<Semaphore>, max_connections: usize) -> Self {
        // A process with few descriptors cannot spare as many.
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY.min(max_connections / 4 + 1)));
        Crowd { places, turned_away, full_since: None }
    }

    /// A place, now or soon; `None` when they have all been taken for too long.
    pub(super) async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            self.full_since = None;
            return Some(place);
        }
        let deadline = *self.full_since.get_or_insert_with(Instant::now) + PATIENCE;
        tokio::time::timeout_at(deadline, self.places.clone().acquire_owned()).await.ok()?.ok()
    }

    /// Leave to tell a connection that there is no place.
    pub(super) fn may_tell(&self) -> Option<OwnedSemaphorePermit> {
        self.turned_away.clone().try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_burst_waits_and_what_lasts_is_turned_away() {
        let places = Arc::new(Semaphore::new(1));
        let mut crowd = Crowd::new(places.clone(), 1);
        let first = crowd.place().await.unwrap();
        let end_of_burst = async {
            tokio::time::sleep(PATIENCE / 10).await;
            drop(first);
        };
        let (second, ()) = futures::future::join(crowd.place(), end_of_burst).await;
        assert!(second.is_some(), "it waited");
        assert!(crowd.place().await.is_none(), "it waited too long");
        let started = Instant::now();
        for _ in 0..100 {
            assert!(crowd.place().await.is_none());
        }
        assert!(started.elapsed() < PATIENCE, "from then on nobody waits");
        drop(second);
        assert!(crowd.place().await.is_some());
    }
}
