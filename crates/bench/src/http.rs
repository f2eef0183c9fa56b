//! HTTP/1.1 as far as a load generator needs it: one request, one answer, on a connection that stays open.
//!
//! It is made to be cheap, since it shares the machine with what it measures: requests come as bytes, and of an answer
//! only the status and the length are read.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Larger answers are none of ours.
const MAX_ANSWER_BYTES: usize = 16 << 20;
const FIRST_BUFFER_BYTES: usize = 16 << 10;

/// An open connection and its buffer.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as far as it was looked at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    bytes: usize,
    body_bytes: usize,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Connection { stream, buffer: vec![0; FIRST_BUFFER_BYTES] })
    }

    /// Sends a request and waits for the whole of its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        self.stream.write_all(request).await.map_err(|error| format!("sending: {error}"))?;
        let mut filled = 0;
        let head = loop {
            filled += self.read_more(filled).await?;
            if let Some(head) = head(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head.bytes + head.body_bytes;
        while filled < end {
            filled += self.read_more(filled).await?;
        }
        if filled > end {
            return Err("the answer is longer than it says".to_owned());
        }
        Ok(Answer { status: head.status, body: &self.buffer[head.bytes..end] })
    }

    async fn read_more(&mut self, filled: usize) -> Result<usize, String> {
        if filled == self.buffer.len() {
            if filled >= MAX_ANSWER_BYTES {
                return Err(format!("an answer has more than {MAX_ANSWER_BYTES} bytes"));
            }
            self.buffer.resize(2 * filled, 0);
        }
        match self.stream.read(&mut self.buffer[filled..]).await {
            Ok(0) => Err("the connection was closed within an answer".to_owned()),
            Ok(count) => Ok(count),
            Err(error) => Err(format!("receiving: {error}")),
        }
    }
}

/// The answer that these bytes begin with, when all of it is there.
pub(crate) fn complete(bytes: &[u8]) -> Result<Option<Answer<'_>>, String> {
    let Some(head) = head(bytes)? else { return Ok(None) };
    let body = bytes.get(head.bytes..head.bytes + head.body_bytes);
    Ok(body.map(|body| Answer { status: head.status, body }))
}

/// Whether these bytes are all of a request.
pub(crate) fn is_whole_request(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    bytes.len() >= end + 4 + length(&bytes[..end]).unwrap_or(0)
}

/// The head, when all of it is there.
fn head(bytes: &[u8]) -> Result<Option<Head>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = parse_head(&bytes[..end], end + 4);
    head.map(Some)
        .ok_or_else(|| format!("not an answer with a length: {}", String::from_utf8_lossy(&bytes[..end])))
}

fn parse_head(head: &[u8], bytes: usize) -> Option<Head> {
    let status = number(head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?)?;
    Some(Head { status: u16::try_from(status).ok()?, bytes, body_bytes: length(head)? })
}

/// What a head says of the length of the body.
fn length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let length =
        lines.find(|line| line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME))?;
    number(&length[NAME.len()..])
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

/// The bytes of a request. `body` is JSON; `None` sends none.
pub(crate) fn request(method: &str, target: &str, token: Option<&str>, body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if let Some(token) = token {
        text.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Option<(u16, usize, usize)>) {
        let expected = expected.map(|(status, bytes, body_bytes)| Head { status, bytes, body_bytes });
        assert_eq!(head(answer.as_bytes()), Ok(expected), "{answer}");
    }

    #[test]
    fn a_head_says_where_the_body_is() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Some((200, 38, 2)));
        check("HTTP/1.1 201 Created\r\nA: b\r\nContent-Length:0\r\nC: d\r\n\r\n", Some((201, 54, 0)));
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", None);
        check("", None);
    }

    #[test]
    fn a_request_is_whole_with_its_body() {
        for (bytes, expected) in [
            ("GET / HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.1\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{", false),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", true),
        ] {
            assert_eq!(is_whole_request(bytes.as_bytes()), expected, "{bytes}");
        }
    }

    #[test]
    fn an_answer_is_there_with_its_last_byte() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        for end in 0..text.len() {
            assert_eq!(complete(&text[..end]), Ok(None), "{end}");
        }
        assert_eq!(complete(text), Ok(Some(Answer { status: 200, body: b"{}" })));
    }

    #[test]
    fn what_has_no_length_is_no_answer() {
        for answer in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 2\r\n\r\n",
            "SSH-2.0\r\n\r\n",
        ] {
            assert!(head(answer.as_bytes()).is_err(), "{answer}");
        }
    }

    #[test]
    fn a_request_has_what_it_needs() {
        let check =
            |request: Vec<u8>, expected: &str| assert_eq!(String::from_utf8_lossy(&request), expected);
        check(request("GET", "/x", None, None), "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        check(
            request("POST", "/x", Some("t"), Some("{}")),
            "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer t\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        );
    }
}
