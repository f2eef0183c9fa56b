//! What all ways have in common by which nodes tell each other: pieces, connections that are made again, and how long one waits.
//!
//! ```text
//! tell   ──▶ texts ──▶ pieces ──▶ the teller's connection ───▶ a server
//!                                                                │
//! listen ◀── texts ◀── pieces ◀── the listener's connection ◀────┘
//! ```
//!
//! A [`Carrier`] has the two kinds of connections and nothing else. [`Carried`] makes the port of it.

mod backoff;
mod listen;
mod pieces;
mod tell;
mod trouble;

pub use trouble::Trouble;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use mainstay_ports::{Wake, WakeError};
use std::sync::Arc;
use std::time::Duration;
use tell::Telling;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long one exchange with a server may take before the connection counts as broken.
const ANSWER: Duration = Duration::from_secs(5);

/// A way to tell other nodes whose server may be asked whether it takes this one.
pub trait Carriage: Wake {
    /// Makes a connection, which is kept for what is told first.
    fn check(&self) -> BoxFuture<'_, Result<(), Trouble>>;

    /// Where the server is, for people.
    fn place(&self) -> String;
}

/// Connections that carry pieces to whoever listens.
pub(crate) trait Carrier: Send + Sync + 'static {
    /// What is told goes over it, in its order.
    type Teller: Send;
    /// What is heard comes over it.
    type Listener: Send;

    /// Where the server is, for people.
    fn place(&self) -> String;

    /// Connects to tell.
    fn teller(&self) -> impl Future<Output = Result<Self::Teller, Trouble>> + Send;

    /// Whether more can be told over it, as far as is known.
    fn stands(teller: &Self::Teller) -> bool;

    /// The most bytes of a piece.
    fn piece_bytes(teller: &Self::Teller) -> usize;

    /// Tells some pieces.
    fn tell(
        &self,
        teller: &mut Self::Teller,
        pieces: &[String],
    ) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Connects to listen. The stream ends with the connection, and drops what nobody takes in time.
    fn listener(
        &self,
    ) -> impl Future<Output = Result<(Self::Listener, BoxStream<'static, String>), Trouble>> + Send;

    /// Asks whether a connection still stands over which nothing is heard.
    fn look(listener: &mut Self::Listener) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// The port over a carrier.
pub(crate) struct Carried<C: Carrier> {
    carrier: Arc<C>,
    telling: Mutex<Telling<C>>,
}

impl<C: Carrier> Carried<C> {
    pub(crate) fn new(carrier: C) -> Self {
        Carried { carrier: Arc::new(carrier), telling: Mutex::new(Telling::new()) }
    }
}

impl<C: Carrier> Wake for Carried<C> {
    fn tell(&self, texts: Vec<String>) -> BoxFuture<'_, Result<(), WakeError>> {
        Box::pin(async move {
            let told = self.telling.lock().await.tell(self.carrier.as_ref(), &texts).await;
            told.map_err(|trouble| WakeError(trouble.to_string()))
        })
    }

    fn listen(&self) -> BoxStream<'static, String> {
        listen::listen(self.carrier.clone())
    }
}

impl<C: Carrier> Carriage for Carried<C> {
    fn check(&self) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move { self.telling.lock().await.connect(self.carrier.as_ref()).await })
    }

    fn place(&self) -> String {
        self.carrier.place()
    }
}

/// The most bytes of a piece, where a broker takes as many: large enough to cost little, and small enough that none is in the way of others for long.
#[cfg(any(feature = "nats", feature = "redis"))]
pub(crate) const PIECE_BYTES: usize = 32 << 10;
/// How many pieces of a broker may wait to be put together. What is beyond is lost, and noticed by whoever numbers what it tells.
#[cfg(any(feature = "nats", feature = "redis"))]
pub(crate) const MAX_WAITING: usize = 4_000;

async fn in_time<T>(answer: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(ANSWER, answer).await.unwrap_or_else(|_| Err(Trouble::unreachable("no answer in time")))
}
