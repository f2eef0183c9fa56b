//! A connection in HTTP/2, from the first byte on.

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How long a call may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the program.
pub(crate) struct Connection {
    runtime: Runtime,
    requests: SendRequest<Bytes>,
}

/// What a call was answered.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) http_status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

/// A stream of messages.
pub(crate) struct Stream<'a> {
    connection: &'a Connection,
    body: h2::RecvStream,
    bytes: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let requests = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.unwrap();
            let (requests, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            requests
        });
        Connection { runtime, requests }
    }

    /// Calls a method with one message.
    pub(crate) fn call(&self, path: &str, metadata: &[(&str, &str)], message: &[u8]) -> Called {
        self.send(path, &[&[("content-type", "application/grpc")], metadata].concat(), frame(message))
    }

    /// Sends a request as it is.
    pub(crate) fn send(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Called {
        self.runtime.block_on(async {
            let response = self.begin(path, headers, body).await;
            let (parts, mut body) = response.into_parts();
            let mut bytes = Vec::new();
            while let Some(data) = tokio::time::timeout(PATIENCE, body.data()).await.unwrap() {
                let data = data.unwrap();
                body.flow_control().release_capacity(data.len()).unwrap();
                bytes.extend(data);
            }
            let trailers = body.trailers().await.unwrap().unwrap_or_default();
            Called { http_status: parts.status.as_u16(), headers: parts.headers, body: bytes, trailers }
        })
    }

    /// Calls a method that answers a stream.
    pub(crate) fn stream(&self, path: &str, metadata: &[(&str, &str)], message: &[u8]) -> Stream<'_> {
        let headers = [&[("content-type", "application/grpc")], metadata].concat();
        let response = self.runtime.block_on(self.begin(path, &headers, frame(message)));
        Stream { connection: self, body: response.into_body(), bytes: Vec::new() }
    }

    async fn begin(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response<h2::RecvStream> {
        let request = Request::post(format!("http://test{path}")).header("te", "trailers");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (response, mut sending) = requests.send_request(request.body(()).unwrap(), false).unwrap();
        // Who is refused at once may hear of it before everything is sent.
        let _ = sending.send_data(Bytes::from(body), true);
        tokio::time::timeout(PATIENCE, response).await.expect("an answer in time").unwrap()
    }
}

impl Called {
    /// `grpc-status`, be it in the header or behind the messages.
    pub(crate) fn status(&self) -> i32 {
        self.trailer("grpc-status").expect("an answer of gRPC has a status").parse().unwrap()
    }

    pub(crate) fn trailer(&self, name: &str) -> Option<String> {
        let value = self.trailers.get(name).or_else(|| self.headers.get(name))?;
        Some(value.to_str().unwrap().to_owned())
    }

    /// The messages.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        let mut bytes = self.body.clone();
        std::iter::from_fn(|| take_message(&mut bytes)).collect()
    }
}

impl Stream<'_> {
    /// The next message; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        self.connection.runtime.block_on(async {
            loop {
                if let Some(message) = take_message(&mut self.bytes) {
                    return Some(message);
                }
                let data =
                    tokio::time::timeout(PATIENCE, self.body.data()).await.expect("an event in time")?;
                let data = data.unwrap();
                self.body.flow_control().release_capacity(data.len()).unwrap();
                self.bytes.extend(data);
            }
        })
    }

    /// The status behind the last message.
    pub(crate) fn status(&mut self) -> i32 {
        let trailers = self.connection.runtime.block_on(self.body.trailers()).unwrap().unwrap();
        trailers["grpc-status"].to_str().unwrap().parse().unwrap()
    }
}

/// A message in its frame.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

fn take_message(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().unwrap()) as usize;
    let rest = bytes.get(5..5 + length)?.to_vec();
    bytes.drain(..5 + length);
    Some(rest)
}
