//! Reads the feed of one node while it grows.

use mainstay_ports::{Change, Changes, Position, Store};
use mainstay_scaleout::postgres::PostgresStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(super) struct Tail {
    end: watch::Sender<Option<u64>>,
    task: JoinHandle<Vec<Change>>,
}

impl Tail {
    pub(super) fn start(node: Arc<PostgresStore>, from: Position) -> Self {
        let (end, until) = watch::channel(None);
        Tail { end, task: tokio::spawn(read(node, from, until)) }
    }

    /// Everything up to a position.
    pub(super) async fn until(self, position: Position) -> Vec<Change> {
        self.end.send_replace(Some(position.offset));
        self.task.await.unwrap()
    }
}

async fn read(
    node: Arc<PostgresStore>,
    mut position: Position,
    until: watch::Receiver<Option<u64>>,
) -> Vec<Change> {
    let mut told = Vec::new();
    while until.borrow().is_none_or(|end| position.offset < end) {
        // The connection may have been killed.
        let Ok(changes) = node.changes(position, 7).await else { continue };
        let Changes::Some { changes, position: next } = changes else { panic!("the feed was reset") };
        position = next;
        if changes.is_empty() {
            let waited = node.wait_beyond(position);
            let _ = tokio::time::timeout(Duration::from_millis(100), waited).await;
        }
        told.extend(changes);
    }
    told
}
