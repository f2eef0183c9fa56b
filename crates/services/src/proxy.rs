//! A network between a client and a server, which can be cut and frozen.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It passes everything on.
    Open,
    /// It takes what is sent and passes nothing on, as a network whose packets are lost: connections stay open and are silent. What it took
    /// is passed on when it is open again.
    Frozen,
    /// It passes on what the clients send, and no answer.
    AnswersFrozen,
    /// It closes all connections, and new ones at once.
    Cut,
}

/// A way to a TCP server that goes through us. It ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wires: Arc<Wires>,
}

#[derive(Debug)]
struct Wires {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    link: Link,
    ended: bool,
    next: u64,
    /// Both ends of the connections that are open, by a number.
    connections: HashMap<u64, [TcpStream; 2]>,
}

impl Proxy {
    /// An open way to this server, from a free port of 127.0.0.1.
    pub fn to(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = State { link: Link::Open, ended: false, next: 0, connections: HashMap::new() };
        let wires = Arc::new(Wires { server, state: Mutex::new(state), changed: Condvar::new() });
        let accepting = wires.clone();
        thread::spawn(move || accepting.accept(&listener));
        Proxy { address, wires }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does something else from now on.
    pub fn set(&self, link: Link) {
        let mut state = self.wires.state();
        state.link = link;
        if link == Link::Cut {
            state.close_all();
        }
        self.wires.changed.notify_all();
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.wires.state().connections.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wires.state().ended = true;
        self.set(Link::Cut);
        // The thread that accepts sees the end with the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn close_all(&mut self) {
        for (_, ends) in self.connections.drain() {
            ends.iter().for_each(close);
        }
    }
}

impl Wires {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.state().ended {
                return;
            }
            // A client whose server does not listen is told so by the end of its connection.
            if let Ok(client) = client {
                let _ = self.connect(client);
            }
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        if self.state().link == Link::Cut {
            return Ok(());
        }
        let server = TcpStream::connect(self.server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ends = [client.try_clone()?, server.try_clone()?];
        let mut state = self.state();
        // It may have been cut meanwhile.
        if state.link == Link::Cut {
            return Ok(());
        }
        let number = state.next;
        state.next += 1;
        state.connections.insert(number, ends);
        drop(state);
        self.carry(number, client.try_clone()?, server.try_clone()?, false);
        self.carry(number, server, client, true);
        Ok(())
    }

    fn carry(self: &Arc<Self>, number: u64, from: TcpStream, to: TcpStream, is_answer: bool) {
        let wires = self.clone();
        thread::spawn(move || {
            let _ = wires.pump(&from, &to, is_answer);
            [&from, &to].into_iter().for_each(close);
            wires.state().connections.remove(&number);
        });
    }

    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream, is_answer: bool) -> std::io::Result<()> {
        let mut bytes = [0; 16 * 1_024];
        loop {
            let count = from.read(&mut bytes)?;
            self.wait_until_passing(is_answer);
            if count == 0 {
                return Ok(());
            }
            to.write_all(&bytes[..count])?;
        }
    }

    /// Waits while nothing may pass in this direction. What is cut passes, into a closed connection.
    fn wait_until_passing(&self, is_answer: bool) {
        let stuck = |state: &mut State| match state.link {
            Link::Open | Link::Cut => false,
            Link::Frozen => true,
            Link::AnswersFrozen => is_answer,
        };
        drop(self.changed.wait_while(self.state(), stuck).unwrap_or_else(PoisonError::into_inner));
    }
}

/// An end that is closed already is as it should be.
fn close(end: &TcpStream) {
    let _ = end.shutdown(Shutdown::Both);
}
