//! The stream of a connection, as hyper sees it.

use super::Measures;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// How far a connection has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes have arrived.
    heard: AtomicBool,
    /// A request has reached the API.
    asked: AtomicBool,
}

impl Progress {
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    pub(super) fn asked(&self) -> bool {
        self.asked.load(Relaxed)
    }

    pub(super) fn set_asked(&self) {
        self.asked.store(true, Relaxed);
    }
}

/// A TCP stream with two additions.
///
/// Until a request has reached the API, all that hyper can want to write is its own bare answer to a head that it could
/// not read; it is swallowed, and [`super::refusal`] answers instead. And a client that does not read its answer
/// may hold a write up only for so long.
pub(super) struct Socket {
    stream: TcpStream,
    progress: Arc<Progress>,
    stall_timeout: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    measures: Arc<Measures>,
}

impl Socket {
    pub(super) fn new(
        stream: TcpStream,
        progress: Arc<Progress>,
        stall_timeout: Duration,
        measures: Arc<Measures>,
    ) -> Self {
        Socket { stream, progress, stall_timeout, stall: None, measures }
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// What becomes of a write: one that gets nowhere fails when its time is up.
    fn watch(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &write {
            self.stall = None;
            self.measures.sent_bytes.add(written.as_ref().map_or(0, |bytes| *bytes as u64));
            return write;
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
        if !self.progress.asked() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let write = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.progress.asked() {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let write = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Does nothing when hyper's own answer was swallowed: the connection is not over yet.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.progress.asked() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
