//! Finding the events in a stream, a read at a time.

use super::wire::Wire;
use memchr::memmem::Finder;
use std::io::Read;

/// Of what tells an event, at most this much is in one read when the rest is in the next.
const KEPT: usize = 16;
const BUFFER_BYTES: usize = 64 << 10;

/// Where all streams are read into. Before each read, what the stream had at its end is put in front.
pub(crate) struct Scanner {
    finder: Finder<'static>,
    /// How much of a stream's end may be the begin of an event.
    kept: usize,
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
    pub(crate) fn new(wire: Wire) -> Self {
        let kept = wire.event().len() - 1;
        assert!(kept <= KEPT, "what tells an event is short");
        Scanner { finder: Finder::new(wire.event()), kept, buffer: vec![0; KEPT + BUFFER_BYTES] }
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
            let kept = &text[text.len().saturating_sub(self.kept)..];
            tail.bytes[..kept.len()].copy_from_slice(kept);
            tail.length = kept.len();
            // See epoll(7), questions and answers, 9: a read that is not full has emptied the socket.
            if count < BUFFER_BYTES {
                return Ok(events);
            }
        }
    }
}

/// The size of the first event.
pub(crate) fn first_event_bytes(stream: &mut impl Read, wire: Wire) -> Result<usize, String> {
    let mut text = Vec::new();
    loop {
        read_more(stream, &mut text)?;
        if let Some(bytes) = wire.event_bytes(&text)? {
            return Ok(bytes);
        }
    }
}

/// Reads until the server has agreed to a socket.
pub(crate) fn wait_until_open(stream: &mut impl Read) -> Result<(), String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        read_more(stream, &mut text)?;
    }
    require(text.starts_with(b"HTTP/1.1 101"), &text)
}

/// Reads until the stream says that it is at work.
pub(crate) fn wait_until_ready(stream: &mut impl Read, wire: Wire) -> Result<(), String> {
    let (mut text, (ready, end)) = (Vec::new(), wire.ready());
    while !contains(&text, ready) || !text.ends_with(end) {
        read_more(stream, &mut text)?;
        require(!wire.is_refused(&text), &text)?;
    }
    Ok(())
}

fn require(is_good: bool, answer: &[u8]) -> Result<(), String> {
    if is_good { Ok(()) } else { Err(format!("a watch was refused: {}", String::from_utf8_lossy(answer))) }
}

fn read_more(stream: &mut impl Read, text: &mut Vec<u8>) -> Result<(), String> {
    let mut part = [0; 4_096];
    let count = stream.read(&mut part).map_err(|error| format!("a stream: {error}"))?;
    text.extend_from_slice(&part[..count]);
    if count == 0 { Err(format!("a stream ended: {}", String::from_utf8_lossy(text))) } else { Ok(()) }
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
        check(
            Wire::Events,
            b"5\r\nid: a\nevent: enter\ndata: {}\n\n\r\n5\r\nid: b\nevent: enter\ndata: {}\n\n\r\n",
        );
        check(Wire::Channel, b"[{\"event\":\"message\",\"data\":{}},{\"event\":\"message\",\"data\":1}]");
    }

    /// Finds two events, wherever the text is cut.
    fn check(wire: Wire, text: &[u8]) {
        for first in 0..text.len() {
            for second in first..text.len() {
                let parts = [&text[..first], &text[first..second], &text[second..]];
                let parts: Vec<&[u8]> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                let (mut scanner, mut tail, mut stream) =
                    (Scanner::new(wire), Tail::default(), Parts(parts.iter()));
                let found: u64 = parts.iter().map(|_| scanner.read(&mut stream, &mut tail).unwrap()).sum();
                assert_eq!(found, 2, "{first} {second}");
            }
        }
    }

    #[test]
    fn other_events_and_comments_are_none() {
        let parts: [&[u8]; 1] =
            [b"id: a\nevent: ready\ndata: {}\n\n:\n\nid: b\nevent: entertain\ndata: {}\n\n"];
        let found = Scanner::new(Wire::Events).read(&mut Parts(parts.iter()), &mut Tail::default());
        assert_eq!(found, Ok(0));
    }

    #[test]
    fn a_stream_that_ends_is_an_error() {
        let found = Scanner::new(Wire::Events).read(&mut std::io::empty(), &mut Tail::default());
        assert!(found.is_err_and(|error| error.contains("ended")));
        assert!(wait_until_ready(&mut &b"HTTP/1.1 200 OK\r\n\r\n"[..], Wire::Events).is_err());
    }

    #[test]
    fn a_refusal_is_told() {
        let answer = b"HTTP/1.1 401 Unauthorized\r\n\r\n";
        let refused = [wait_until_ready(&mut &answer[..], Wire::Events), wait_until_open(&mut &answer[..])];
        refused.into_iter().for_each(|refused| assert!(refused.is_err_and(|error| error.contains("401"))));
        let refused = wait_until_ready(&mut &b"{\"id\":1,\"error\":{\"status\":403}}"[..], Wire::Channel);
        assert!(refused.is_err_and(|error| error.contains("403")));
    }
}
