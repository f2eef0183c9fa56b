//! Handshakes, and how many there were.

use super::Tls;
use mainstay_ports::measure::Counter;
use rustls::HandshakeKind;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// How many handshakes there were.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    full: Counter,
    resumed: Counter,
    failed: Counter,
}

impl Handshakes {
    pub(super) fn counts(&self) -> [(&'static str, u64); 3] {
        [("full", self.full.get()), ("resumed", self.resumed.get()), ("failed", self.failed.get())]
    }
}

impl Tls {
    /// Shakes hands within `patience`. Otherwise the stream comes back, with what the client is told of the fault already on its way; `None` of one that
    /// was too slow.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        client: IpAddr,
        patience: Duration,
    ) -> Result<TlsStream<TcpStream>, Option<TcpStream>> {
        let handshake = self.acceptor.accept(stream).into_fallible();
        let (reason, stream) = match tokio::time::timeout(patience, handshake).await {
            Ok(Ok(stream)) => {
                self.count(stream.get_ref().1.handshake_kind());
                return Ok(stream);
            }
            Ok(Err((error, stream))) => (said(&error), Some(stream)),
            Err(_) => ("it took too long".to_owned(), None),
        };
        self.handshakes.failed.increment();
        tracing::info!(target: "http", %client, reason, "a TLS handshake failed");
        Err(stream)
    }

    fn count(&self, kind: Option<HandshakeKind>) {
        match kind {
            Some(HandshakeKind::Resumed) => self.handshakes.resumed.increment(),
            _ => self.handshakes.full.increment(),
        }
    }
}

/// What went wrong, as `rustls` says it: of a client that does not trust the certificate, its own words.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the client went away".to_owned(),
        _ => error.to_string(),
    }
}
