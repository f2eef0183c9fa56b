//! A socket from its first frame to its last.

use crate::answer::{self, Members};
use crate::close::Closing;
use crate::connection::Connection;
use crate::measures::Measures;
use crate::opened::AllOpened;
use crate::request::{self, Request, invalid};
use crate::session::{Session, Turn, Turned};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::poll_fn;
use futures::stream::FuturesUnordered;
use mainstay_api::Rate;
use mainstay_engine::{Code, Ended, Error, SocketSeat};
use mainstay_model::Live;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use tokio_tungstenite::tungstenite::Message;

/// How many calls of a client run at once. Further ones are not read before one is answered.
const MAX_CALLS: usize = 16;
/// A socket.
pub(crate) struct Socket {
    connection: Connection,
    session: Session,
    seat: SocketSeat,
    opened: AllOpened,
    /// What is done in the order in which it was asked: all but calls.
    turn: Option<Turn>,
    calls: FuturesUnordered<Turn>,
    rate: Rate,
    limits: Limits,
    measures: Arc<Measures>,
    /// How many requests there were.
    requests: u64,
    alarm: Pin<Box<Sleep>>,
    heard: Instant,
    is_asked: bool,
    reads_first: bool,
}

struct Limits {
    depth: usize,
    opened: usize,
    ping: Duration,
}

/// Something that happens on a socket.
enum Event {
    Ended(Ended),
    Read(Result<Message, Closing>),
    Turned((u64, Members, Turned)),
    Told(u64, Bytes),
    Alarm,
    Broken(Closing),
}

impl Socket {
    pub(crate) fn new(
        connection: Connection,
        session: Session,
        seat: SocketSeat,
        settings: &Live,
        measures: Arc<Measures>,
    ) -> Self {
        let ping = Duration::from_millis(settings.ping_ms);
        let limits =
            Limits { depth: session.operations.limits().json_depth, opened: settings.subscriptions, ping };
        Socket {
            connection,
            session,
            seat,
            opened: AllOpened::default(),
            turn: None,
            calls: FuturesUnordered::new(),
            rate: Rate::new(settings.messages_per_second),
            limits,
            measures,
            requests: 0,
            alarm: Box::pin(sleep(ping)),
            heard: Instant::now(),
            is_asked: false,
            reads_first: false,
        }
    }

