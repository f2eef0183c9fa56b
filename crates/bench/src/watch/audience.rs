//! Those who watch, and those who tell them something: all connections of a measurement, on one thread.

use super::Plan;
use super::scanner::{Scanner, Tail, wait_until_open, wait_until_ready};
use super::teller::Teller;
use super::wire::{Opening, Wire};
use crate::histogram::Histogram;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long nothing at all may come, while something is under way.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that watches.
struct Watcher {
    stream: TcpStream,
    tail: Tail,
    /// Events that it was brought.
    seen: u64,
}

/// All connections.
pub(crate) struct Audience {
    poll: Poll,
    events: Events,
    scanner: Scanner,
    watchers: Vec<Watcher>,
    tellers: Vec<Teller>,
    /// Messages that were posted.
    told: u64,
    /// Events that came, to all watchers together.
    delivered: u64,
}

impl Audience {
    /// Connects everyone, and returns when all streams are at work.
    pub(crate) fn gather(plan: Plan) -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let mut watchers = Vec::with_capacity(plan.watchers.len());
        for opening in &plan.watchers {
            let stream = from_std(open(plan.target.address, opening, plan.wire)?)?;
            let mut watcher = Watcher { stream, tail: Tail::default(), seen: 0 };
            register(&poll, &mut watcher.stream, watchers.len())?;
            watchers.push(watcher);
        }
        let mut tellers = Vec::with_capacity(plan.tellers.len());
        for (opening, script) in plan.tellers {
            let stream = from_std(connect(plan.target.address, &opening)?)?;
            let mut teller = Teller::new(stream, plan.wire, script);
            register(&poll, teller.stream(), watchers.len() + tellers.len())?;
            tellers.push(teller);
        }
        let (events, scanner) = (Events::with_capacity(1_024), Scanner::new(plan.wire));
        Ok(Audience { poll, events, scanner, watchers, tellers, told: 0, delivered: 0 })
    }

    /// Posts one message after the other for this long, each when the one before it has reached everyone. Answers how long each
    /// delivery took, from when its message was sent.
    pub(crate) fn singles(&mut self, time: Duration) -> Result<Histogram, String> {
        let mut latency = Histogram::default();
        let until = Instant::now() + time;
        while Instant::now() < until {
            let sent = Instant::now();
            self.tell(0)?;
            while self.is_under_way() {
                self.turn(|| latency.add(sent.elapsed().as_micros()))?;
            }
        }
        Ok(latency)
    }

    /// Keeps as many messages under way as there are tellers, for this long. A message is under way until all watchers have it.
    /// Answers how many deliveries there were.
    pub(crate) fn burst(&mut self, time: Duration) -> Result<u64, String> {
        let before = self.delivered;
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.tell_what_is_missing()?;
            self.turn(|| ())?;
        }
        Ok(self.delivered - before)
    }

    /// Waits until everyone has seen everything.
    pub(crate) fn drain(&mut self) -> Result<(), String> {
        while self.is_under_way() {
            self.turn(|| ())?;
        }
        Ok(())
    }

    fn tell_what_is_missing(&mut self) -> Result<(), String> {
        let mut under_way = self.told - self.seen_by_all();
        for teller in 0..self.tellers.len() {
            if under_way >= self.tellers.len() as u64 {
                break;
            }
            if self.tellers[teller].is_idle {
                self.tell(teller)?;
                under_way += 1;
            }
        }
        Ok(())
    }

    fn tell(&mut self, teller: usize) -> Result<(), String> {
        self.told += 1;
        self.tellers[teller].tell()
    }

    fn is_under_way(&self) -> bool {
        self.seen_by_all() < self.told || self.tellers.iter().any(|teller| !teller.is_idle)
    }

    fn seen_by_all(&self) -> u64 {
        self.watchers.iter().map(|watcher| watcher.seen).min().unwrap_or(self.told)
    }

    /// Waits until something comes, and reads all of it.
    fn turn(&mut self, mut on_delivery: impl FnMut()) -> Result<(), String> {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let polled = self.poll.poll(&mut events, Some(PATIENCE));
        match polled {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error.to_string()),
            Ok(()) if events.is_empty() => return Err(self.what_is_missing()),
            _ => {}
        }
        for event in &events {
            (0..self.read(event)?).for_each(|_| on_delivery());
        }
        self.events = events;
        Ok(())
    }

    /// Reads what an event announces, and answers how many deliveries that were.
    fn read(&mut self, event: &Event) -> Result<u64, String> {
        let place = event.token().0;
        let Some(watcher) = self.watchers.get_mut(place) else {
            self.tellers[place - self.watchers.len()].read()?;
            return Ok(0);
        };
        let events = self.scanner.read(&mut watcher.stream, &mut watcher.tail)?;
        watcher.seen += events;
        self.delivered += events;
        Ok(events)
    }

    fn what_is_missing(&self) -> String {
        let late: Vec<&Watcher> = self.watchers.iter().filter(|watcher| watcher.seen < self.told).collect();
        let unanswered = self.tellers.iter().filter(|teller| !teller.is_idle).count();
        let last = late.first().map(|watcher| watcher.tail.text()).unwrap_or_default();
        format!(
            "nothing comes: of {} watchers {} lack messages, and {unanswered} posts lack answers; one stream ends {last:?}",
            self.watchers.len(),
            late.len(),
        )
    }
}

/// Opens a stream, which is at work when this returns.
pub(crate) fn open(
    address: SocketAddr,
    opening: &Opening,
    wire: Wire,
) -> Result<std::net::TcpStream, String> {
    let mut stream = connect(address, opening)?;
    stream.write_all(&opening.request).map_err(|error| format!("{address}: {error}"))?;
    wait_until_ready(&mut stream, wire)?;
    Ok(stream)
}

/// Connects, and has the socket opened where there is to be one.
pub(crate) fn connect(address: SocketAddr, opening: &Opening) -> Result<std::net::TcpStream, String> {
    let failed = |error| format!("{address}: {error}");
    let mut stream = std::net::TcpStream::connect(address).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    if let Some(handshake) = &opening.handshake {
        stream.write_all(handshake).map_err(failed)?;
        wait_until_open(&mut stream)?;
    }
    Ok(stream)
}

fn from_std(stream: std::net::TcpStream) -> Result<TcpStream, String> {
    stream.set_nonblocking(true).map_err(|error| error.to_string())?;
    Ok(TcpStream::from_std(stream))
}

fn register(poll: &Poll, stream: &mut TcpStream, place: usize) -> Result<(), String> {
    let registered = poll.registry().register(stream, Token(place), Interest::READABLE);
    registered.map_err(|error| error.to_string())
}
