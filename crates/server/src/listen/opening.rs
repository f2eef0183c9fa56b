//! How a connection begins.

use std::time::Duration;
use tokio::net::TcpStream;

/// How the preface of HTTP/2 begins (RFC 9113, 3.4). No method of HTTP/1 does.
const PREFACE: &[u8] = b"PRI ";
/// The first byte of a TLS handshake (RFC 8446, 5.1). No text begins with it.
const HANDSHAKE: u8 = 0x16;
/// How long to wait for the rest of what may become the preface, and how often. Hardly anybody sends less than all of it at once.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSES: usize = 20;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// With a request of HTTP/1, or something that is none.
    Http1,
    /// With the preface of HTTP/2.
    Http2,
    /// With a handshake of TLS.
    Tls,
    /// With its end.
    Closed,
}

/// Looks at the first bytes of a connection, and leaves them where they are.
pub(super) async fn opening(stream: &TcpStream) -> Opening {
    let mut bytes = [0; PREFACE.len()];
    for _ in 0..PAUSES {
        match stream.peek(&mut bytes).await {
            Ok(0) | Err(_) => return Opening::Closed,
            Ok(length) => match told(&bytes[..length]) {
                Some(opening) => return opening,
                // What is peeked at is readable at once each time, so that waiting takes a pause.
                None => tokio::time::sleep(PAUSE).await,
            },
        }
    }
    Opening::Http1
}

/// What the first bytes tell; `None` where more of them are needed.
fn told(bytes: &[u8]) -> Option<Opening> {
    if bytes.first() == Some(&HANDSHAKE) {
        return Some(Opening::Tls);
    }
    if !PREFACE.starts_with(bytes) {
        return Some(Opening::Http1);
    }
    (bytes.len() == PREFACE.len()).then_some(Opening::Http2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_by_their_first_bytes() {
        for text in ["G", "GET ", "POST", "PUT ", "PATC", "PRX"] {
            assert_eq!(told(text.as_bytes()), Some(Opening::Http1), "{text}");
        }
        for text in ["P", "PR", "PRI"] {
            assert_eq!(told(text.as_bytes()), None, "{text}");
        }
        assert_eq!(told(b"PRI "), Some(Opening::Http2));
        assert_eq!(told(b"\x16"), Some(Opening::Tls));
        assert_eq!(told(b"\x16\x03\x01\x02"), Some(Opening::Tls));
    }
}
