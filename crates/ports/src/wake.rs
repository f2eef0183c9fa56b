//! The wake port: what nodes tell each other that is stored nowhere.

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::fmt;

/// Carries texts between the nodes of an application, each at most once.
///
/// It is no queue and keeps nothing: who does not listen at the moment, or is cut off, has missed it for good. So whoever tells something numbers it, and
/// whoever hears a gap in the numbers asks again or says that something is missing. What must not be lost is in the feed.
pub trait Wake: Send + Sync + 'static {
    /// Tells all nodes, in this order. `Ok` says that they were handed on, not that anybody heard them. A text is UTF-8 without U+0000 and has at most
    /// [`MAX_WAKE_BYTES`].
    ///
    /// # Errors
    /// When they could not be handed on; some of them may have been.
    fn tell(&self, texts: Vec<String>) -> BoxFuture<'_, Result<(), WakeError>>;

    /// What any node tells from about now on, this one's own included or not. What one node tells comes in its order, perhaps with gaps; that of several
    /// nodes in any order. It goes on over lost connections and ends never.
    fn listen(&self) -> BoxStream<'static, String>;
}

/// The largest text that can be told, in bytes.
pub const MAX_WAKE_BYTES: usize = 256 << 10;

/// Why something could not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeError(pub String);

impl fmt::Display for WakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "other nodes cannot be told: {}", self.0)
    }
}

impl std::error::Error for WakeError {}
