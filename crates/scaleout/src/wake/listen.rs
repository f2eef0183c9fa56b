//! Listening, over as many connections as it takes.

use super::backoff::Backoff;
use super::pieces::Joiner;
use super::{Carrier, Trouble, in_time};
use futures::stream::{BoxStream, StreamExt, unfold};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often it is looked whether a connection on which nothing is heard still stands.
const LOOK: Duration = Duration::from_secs(2);

/// What is heard, for ever.
pub(super) fn listen<C: Carrier>(carrier: Arc<C>) -> BoxStream<'static, String> {
    let listening = Listening {
        carrier,
        open: None,
        joiner: Joiner::default(),
        texts: VecDeque::new(),
        backoff: Backoff::default(),
    };
    unfold(listening, Listening::next).boxed()
}

/// One who listens.
struct Listening<C: Carrier> {
    carrier: Arc<C>,
    open: Option<(C::Listener, BoxStream<'static, String>)>,
    joiner: Joiner,
    texts: VecDeque<String>,
    backoff: Backoff,
}

impl<C: Carrier> Listening<C> {
    async fn next(mut self) -> Option<(String, Self)> {
        loop {
            if let Some(text) = self.texts.pop_front() {
                return Some((text, self));
            }
            if let Err(trouble) = self.hear().await {
                self.open = None;
                self.wait(&trouble).await;
            }
        }
    }

    /// Hears the next piece, or that the connection still stands.
    async fn hear(&mut self) -> Result<(), Trouble> {
        let (listener, pieces) = match &mut self.open {
            Some(open) => open,
            None => {
                let open = in_time(self.carrier.listener()).await?;
                if self.backoff.failures() > 0 {
                    tracing::info!(server = self.carrier.place(), "other nodes are heard again");
                }
                self.backoff.reset();
                self.open.insert(open)
            }
        };
        match timeout(LOOK, pieces.next()).await {
            Ok(Some(piece)) => self.texts.extend(self.joiner.join(&piece)),
            Ok(None) => return Err(Trouble::unreachable("the connection ended")),
            Err(_) => in_time(C::look(listener)).await?,
        }
        Ok(())
    }

    /// Waits for the next try. The first that goes wrong is told, and not each.
    async fn wait(&mut self, trouble: &Trouble) {
        let pause = self.backoff.next();
        let server = self.carrier.place();
        match self.backoff.failures() {
            1 => tracing::warn!(server, error = %trouble, "other nodes are not heard"),
            _ => tracing::debug!(server, error = %trouble, "other nodes are still not heard"),
        }
        sleep(pause).await;
    }
}
