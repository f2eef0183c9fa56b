//! WebSocket (RFC 6455) as far as a load generator needs it: a handshake, short texts to the server, and frames from it that are not fragmented.

/// The bits of a first byte: the end of a message, and what it is.
const FINAL_TEXT: u8 = 0x81;
const FINAL_PING: u8 = 0x89;
const MASKED: u8 = 0x80;

/// Asks for a socket. The key is that of the RFC's example: nobody looks at what the server makes of it.
pub(crate) fn handshake(target: &str, token: &str) -> Vec<u8> {
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    head.into_bytes()
}

/// A text from a client. Its mask is zero, so that what is in it can be changed as it is.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("texts here are short");
    let mut frame = vec![FINAL_TEXT];
    match u8::try_from(length) {
        Ok(short) if short < 126 => frame.push(MASKED | short),
        _ => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// The first text among these frames of a server, when all of it is there. Pings are passed over.
pub(crate) fn first_text(mut bytes: &[u8]) -> Result<Option<&[u8]>, String> {
    while let Some((kind, payload, rest)) = frame(bytes) {
        match kind {
            FINAL_TEXT => return Ok(Some(payload)),
            FINAL_PING => bytes = rest,
            _ => return Err(format!("a frame of kind {kind:#x}: {}", String::from_utf8_lossy(payload))),
        }
    }
    Ok(None)
}

/// The first byte of a frame, what is in it, and what is behind it.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, start): (usize, usize) = match *bytes.get(1)? {
        126 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 4),
        127 => {
            let length: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (usize::try_from(u64::from_be_bytes(length)).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(start..start.checked_add(length)?)?;
    Some((bytes[0], payload, &bytes[start + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_behind_pings_when_it_is_whole() {
        for length in [5, 125, 126, 300, 65_535] {
            // A client's frame without its mask is a server's.
            let said = text(&"x".repeat(length));
            let head = if length < 126 { 2 } else { 4 };
            let mut told = [&[FINAL_PING, 0][..], &said[..head], &said[head + 4..]].concat();
            told[3] &= !MASKED;
            assert_eq!(first_text(&told), Ok(Some("x".repeat(length).as_bytes())), "{length}");
            assert_eq!(first_text(&told[..told.len() - 1]), Ok(None), "{length}");
        }
        assert!(first_text(&[0x88, 0]).is_err(), "the server closes");
    }
}
