//! One connection, from its first byte to its last.

use super::counted::Counted;
use super::http2;
use super::opening::{Opening, opening};
use super::refusal::Refusal;
use super::socket::{Progress, Socket};
use super::stream::Stream;
use super::{Measures, Options};
use crate::tls::Tls;
use axum::Router;
use futures::future::BoxFuture;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mainstay_api::{ClientAddress, Taken, Takeover};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::Service;

/// How long, and for how many bytes, a client may go on sending after we have said our last word.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 8 << 20;
/// Smaller than hyper's default, since each connection may fill one with a body that nobody reads yet.
const BUFFER_BYTES: usize = 64 << 10;
/// How many bytes of an answer the system takes over before they can be sent.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 256 << 10;

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

/// What connections have in common.
pub(super) struct Server {
    router: Router,
    http: http1::Builder,
    http2: http2::Builder,
    tls: Option<Arc<Tls>>,
    stall_timeout: Duration,
    pub(super) measures: Arc<Measures>,
}

impl Server {
    pub(super) fn new(router: Router, options: &Options) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(options.stall_timeout)
            .max_header_size(options.header_bytes)
            .max_buf_size(BUFFER_BYTES.max(options.header_bytes));
        let http2 = http2::builder(options);
        Server {
            router,
            http,
            http2,
            tls: options.tls.clone(),
            stall_timeout: options.stall_timeout,
            measures: options.measures.clone(),
        }
    }

    /// Serves a connection until it ends, or until `stopped` and its request is answered. Answers what goes on with it, where it was taken over.
    pub(super) async fn serve(
        &self,
        stream: TcpStream,
        client: IpAddr,
        mut stopped: watch::Receiver<bool>,
    ) -> Option<BoxFuture<'static, ()>> {
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        bound_unsent(&stream);
        let begun = tokio::select! {
            begun = self.begin(stream, client) => begun,
            _ = stopped.wait_for(|stopped| *stopped) => return None,
        };
        match begun {
            Some((stream, Version::Http1)) => self.serve_http1(stream, client, stopped).await,
            Some((stream, Version::Http2)) => {
                self.serve_http2(stream, client, stopped).await;
                None
            }
            None => None,
        }
    }

    /// Finds out what the client speaks, and shakes hands where that is TLS. `None` when it is over with the connection.
    async fn begin(&self, stream: TcpStream, client: IpAddr) -> Option<(Stream, Version)> {
        // One that says nothing goes without a word: browsers open connections in advance.
        let opening = tokio::time::timeout(self.stall_timeout, opening(&stream)).await.ok()?;
        match (opening, &self.tls) {
            (Opening::Closed, _) => None,
            (Opening::Tls, Some(tls)) => self.secure(tls, stream, client).await,
            (_, Some(_)) => {
                self.refuse(Stream::Plain(stream), Refusal::NotTls, client).await;
                None
            }
            (Opening::Http2, None) => Some((Stream::Plain(stream), Version::Http2)),
            (Opening::Http1 | Opening::Tls, None) => Some((Stream::Plain(stream), Version::Http1)),
        }
    }

    async fn secure(&self, tls: &Tls, stream: TcpStream, client: IpAddr) -> Option<(Stream, Version)> {
        match tls.accept(stream, client, self.stall_timeout).await {
            Ok(stream) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let version = if is_http2 { Version::Http2 } else { Version::Http1 };
                Some((Stream::Tls(Box::new(stream)), version))
            }
            Err(stream) => {
                if let Some(stream) = stream {
                    linger(&mut Stream::Plain(stream)).await;
                }
                None
            }
        }
    }

    /// Answers what cannot become a request, and ends the connection.
    async fn refuse(&self, mut stream: Stream, refusal: Refusal, client: IpAddr) {
        self.tell(&mut stream, refusal, client).await;
        linger(&mut stream).await;
    }

    async fn serve_http2(&self, stream: Stream, client: IpAddr, mut stopped: watch::Receiver<bool>) {
        let progress = Arc::new(Progress::default());
        let socket = Socket::new(stream, progress, self.stall_timeout, self.measures.clone()).passing_all();
        let requests = http2::Requests::default();
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(ClientAddress(client));
            let (refusal, mut router) = (Refusal::of_host(&request), self.router.clone());
            http2::name_host(&mut request);
            let (open, measures) = (requests.begin(), self.measures.clone());
            async move {
                let response = match refusal {
                    None => router.call(request).await,
                    Some(refusal) => {
                        note(refusal, client, &measures);
                        Ok(refusal.answer_within())
                    }
                };
                response.map(|response| response.map(|body| open.until_end_of(body)))
            }
        });
        let mut connection = self.http2.serve_connection(TokioIo::new(socket), service);
        let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
        tokio::select! {
            _ = &mut connection => return,
            () = stop => {}
            () = requests.idle(self.stall_timeout) => {}
        }
        Pin::new(&mut connection).graceful_shutdown();
        // Who has not even finished the handshake would not hear of it.
        tokio::select! {
            _ = &mut connection => {}
            () = requests.idle(self.stall_timeout) => {}
        }
    }

    async fn serve_http1(
        &self,
        stream: Stream,
        client: IpAddr,
        mut stopped: watch::Receiver<bool>,
    ) -> Option<BoxFuture<'static, ()>> {
        let progress = Arc::new(Progress::default());
        let socket = Socket::new(stream, progress.clone(), self.stall_timeout, self.measures.clone());
        let io = TokioIo::new(socket);
        let takeover = Takeover::default();
        let service = service_fn(|mut request: Request<Incoming>| {
            progress.set_asked();
            request.extensions_mut().insert(ClientAddress(client));
            request.extensions_mut().insert(takeover.clone());
            let (refusal, mut router) = (Refusal::of_host(&request), self.router.clone());
            async move {
                match refusal {
                    None => router.call(request).await,
                    Some(refusal) => {
                        note(refusal, client, &self.measures);
                        Ok(refusal.answer())
                    }
                }
            }
        });
        let mut connection = self.http.serve_connection(io, service);
        let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
        let ended = tokio::select! {
            result = &mut connection => Some(result),
            () = stop => None,
        };
        let result = match ended {
            Some(result) => result,
            None => {
                Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        let parts = connection.into_parts();
        let mut stream = parts.io.into_inner().into_stream();
        if let Some(next) = takeover.take().filter(|_| result.is_ok()) {
            let stream = Box::new(Counted::new(stream, self.measures.clone()));
            return Some(next(Taken { stream, read: parts.read_buf }));
        }
        if let Some(refusal) = result.err().and_then(|error| Refusal::of(&error, &progress)) {
            self.tell(&mut stream, refusal, client).await;
        }
        let is_stopping = *stopped.borrow();
        match is_stopping {
            true => end(&mut stream).await,
            false => linger(&mut stream).await,
        }
        None
    }

    async fn tell(&self, stream: &mut Stream, refusal: Refusal, client: IpAddr) {
        note(refusal, client, &self.measures);
        let answer = refusal.to_bytes().await;
        let _ = tokio::time::timeout(LINGER, stream.write_all(&answer)).await;
    }

    /// Answers a connection for which there is no place, if it comes to ask.
    pub(super) async fn turn_away(&self, stream: TcpStream, client: IpAddr) {
        if let Ok(Some((stream, _))) = tokio::time::timeout(LINGER, self.begin(stream, client)).await {
            self.refuse(stream, Refusal::Crowded, client).await;
        }
    }
}

/// Counts and logs what did not become a request.
fn note(refusal: Refusal, client: IpAddr, measures: &Measures) {
    measures.count_refusal(refusal);
    tracing::info!(target: "http", %client, reason = refusal.reason(), "refused before it was a request");
}

/// Keeps the system from taking over megabytes that a client does not read: a thousand of them would fill the machine's memory, where no bound of ours
/// counts. What is on its way has no such bound, so that far clients are served as fast.
fn bound_unsent(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    // A system that does not know the option sends as before.
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

/// Says that nothing more comes. Within TLS that is a message, which a client may leave unread.
async fn end(stream: &mut Stream) {
    let _ = tokio::time::timeout(LINGER, stream.shutdown()).await;
}

/// Ends the connection, and reads what the client still sends, for a while. A socket that is closed with unread bytes in it resets the connection,
/// and the client would lose the answer that explains why.
async fn linger(stream: &mut Stream) {
    end(stream).await;
    let mut rest = stream.take(LINGER_BYTES);
    let _ = tokio::time::timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
}
