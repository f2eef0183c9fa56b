//! The bare loop: a process that holds the watchers' sockets and, when it is told something, writes the same bytes to each.
//!
//! What it was told meanwhile it merges into one write for each socket. It looks at nothing: no token, no filter, no message.

use crate::http::is_whole_request;
use crate::load::Target;
use crate::process::Guard;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::process::Stdio;
use std::thread;

const LISTENER: Token = Token(0);
/// The head of every stream, and what says that it is at work.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const READY: &str = "id: 0\nevent: ready\ndata: {}\n\n";

/// The loop in a child. It is killed when this is dropped.
pub(crate) struct BareLoop {
    /// Where it is.
    pub(crate) target: Target,
    _guard: Guard,
}

impl BareLoop {
    /// Starts it. Its events have so many bytes.
    pub(crate) fn start(event_bytes: usize) -> Result<Self, String> {
        let mut command = super::http::ourselves()?;
        command.arg("bare-loop").arg(event_bytes.to_string()).stdin(Stdio::piped());
        let (guard, address) = Guard::start(&mut command, |line| line.parse().ok())?;
        Ok(BareLoop { target: Target { address, pid: guard.pid(), database: None }, _guard: guard })
    }
}

/// The child's side: prints its address and goes round until its stdin ends, so that it cannot be left behind.
pub(crate) fn run(event_bytes: usize) -> Result<(), String> {
    let mut bare = Loop::new(event_bytes).map_err(|error| error.to_string())?;
    println!("{}", bare.listener.local_addr().map_err(|error| error.to_string())?);
    thread::spawn(move || {
        let ended = bare.run();
        eprintln!("the bare loop ended: {ended:?}");
    });
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())
        .map(drop)
        .map_err(|error| error.to_string())
}

struct Loop {
    poll: Poll,
    listener: TcpListener,
    /// Connections of which it is not known yet whether they watch, and those that tell.
    others: HashMap<Token, Other>,
    watchers: Vec<std::net::TcpStream>,
    next: usize,
    event: Vec<u8>,
}

struct Other {
    stream: TcpStream,
    /// What it has sent of a request.
    request: Vec<u8>,
}

impl Loop {
    fn new(event_bytes: usize) -> std::io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (others, watchers) = (HashMap::new(), Vec::new());
        Ok(Loop { poll, listener, others, watchers, next: 1, event: event_of(event_bytes) })
    }

    fn run(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        loop {
            self.poll.poll(&mut events, None)?;
            let mut told = Vec::new();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    token => self.read(token, &mut told),
                }
            }
            if !told.is_empty() {
                self.spread(told.len());
                told.iter().for_each(|post| self.answer(post));
            }
        }
    }

    fn accept(&mut self) -> std::io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.next);
            self.next += 1;
            self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
            self.others.insert(token, Other { stream, request: Vec::new() });
        }
    }

    /// Reads from a connection. One that has asked to watch becomes a watcher; of one that tells, each request is noted in `told`.
    fn read(&mut self, token: Token, told: &mut Vec<Post>) {
        let Some(other) = self.others.get_mut(&token) else { return };
        let is_open = other.read();
        if other.request.starts_with(b"GET ") && other.request.ends_with(b"\r\n\r\n") {
            if let Some(other) = self.others.remove(&token) {
                self.watchers.extend(self.welcome(other.stream));
            }
        } else if !is_open {
            self.others.remove(&token);
        } else if is_whole_request(&other.request) {
            told.push(Post { token, request: std::mem::take(&mut other.request) });
        }
    }

    /// A watcher is only written to, so it waits in the write when its client is slow, as a plain loop does.
    fn welcome(&self, mut stream: TcpStream) -> Option<std::net::TcpStream> {
        self.poll.registry().deregister(&mut stream).ok()?;
        let mut stream = std::net::TcpStream::from(stream);
        stream.set_nonblocking(false).ok()?;
        stream.write_all(&[HEAD.as_bytes(), &chunk(READY.as_bytes(), 1)].concat()).ok()?;
        Some(stream)
    }

    /// Writes this many events to everyone, at once. Who is gone is forgotten.
    fn spread(&mut self, events: usize) {
        let bytes = chunk(&self.event, events);
        self.watchers.retain_mut(|stream| stream.write_all(&bytes).is_ok());
    }

    /// Answers with what was posted, as a create does.
    fn answer(&mut self, post: &Post) {
        let Some(other) = self.others.get_mut(&post.token) else { return };
        if other.stream.write_all(&created(&post.request)).is_err() {
            self.others.remove(&post.token);
        }
    }
}

/// What somebody told.
struct Post {
    token: Token,
    request: Vec<u8>,
}

impl Other {
    /// Reads all that is there. Answers whether more can come.
    fn read(&mut self) -> bool {
        let mut part = [0; 4_096];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return false,
                Ok(count) => self.request.extend_from_slice(&part[..count]),
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}

/// The answer to a create: what was posted.
pub(super) fn created(request: &[u8]) -> Vec<u8> {
    const END: &[u8] = b"\r\n\r\n";
    let body = memchr::memmem::find(request, END).map_or(&[][..], |at| &request[at + END.len()..]);
    let head = format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A chunk as HTTP/1.1 has them, RFC 9112 section 7.1.
fn chunk(event: &[u8], times: usize) -> Vec<u8> {
    let size = format!("{:X}\r\n", event.len() * times);
    [size.as_bytes(), &event.repeat(times), b"\r\n"].concat()
}

/// An event of so many bytes; of as few as it can have, when that is more.
fn event_of(bytes: usize) -> Vec<u8> {
    const EMPTY: &str = "id: 0\nevent: enter\ndata: \n\n";
    let data = "x".repeat(bytes.saturating_sub(EMPTY.len()));
    format!("id: 0\nevent: enter\ndata: {data}\n\n").into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::http::request;
    use crate::script::Script;
    use crate::watch::{Opening, Plan, Wire};
    use std::time::Duration;

    #[test]
    fn events_have_the_size_that_was_asked_for() {
        for (bytes, expected) in [(0, 27), (27, 27), (500, 500)] {
            assert_eq!(event_of(bytes).len(), expected);
        }
        assert_eq!(chunk(b"0123456789", 2), b"14\r\n01234567890123456789\r\n");
    }

    fn plan(status: u16) -> Plan {
        let mut bare = Loop::new(500).unwrap();
        let address = bare.listener.local_addr().unwrap();
        thread::spawn(move || bare.run());
        let post = || Script::constant(request("POST", "/", Some("t"), Some("{}")), status, |_, _| true);
        let opening = |request| Opening { handshake: None, request };
        let watchers = vec![opening(request("GET", "/", Some("t"), None)); 20];
        let tellers = (0..4).map(|_| (opening(Vec::new()), post())).collect();
        let target = Target { address, pid: std::process::id(), database: None };
        Plan { target, wire: Wire::Events, watchers, tellers }
    }

    #[test]
    fn everyone_gets_everything() {
        let sample = plan(201).measure(Duration::from_millis(200)).unwrap();
        assert!(sample.good >= 20 && sample.latency.quantile(0.5) > 0, "{sample:?}");
    }

    #[test]
    fn a_bad_answer_to_a_post_is_an_error() {
        let error = plan(200).measure(Duration::from_millis(10)).unwrap_err();
        assert!(error.contains("201"), "{error}");
    }
}
