//! One who posts messages, without waiting in between for anyone else.

use super::wire::Wire;
use crate::script::Script;
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};

/// A connection for posts.
pub(crate) struct Teller {
    stream: TcpStream,
    wire: Wire,
    script: Script,
    answer: Vec<u8>,
    /// Whether the last post was answered, so that the next one may be sent.
    pub(crate) is_idle: bool,
}

impl Teller {
    /// On a connection that does not block.
    pub(crate) fn new(stream: TcpStream, wire: Wire, script: Script) -> Self {
        Teller { stream, wire, script, answer: Vec::new(), is_idle: true }
    }

    /// The connection, to be registered.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Sends the next post.
    pub(crate) fn tell(&mut self) -> Result<(), String> {
        self.is_idle = false;
        let request = self.script.next_request();
        // The one before it was answered, so the socket's buffer is empty and takes all of it.
        match self.stream.write(request) {
            Ok(count) if count == request.len() => Ok(()),
            Ok(_) => Err("a post did not fit into an empty socket".to_owned()),
            Err(error) => Err(format!("posting: {error}")),
        }
    }

    /// Reads what is there of the answer, which has to be good.
    pub(crate) fn read(&mut self) -> Result<(), String> {
        let mut part = [0; 4_096];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return Err("a post was not answered".to_owned()),
                Ok(count) => self.answer.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(format!("posting: {error}")),
            }
            if let Some(answer) = self.wire.answer(&self.answer)? {
                if !self.script.is_good(answer.status, answer.body) {
                    return Err(format!("a post was answered {}", String::from_utf8_lossy(&self.answer)));
                }
                self.answer.clear();
                self.is_idle = true;
            }
        }
    }
}
