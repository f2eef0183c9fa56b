//! The stream of a connection, as hyper sees it.

use super::Measures;
use super::refusal::X_REQUEST_ID;
use super::stream::Stream;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How far a connection has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes have arrived since the last answer began, or at all.
    heard: AtomicBool,
    /// A request has reached the API.
    asked: AtomicBool,
    /// An answer of hyper's own was swallowed, behind the first request.
    swallowed: AtomicBool,
}

impl Progress {
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    pub(super) fn asked(&self) -> bool {
        self.asked.load(Relaxed)
    }

    pub(super) fn swallowed(&self) -> bool {
        self.swallowed.load(Relaxed)
    }

    pub(super) fn set_asked(&self) {
        self.asked.store(true, Relaxed);
    }
}

/// A stream with two additions.
///
/// hyper answers a head that it cannot read by a bare status line; that is swallowed, and [`super::refusal`] answers instead. Until a request has
/// reached the API hyper can want to write nothing else, and later it is known by what it lacks. And a client that does not read its
/// answer may hold a write up only for so long.
pub(super) struct Socket {
    stream: Stream,
    progress: Arc<Progress>,
    stall_timeout: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    measures: Arc<Measures>,
    /// Whether there can be bare answers to swallow.
    can_be_bare: bool,
}

impl Socket {
    pub(super) fn new(
        stream: Stream,
        progress: Arc<Progress>,
        stall_timeout: Duration,
        measures: Arc<Measures>,
    ) -> Self {
        Socket { stream, progress, stall_timeout, stall: None, measures, can_be_bare: true }
    }

    /// The socket of a connection in which everything that is written has its meaning.
    pub(super) fn passing_all(self) -> Self {
        Socket { can_be_bare: false, ..self }
    }

    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Whether what hyper wants to write is its own bare answer, which the client is not to see.
    fn swallows(&self, bytes: &[u8]) -> bool {
        if !self.can_be_bare {
            return false;
        }
        let is_first = !self.progress.asked();
        if !is_first && is_bare(bytes) {
            self.progress.swallowed.store(true, Relaxed);
        }
        is_first || self.progress.swallowed()
    }

    /// Notes a write that got somewhere.
    fn wrote(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &write {
            self.progress.heard.store(false, Relaxed);
            self.measures.sent_bytes.add(written.as_ref().map_or(0, |bytes| *bytes as u64));
        }
        self.watch(cx, write)
    }

    /// What becomes of something that waits for the client to read: if it gets nowhere it fails when its time is up. Within TLS that can be a flush
    /// too, since what was written waits there to be sent.
    fn watch<T>(&mut self, cx: &mut Context<'_>, step: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if step.is_ready() {
            self.stall = None;
            return step;
        }
        let timeout = self.stall_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let received = buffer.filled().len() - before;
        if received > 0 {
            self.progress.heard.store(true, Relaxed);
            self.measures.received_bytes.add(received as u64);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.swallows(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let write = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.swallows(slices.first().map_or(&[], |first| first)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let write = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flush)
    }

    /// Does nothing when hyper's own answer was swallowed: the connection is not over yet.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.progress.asked() || self.progress.swallowed() {
            return Poll::Ready(Ok(()));
        }
        let shutdown = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, shutdown)
    }
}

/// Whether these bytes are hyper's own refusal: a short head without a body, and without what all our answers have. No part of a body can be
/// taken for it, since none has such line ends.
fn is_bare(bytes: &[u8]) -> bool {
    /// Longer than any that hyper makes.
    const LONGEST: usize = 256;
    let has_id = || bytes.windows(X_REQUEST_ID.len()).any(|window| window == X_REQUEST_ID.as_bytes());
    bytes.len() <= LONGEST && bytes.starts_with(b"HTTP/1.1 4") && bytes.ends_with(b"\r\n\r\n") && !has_id()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tls::pair::pair;
    use std::io::ErrorKind;
    use tokio::io::AsyncWriteExt;

    /// A socket whose client reads nothing, with no more room on its way than that what was written last waits within TLS.
    async fn stuck() -> (Socket, impl Sized) {
        let (server, client) = pair().await;
        let stream = Stream::Tls(Box::new(server));
        let patience = Duration::from_millis(100);
        let mut socket = Socket::new(stream, Arc::default(), patience, Arc::default()).passing_all();
        while tokio::time::timeout(patience / 4, socket.flush()).await.is_ok() {
            socket.write_all(&[0; 1_024]).await.unwrap();
        }
        (socket, client)
    }

    #[tokio::test]
    async fn what_waits_within_tls_is_not_waited_for_forever() {
        let (mut socket, _client) = stuck().await;
        let error = tokio::time::timeout(Duration::from_secs(10), socket.flush()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let (mut socket, _client) = stuck().await;
        socket.progress.set_asked();
        let error =
            tokio::time::timeout(Duration::from_secs(10), socket.shutdown()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn only_a_refusal_that_is_not_of_the_api_is_bare() {
        let check = |text: &str, expected: bool| assert_eq!(is_bare(text.as_bytes()), expected, "{text}");
        check(
            "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            true,
        );
        check("HTTP/1.1 404 Not Found\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n", false);
        check("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false);
        check("HTTP/1.1 400 is what a text may begin with", false);
        check(&format!("HTTP/1.1 400 Bad Request\r\nx: {}\r\n\r\n", "x".repeat(300)), false);
    }
}