    /// Serves the socket until it is closed. Answers why it was.
    pub(crate) async fn run(&mut self) -> Closing {
        loop {
            let event = poll_fn(|cx| self.poll_event(cx)).await;
            if let Err(closing) = self.take(event).await {
                self.connection.close(closing).await;
                return closing;
            }
        }
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    async fn take(&mut self, event: Event) -> Result<(), Closing> {
        match event {
            Event::Ended(reason) => Err(Closing::of_seat(reason)),
            Event::Broken(closing) | Event::Read(Err(closing)) => Err(closing),
            Event::Read(Ok(message)) => self.heard(message).await,
            Event::Turned((id, members, turned)) => {
                // Perhaps it was waited for this, and nothing was read.
                self.connection.count_anew();
                let members = self.turned(id, members, turned).await;
                self.answer(Some(id), &members).await
            }
            Event::Told(id, events) => self.connection.send(self.session.form.events(id, &events)).await,
            Event::Alarm => self.alarm().await,
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(reason) = self.seat.poll_ended(cx) {
            return Poll::Ready(Event::Ended(reason));
        }
        if let Some(Poll::Ready(turned)) = self.turn.as_mut().map(|turn| turn.as_mut().poll(cx)) {
            self.turn = None;
            return Poll::Ready(Event::Turned(turned));
        }
        if let Poll::Ready(Some(turned)) = self.calls.poll_next_unpin(cx) {
            return Poll::Ready(Event::Turned(turned));
        }
        // In turns, so that who has much to hear can still say something, and the other way round.
        self.reads_first = !self.reads_first;
        let (first, second) =
            (self.poll_one(self.reads_first, cx), |socket: &mut Self, cx: &mut Context<'_>| {
                socket.poll_one(!socket.reads_first, cx)
            });
        if first.is_ready() {
            return first;
        }
        let second = second(self, cx);
        if second.is_ready() {
            return second;
        }
        if self.alarm.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Alarm);
        }
        // Nothing is left to be told, so what was written goes out.
        match self.connection.poll_flush(cx) {
            Poll::Ready(Err(closing)) => Poll::Ready(Event::Broken(closing)),
            _ => Poll::Pending,
        }
    }

    fn poll_one(&mut self, reads: bool, cx: &mut Context<'_>) -> Poll<Event> {
        if !reads {
            return self.opened.poll(cx).map(|(id, events)| Event::Told(id, events));
        }
        if self.is_busy() {
            return Poll::Pending;
        }
        self.connection.poll_read(cx).map(Event::Read)
    }

    /// Whether the client has asked for so much that no more is read of it.
    fn is_busy(&self) -> bool {
        self.turn.is_some() || self.calls.len() >= MAX_CALLS
    }

    async fn heard(&mut self, message: Message) -> Result<(), Closing> {
        (self.heard, self.is_asked) = (Instant::now(), false);
        let is_text = match &message {
            Message::Text(_) => true,
            Message::Binary(_) => false,
            // The library answers pings and closes by itself.
            _ => return self.check_begun(),
        };
        if is_text != (self.session.form == crate::form::Form::Json) {
            return Err(Closing::WrongKind);
        }
        self.measures.received.increment();
        if !self.rate.take() {
            let error = Error::new(Code::TooManyMessages, "you send too much, wait a moment").retry_after(1);
            return self.refuse(None, &error).await;
        }
        self.requests += 1;
        self.asked(&message.into_data()).await
    }

    async fn asked(&mut self, bytes: &[u8]) -> Result<(), Closing> {
        let mut message = match self.session.form.read(bytes, self.limits.depth) {
            Ok(message) => message,
            Err(error) => return self.refuse(None, &error).await,
        };
        let id = match request::take_id(&mut message) {
            Ok(id) => id,
            Err(error) => return self.refuse(None, &error).await,
        };
        match request::read(message).and_then(|request| self.begin(id, request)) {
            Ok(None) => Ok(()),
            Ok(Some(members)) => self.answer(Some(id), &members).await,
            Err(error) => self.refuse(Some(id), &error).await,
        }
    }

    /// Begins what was asked for, or does it: then there is an answer.
    fn begin(&mut self, id: u64, request: Request) -> Result<Option<Members>, Error> {
        if self.opened.has(id) {
            return Err(invalid("this id is that of something that is open"));
        }
        let opens = matches!(
            request,
            Request::Watch(_) | Request::Subscribe { .. } | Request::Presence { .. } | Request::Enter { .. }
        );
        if opens && self.opened.len() >= self.limits.opened {
            let message = format!("a socket has at most {} subscriptions", self.limits.opened);
            return Err(Error::new(Code::TooManySubscriptions, message));
        }
        match request {
            Request::Ping => Ok(Some(answer::done())),
            Request::End { of } if self.opened.remove(of) => Ok(Some(answer::done())),
            Request::End { .. } => Err(invalid("nothing is open under this id")),
            Request::State { of, state } => {
                let stay =
                    self.opened.stay(of).ok_or_else(|| invalid("you are not present under this id"))?;
                stay.set(&state)?;
                Ok(Some(answer::done()))
            }
            Request::Call(_) => {
                self.calls.push(self.session.turn(id, self.requests, request));
                Ok(None)
            }
            request => {
                self.turn = Some(self.session.turn(id, self.requests, request));
                Ok(None)
            }
        }
    }

    /// Takes over what came of a request. Answers what is to be answered.
    async fn turned(&mut self, id: u64, members: Members, turned: Turned) -> Members {
        match turned {
            Turned::Nothing => {}
            Turned::Opened(opened) => self.opened.add(id, opened),
            Turned::Renewed { token, identity, seat } => {
                match seat {
                    Some(seat) => self.seat = seat,
                    None => self.seat.renew(&identity, &token),
                }
                self.opened.renew(&identity, &token);
                self.session.token = Some(token);
            }
        }
        members
    }

    /// Asks a client of which nothing was heard whether it is there, and gives up one that did not answer.
    async fn alarm(&mut self) -> Result<(), Closing> {
        self.check_begun()?;
        let now = Instant::now();
        let silent_until = self.heard + self.limits.ping;
        if silent_until > now {
            self.alarm.as_mut().reset(silent_until);
            return Ok(());
        }
        // Who is not read cannot be heard.
        if self.is_asked && !self.is_busy() {
            return Err(Closing::Idle);
        }
        self.is_asked = true;
        self.alarm.as_mut().reset(now + self.limits.ping);
        for (id, mark) in self.opened.marks() {
            self.connection.send(self.session.form.events(id, &mark)).await?;
        }
        self.connection.send(Message::Ping(Bytes::new())).await
    }

    /// Gives up a client that is in the middle of a message for too long: what there is of it is held, whatever else it says meanwhile.
    fn check_begun(&self) -> Result<(), Closing> {
        match self.connection.begun() {
            Some(begun) if begun.elapsed() >= self.limits.ping && !self.is_busy() => Err(Closing::TooSlow),
            _ => Ok(()),
        }
    }

    async fn refuse(&mut self, id: Option<u64>, error: &Error) -> Result<(), Closing> {
        self.measures.count_refusal(error);
        let request_id = format!("{}-{}", self.session.caller.request_id, self.requests);
        let members = answer::failed(error, &request_id).await;
        self.answer(id, &members).await
    }

    async fn answer(&mut self, id: Option<u64>, members: &[u8]) -> Result<(), Closing> {
        self.connection.send(self.session.form.message(answer::message(id, members))).await
    }
}
