//! Taking over a connection: for protocols that begin as HTTP and go on as something else (RFC 9110, 7.8).

use axum::body::Bytes;
use futures::future::BoxFuture;
use http::Extensions;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};

/// In the extensions of a request whose connection can be taken over: where to leave what goes on with it once the answer, 101, was sent.
#[derive(Clone, Default)]
pub struct Takeover {
    next: Arc<Mutex<Option<Next>>>,
}

/// What goes on with a connection. The connection counts as open, and the program waits for it when it stops, until this ends.
pub type Next = Box<dyn FnOnce(Taken) -> BoxFuture<'static, ()> + Send>;

/// A connection that was taken over.
pub struct Taken {
    /// Its bytes.
    pub stream: Box<dyn Stream>,
    /// What was read of them already.
    pub read: Bytes,
}

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Takeover {
    /// That of a request; `None` where its connection cannot be taken over, as that of HTTP/2.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }

    /// Says what goes on with the connection.
    pub fn set(&self, next: Next) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }

    /// What goes on with the connection, if anything does.
    pub fn take(&self) -> Option<Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
