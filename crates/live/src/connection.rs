//! A connection as messages (RFC 6455): what is read and sent, and how it is closed.

use crate::close::Closing;
use crate::frames::Followed;
use crate::measures::Measures;
use futures::future::poll_fn;
use futures::{Sink, Stream, StreamExt};
use mainstay_api::Taken;
use mainstay_model::Live;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// A socket that says nothing holds one such buffer. What is larger is read in several pieces.
const BUFFER_BYTES: usize = 4 << 10;
/// How long a client may take to close from its side.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection that was taken over from HTTP.
pub(crate) struct Connection {
    stream: WebSocketStream<Followed>,
    /// Whether a ping was read whose answer may not be out yet.
    owes_pong: bool,
    stall: Duration,
    measures: Arc<Measures>,
}

impl Connection {
    pub(crate) async fn new(taken: Taken, settings: &Live, measures: Arc<Measures>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(settings.message_bytes))
            .max_frame_size(Some(settings.message_bytes));
        let (read, stream) = (taken.read.to_vec(), Followed::new(taken.stream, &taken.read));
        let stream = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config));
        Connection {
            stream: stream.await,
            owes_pong: false,
            stall: Duration::from_millis(settings.stall_ms),
            measures,
        }
    }

    /// What the client says next. Pings are answered already when they come out here; no more is read before the answer is out, since those to a client that
    /// takes none would pile up.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Closing>> {
        if self.owes_pong {
            ready!(self.poll_flush(cx))?;
        }
        let message = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(message) => message.map_err(|error| Closing::of_error(&error))?,
            None => return Poll::Ready(Err(Closing::Client)),
        };
        self.owes_pong = message.is_ping();
        Poll::Ready(Ok(message))
    }

    /// Since when the client is in the middle of a message.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.stream.get_ref().begun()
    }

    /// Counts that time anew, after some in which nothing was read.
    pub(crate) fn count_anew(&mut self) {
        self.stream.get_mut().count_anew();
    }

    /// Hands a message on, once there is room. A client that leaves none for too long is dropped.
    pub(crate) async fn send(&mut self, message: Message) -> Result<(), Closing> {
        self.measures.sent.increment();
        // There mostly is, and then no time is measured.
        let room = poll_fn(|cx| Poll::Ready(self.poll_room(cx))).await;
        match room {
            Poll::Ready(room) => room?,
            Poll::Pending => {
                let stall = self.stall;
                timeout(stall, poll_fn(|cx| self.poll_room(cx))).await.map_err(|_| Closing::TooSlow)??;
            }
        }
        Pin::new(&mut self.stream).start_send(message).map_err(|_| Closing::Client)
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closing>> {
        Pin::new(&mut self.stream).poll_ready(cx).map_err(|_| Closing::Client)
    }

    /// Lets what was handed on go out.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closing>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(|_| Closing::Client)
    }

    /// Says why, and waits a moment for the client to close too.
    pub(crate) async fn close(&mut self, closing: Closing) {
        self.measures.count_end(closing);
        let _ = timeout(LAST_WORDS, self.last_words(closing)).await;
    }

    async fn last_words(&mut self, closing: Closing) {
        if let Some(frame) = closing.frame() {
            let _ = self.stream.close(Some(frame)).await;
        }
        while let Some(Ok(_)) = self.stream.next().await {}
        // After a fault nothing is read that way. What arrives at a connection that is gone is answered with a reset, and that can overtake the close frame.
        let connection = self.stream.get_mut();
        let _ = connection.shutdown().await;
        // Not within the future, which every open socket has.
        let mut unread = vec![0; 1 << 10];
        while connection.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {}
    }
}
