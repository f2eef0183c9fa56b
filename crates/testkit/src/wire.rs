//! What carries texts between nodes of one test, and can be cut.

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, unfold};
use mainstay_ports::{Wake, WakeError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};

/// Nodes in one process that tell each other.
pub struct Wire {
    sender: Sender<String>,
}

/// The end of a node.
pub struct WireEnd {
    sender: Sender<String>,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    /// A wire without ends.
    #[expect(clippy::new_without_default, reason = "there is no wire that is the usual one")]
    pub fn new() -> Self {
        Wire { sender: channel(100_000).0 }
    }

    /// Another end.
    pub fn end(&self) -> Arc<WireEnd> {
        Arc::new(WireEnd { sender: self.sender.clone(), is_cut: Arc::default() })
    }
}

impl WireEnd {
    /// Cuts it off, or lets it hear and be heard again. What is told meanwhile is lost.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }
}

impl Wake for WireEnd {
    fn tell(&self, texts: Vec<String>) -> BoxFuture<'_, Result<(), WakeError>> {
        let is_cut = self.is_cut.load(Ordering::SeqCst);
        for text in texts.into_iter().filter(|_| !is_cut) {
            let _ = self.sender.send(text);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn listen(&self) -> BoxStream<'static, String> {
        let is_cut = self.is_cut.clone();
        let heard = unfold(self.sender.subscribe(), next);
        heard.filter(move |_| std::future::ready(!is_cut.load(Ordering::SeqCst))).boxed()
    }
}

async fn next(mut receiver: Receiver<String>) -> Option<(String, Receiver<String>)> {
    loop {
        match receiver.recv().await {
            Ok(text) => return Some((text, receiver)),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}
