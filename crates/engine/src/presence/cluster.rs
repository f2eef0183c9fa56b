//! What other nodes have to be told, as it waits for its way out.

use super::Said;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use uuid::Uuid;

/// What waits for its way to other nodes. Where there are none, nothing does.
#[derive(Default)]
pub(crate) struct Cluster {
    inner: Mutex<Outbox>,
    bell: Notify,
}

#[derive(Default)]
struct Outbox {
    /// This node; `None` while there are no others.
    node: Option<Uuid>,
    seq: u64,
    texts: Vec<String>,
    bytes: usize,
}

/// An [`super::said::Envelope`] on its way out.
#[derive(Serialize)]
struct Outgoing<'a> {
    node: Uuid,
    seq: u64,
    said: &'a Said<'a>,
}

/// How many bytes may wait.
const MAX_BYTES: usize = 4 << 20;

impl Cluster {
    /// Begins to tell others, under this name.
    pub(super) fn open(&self, node: Uuid) {
        self.inner().node = Some(node);
    }

    /// Tells other nodes. Answers `false` when too much waits already: then it is lost, and its number with it, so that others notice.
    pub(crate) fn tell(&self, said: &Said<'_>) -> bool {
        let mut outbox = self.inner();
        let Some(node) = outbox.node else { return true };
        outbox.seq += 1;
        let text = serde_json::to_string(&Outgoing { node, seq: outbox.seq, said });
        let Ok(text) = text else { return false };
        if outbox.bytes + text.len() > MAX_BYTES {
            return false;
        }
        outbox.bytes += text.len();
        outbox.texts.push(text);
        drop(outbox);
        self.bell.notify_one();
        true
    }

    /// What waits, once something does.
    pub(super) async fn take(&self) -> Vec<String> {
        loop {
            let texts = self.take_now();
            if !texts.is_empty() {
                return texts;
            }
            self.bell.notified().await;
        }
    }

    /// What waits.
    pub(super) fn take_now(&self) -> Vec<String> {
        let mut outbox = self.inner();
        outbox.bytes = 0;
        std::mem::take(&mut outbox.texts)
    }

    fn inner(&self) -> MutexGuard<'_, Outbox> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
