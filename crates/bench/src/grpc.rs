//! gRPC as far as a load generator needs it: one call after the other, on a connection in HTTP/2.

use crate::http::Answer;
use h2::client::SendRequest;
use http::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// The bytes before a message: whether it is compressed, and its length.
const FRAME_HEAD: usize = 5;

/// What is called, and who calls.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `/chat.v1.MessageService/Get`
    pub(crate) path: &'static str,
    /// The access token.
    pub(crate) token: String,
}

/// A connection on which one method is called.
pub(crate) struct Channel {
    requests: SendRequest<axum::body::Bytes>,
    head: Request<()>,
    body: Vec<u8>,
}

impl Channel {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr, call: &Call) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let (requests, connection) =
            h2::client::handshake(stream).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let head = Request::post(format!("http://127.0.0.1{}", call.path))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", format!("Bearer {}", call.token))
            .body(())
            .map_err(|error| error.to_string())?;
        Ok(Channel { requests, head, body: Vec::new() })
    }

    /// Calls with a message in its frame, and waits for the whole of the answer. Its status is 200 where the call's is `OK`, else 500.
    pub(crate) async fn exchange(&mut self, frame: &[u8]) -> Result<Answer<'_>, String> {
        let failed = |error: h2::Error| format!("calling: {error}");
        let mut requests = self.requests.clone().ready().await.map_err(failed)?;
        let (response, mut sending) = requests.send_request(self.head.clone(), false).map_err(failed)?;
        sending.send_data(frame.to_vec().into(), true).map_err(failed)?;
        let mut body = response.await.map_err(failed)?.into_body();
        self.body.clear();
        while let Some(data) = body.data().await {
            let data = data.map_err(failed)?;
            body.flow_control().release_capacity(data.len()).map_err(failed)?;
            self.body.extend_from_slice(&data);
        }
        let trailers = body.trailers().await.map_err(failed)?.unwrap_or_default();
        let is_good = trailers.get("grpc-status").is_some_and(|status| status == "0");
        Ok(Answer { status: if is_good { 200 } else { 500 }, body: &self.body })
    }
}

/// A message in its frame.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// A text as a field of a message.
pub(crate) fn text(number: u8, text: &str) -> Vec<u8> {
    [&[number << 3 | 2][..], &length(text.len()), text.as_bytes()].concat()
}

fn length(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes
}

/// What is told of an answer: whether it `holds` the value that was asked for, and how many `items` it has, which are its fields of number 1.
pub(crate) fn told(body: &[u8], value: &str) -> Value {
    let message = body.get(FRAME_HEAD..).unwrap_or_default();
    let holds = !value.is_empty() && message.windows(value.len()).any(|part| part == value.as_bytes());
    json!({"holds": holds, "items": items(message).unwrap_or_default()})
}

fn items(mut message: &[u8]) -> Option<usize> {
    let mut count = 0;
    while message.first() == Some(&0x0a) {
        let end = 2 + message[1..].iter().position(|byte| byte & 0x80 == 0)?;
        let digits = message[1..end].iter().rev();
        let length = digits.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
        message = message.get(end + length..)?;
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_holds_is_found() {
        let long = "x".repeat(200);
        let message = [text(1, "a"), text(1, &long), text(2, "next")].concat();
        assert_eq!(told(&frame(&message), &long), json!({"holds": true, "items": 2}));
        assert_eq!(told(&frame(&message), "b"), json!({"holds": false, "items": 2}));
        assert_eq!(told(&[], ""), json!({"holds": false, "items": 0}));
    }
}
