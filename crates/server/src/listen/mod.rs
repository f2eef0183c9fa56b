//! The listener: connections in, requests to the API, answers out.
//!
//! A connection begins in HTTP/1.1 or, with the preface that says so, in HTTP/2, which gRPC needs and everything else may use; within TLS the
//! handshake says which (ALPN). It runs hyper's HTTP/1 connections itself, since they alone give the stream back after a fault: what the API
//! never sees (a header that is too large, too slow or not HTTP) is then answered in the API's own form. Whatever waits has a bound: the number
//! of connections, the time a handshake and a header take, the time a client may leave an answer unread, the time of a shutdown.

mod connection;
mod counted;
mod crowd;
mod descriptors;
mod http2;
mod measures;
mod opening;
mod refusal;
mod socket;
mod stream;

use crate::failure::Failure;
use crate::tls::Tls;
use axum::Router;
use crowd::Crowd;
use descriptors::Shortage;
use mainstay_model::Config;
use measures::Slot;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

pub(crate) use measures::Measures;
pub(crate) use refusal::refused;

/// What a listener is run with.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The largest header in bytes, the request line included.
    pub(crate) header_bytes: usize,
    /// How long a header may take to arrive, how long a connection may idle between requests, and how long a client may leave
    /// an answer unread.
    pub(crate) stall_timeout: Duration,
    /// How long requests in flight may take to end after a stop.
    pub(crate) shutdown_timeout: Duration,
    /// The most connections at once. When they are all taken, new ones wait for a moment, in the system's queue, and are then answered
    /// that it is crowded.
    pub(crate) max_connections: usize,
    /// The TLS that it speaks; else it is plain HTTP.
    pub(crate) tls: Option<Arc<Tls>>,
    /// What it counts.
    pub(crate) measures: Arc<Measures>,
}

impl Options {
    /// The options that a project sets, as far as the system allows; without TLS.
    pub(crate) fn of(config: &Config) -> Self {
        Options {
            header_bytes: config.limits.header_bytes,
            stall_timeout: Duration::from_millis(config.server.request_timeout_ms),
            shutdown_timeout: Duration::from_millis(config.server.shutdown_timeout_ms),
            max_connections: descriptors::affordable(config.server.max_connections)
                .clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)),
            tls: None,
            measures: Arc::default(),
        }
    }
}

/// A bound port.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// All requests were answered.
    Drained,
    /// Connections were cut when the time was up.
    Cut {
        /// How many.
        connections: usize,
    },
}

impl Listener {
    /// Takes the port. Must be called within a runtime.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let socket = bind(address).map_err(|error| cannot_bind(address, &error))?;
        let address = socket.local_addr().map_err(|error| cannot_bind(address, &error))?;
        Ok(Listener { socket, address })
    }

    /// Where it listens, with the port that the system chose where 0 was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, and then until the requests in flight are answered.
    pub(crate) async fn serve(
        self,
        router: Router,
        options: Options,
        stop: impl Future<Output = ()>,
    ) -> Stopped {
        let slots = Arc::new(Semaphore::new(options.max_connections));
        options.measures.limit.set(options.max_connections as u64);
        let (stopping, stopped) = watch::channel(false);
        let server = Arc::new(connection::Server::new(router, &options));
        let accept = self.accept_all(&server, &slots, &stopped, options.max_connections);
        tokio::select! {
            () = accept => {}
            () = stop => {}
        }
        // From here on nobody is accepted: the socket is gone, and other programs can take the port.
        drop(self.socket);
        stopping.send_replace(true);
        drain(&slots, &options).await
    }

    async fn accept_all(
        &self,
        server: &Arc<connection::Server>,
        slots: &Arc<Semaphore>,
        stopped: &watch::Receiver<bool>,
        max_connections: usize,
    ) {
        let mut shortage = Shortage::default();
        let mut crowd = Crowd::new(slots.clone(), max_connections);
        loop {
            let (stream, peer) = self.accept(&mut shortage).await;
            let (server, client) = (server.clone(), peer.ip().to_canonical());
            if let Some(place) = crowd.place().await {
                let slot = Slot::take(place, server.measures.clone());
                let stopped = stopped.clone();
                tokio::spawn(async move {
                    // A socket lasts for days, and what HTTP needs is some KiB: it is given back.
                    let next = Box::pin(server.serve(stream, client, stopped)).await;
                    if let Some(next) = next {
                        next.await;
                    }
                    drop(slot);
                });
            } else if let Some(leave) = crowd.may_tell() {
                tokio::spawn(async move {
                    server.turn_away(stream, client).await;
                    drop(leave);
                });
            }
        }
    }

    /// The next connection. A shortage (of file descriptors, say) is waited out: connections that end will mend it.
    async fn accept(&self, shortage: &mut Shortage) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => {
                    shortage.is_over();
                    return accepted;
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    let (pause, is_due) = shortage.goes_on(Instant::now());
                    if is_due {
                        tracing::error!(%error, "cannot accept connections; they wait");
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without it a restart has to wait until the last connections of the process before are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1_024)
}

fn cannot_bind(address: SocketAddr, error: &io::Error) -> Failure {
    let choose = "choose another address with `--listen ADDR`, or with `server.listen` in mainstay.toml; port 0 takes a free one";
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            Failure::new("port_taken", format!("{address} is taken by another program")).hint(choose)
        }
        io::ErrorKind::PermissionDenied => {
            let message = format!("{address} may not be listened on: ports below 1024 need a privilege");
            Failure::new("port_forbidden", message).hint(choose)
        }
        _ => Failure::new("cannot_listen", format!("cannot listen on {address}: {error}")).hint(choose),
    }
}

/// A client that went away between its knock and our answer is nobody's fault.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Every connection holds a slot until it ends, so all have ended when all slots are free.
async fn drain(slots: &Semaphore, options: &Options) -> Stopped {
    let all = u32::try_from(options.max_connections).unwrap_or(u32::MAX);
    match tokio::time::timeout(options.shutdown_timeout, slots.acquire_many(all)).await {
        Ok(_) => Stopped::Drained,
        Err(_) => Stopped::Cut { connections: options.max_connections - slots.available_permits() },
    }
}
