//! Connections in HTTP/2.

use super::Options;
use axum::body::{Body, Bytes};
use hyper::Request;
use hyper::body::{Frame, SizeHint};
use hyper::header::{HOST, HeaderValue};
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

pub(super) type Builder = http2::Builder<TokioExecutor>;

/// How many requests a client may have open on a connection.
const REQUESTS: u32 = 200;
/// How much of a body a client may send before it is read, for a request and for all of a connection.
const REQUEST_WINDOW: u32 = 128 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// How much of an answer is taken over before the client reads it.
const SEND_BUFFER: usize = 128 << 10;
/// How often a client is asked whether it is still there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How connections are served.
pub(super) fn builder(options: &Options) -> Builder {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(options.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(REQUESTS)
        .initial_stream_window_size(REQUEST_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    http
}

/// Puts the host where HTTP/1 has it, so that nobody behind here needs to know both places.
pub(super) fn name_host<B>(request: &mut Request<B>) {
    let authority = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = authority
        && !request.headers().contains_key(HOST)
    {
        request.headers_mut().insert(HOST, host);
    }
}

/// The requests of a connection.
#[derive(Default)]
pub(super) struct Requests {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    open: AtomicU64,
}

impl Requests {
    /// Counts one more, until what this answers is gone.
    pub(super) fn begin(&self) -> Open {
        self.counts.begun.fetch_add(1, Relaxed);
        self.counts.open.fetch_add(1, Relaxed);
        Open(self.counts.clone())
    }

    /// Waits until there has been none for a while: a connection takes a place that others want.
    pub(super) async fn idle(&self, patience: Duration) {
        loop {
            let begun = self.counts.begun.load(Relaxed);
            tokio::time::sleep(patience).await;
            if self.counts.open.load(Relaxed) == 0 && self.counts.begun.load(Relaxed) == begun {
                return;
            }
        }
    }
}

/// A request that is open.
pub(super) struct Open(Arc<Counts>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

impl Open {
    /// The body of the answer, with whose end the request ends.
    pub(super) fn until_end_of(self, body: Body) -> Body {
        Body::new(Answered { body, _open: self })
    }
}

struct Answered {
    body: Body,
    _open: Open,
}

impl hyper::body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
