//! Finding the events in a stream, a read at a time.

use memchr::memmem::Finder;
use std::io::Read;

/// What an event of a new message has, once. JSON has no line breaks, so no message can look like it.
pub(crate) const EVENT: &[u8] = b"\nevent: enter\n";
/// What a stream begins with once it is at work.
pub(crate) const READY: &[u8] = b"\nevent: ready\n";
/// Of an event that ends in the next read, at most this much is in this one.
const KEPT: usize = EVENT.len() - 1;
const BUFFER_BYTES: usize = 64 << 10;

/// Where all streams are read into. Before each read, what the stream had at its end is put in front.
pub(crate) struct Scanner {
    finder: Finder<'static>,
    buffer: Vec<u8>,
}

/// The end of what a stream has brought so far.
#[derive(Default)]
pub(crate) struct Tail {
    bytes: [u8; KEPT],
    length: usize,
}

impl Tail {
    /// For an error message.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.length]).into_owned()
    }
}

impl Scanner {
    /// With an empty buffer.
    pub(crate) fn new() -> Self {
        Scanner { finder: Finder::new(EVENT), buffer: vec![0; KEPT + BUFFER_BYTES] }
    }

    /// Reads what is there, and answers how many events it completes. A socket that has nothing more brings none.
    pub(crate) fn read(&mut self, stream: &mut impl Read, tail: &mut Tail) -> Result<u64, String> {
        let mut events = 0;
        loop {
            let start = KEPT - tail.length;
            self.buffer[start..KEPT].copy_from_slice(&tail.bytes[..tail.length]);
            let count = match stream.read(&mut self.buffer[KEPT..]) {
                Ok(0) => return Err(format!("a stream ended, behind {:?}", tail.text())),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(events),
                Err(error) => return Err(format!("a stream: {error}")),
            };
            let text = &self.buffer[start..KEPT + count];
            events += self.finder.find_iter(text).count() as u64;
            let kept = &text[text.len().saturating_sub(KEPT)..];
            tail.bytes[..kept.len()].copy_from_slice(kept);
            tail.length = kept.len();
            // See epoll(7), questions and answers, 9: a read that is not full has emptied the socket.
            if count < BUFFER_BYTES {
                return Ok(events);
            }
        }
    }
}

/// The size of the first event, from its `id:` to the empty line behind it.
pub(crate) fn first_event_bytes(stream: &mut impl Read) -> Result<usize, String> {
    let mut text = Vec::new();
    loop {
        read_more(stream, &mut text)?;
        if let Some(bytes) = event_bytes(&text) {
            return Ok(bytes);
        }
    }
}

/// Reads until the stream says that it is at work.
pub(crate) fn wait_until_ready(stream: &mut impl Read) -> Result<(), String> {
    let mut text = Vec::new();
    while !contains(&text, READY) || !text.ends_with(b"\r\n") {
        read_more(stream, &mut text)?;
        let is_refused = text.len() > 12 && !text.starts_with(b"HTTP/1.1 200");
        if is_refused {
            return Err(format!("a watch was refused: {}", String::from_utf8_lossy(&text)));
        }
    }
    Ok(())
}

fn read_more(stream: &mut impl Read, text: &mut Vec<u8>) -> Result<(), String> {
    let mut part = [0; 4_096];
    let count = stream.read(&mut part).map_err(|error| format!("a stream: {error}"))?;
    text.extend_from_slice(&part[..count]);
    if count == 0 { Err(format!("a stream ended: {}", String::from_utf8_lossy(text))) } else { Ok(()) }
}

fn event_bytes(text: &[u8]) -> Option<usize> {
    let at = memchr::memmem::find(text, EVENT)?;
    let end = at + memchr::memmem::find(&text[at..], b"\n\n")? + 2;
    let start = memchr::memmem::rfind(&text[..at], b"id:")?;
    Some(end - start)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Brings its parts, one at each read.
    struct Parts<'a>(std::slice::Iter<'a, &'a [u8]>);

    impl Read for Parts<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some(part) = self.0.next() else { return Err(std::io::ErrorKind::WouldBlock.into()) };
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    #[test]
    fn events_are_found_wherever_a_read_ends() {
        let text = b"5\r\nid: a\nevent: enter\ndata: {}\n\n\r\n5\r\nid: b\nevent: enter\ndata: {}\n\n\r\n";
        for first in 0..text.len() {
            for second in first..text.len() {
                let parts = [&text[..first], &text[first..second], &text[second..]];
                let parts: Vec<&[u8]> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                let (mut scanner, mut tail, mut stream) =
                    (Scanner::new(), Tail::default(), Parts(parts.iter()));
                let found: u64 = parts.iter().map(|_| scanner.read(&mut stream, &mut tail).unwrap()).sum();
                assert_eq!(found, 2, "{first} {second}");
            }
        }
    }

    #[test]
    fn other_events_and_comments_are_none() {
        let parts: [&[u8]; 1] =
            [b"id: a\nevent: ready\ndata: {}\n\n:\n\nid: b\nevent: entertain\ndata: {}\n\n"];
        let found = Scanner::new().read(&mut Parts(parts.iter()), &mut Tail::default());
        assert_eq!(found, Ok(0));
    }

    #[test]
    fn a_stream_that_ends_is_an_error() {
        let found = Scanner::new().read(&mut std::io::empty(), &mut Tail::default());
        assert!(found.is_err_and(|error| error.contains("ended")));
        assert!(wait_until_ready(&mut &b"HTTP/1.1 200 OK\r\n\r\n"[..]).is_err());
    }

    #[test]
    fn a_refusal_is_told() {
        let refused = wait_until_ready(&mut &b"HTTP/1.1 401 Unauthorized\r\n\r\n{\"code\":\"x\"}"[..]);
        assert!(refused.is_err_and(|error| error.contains("401")));
    }

    #[test]
    fn an_event_is_measured_from_its_id_to_its_end() {
        let event = "id: b\nevent: enter\ndata: {}\n\n";
        let stream =
            format!("HTTP/1.1 200 OK\r\n\r\n5\r\nid: a\nevent: ready\ndata: {{}}\n\n\r\n5\r\n{event}\r\n");
        assert_eq!(first_event_bytes(&mut stream.as_bytes()), Ok(event.len()));
    }
}
