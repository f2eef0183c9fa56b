//! What is counted of sockets.

use crate::close::Closing;
use mainstay_engine::{Code, Error};
use mainstay_ports::measure::Counter;

/// What is counted of sockets, beside what the engine counts of everyone who has one.
#[derive(Debug, Default)]
pub struct Measures {
    /// Sockets that were opened.
    pub opened: Counter,
    /// Messages from clients.
    pub received: Counter,
    /// Messages to clients.
    pub sent: Counter,
    /// Requests beyond `live.subscriptions`.
    too_many_subscriptions: Counter,
    /// Messages beyond `live.messages_per_second`.
    too_many_messages: Counter,
    /// Sockets that were closed, in the order of [`Closing::ALL`].
    closed: [Counter; Closing::ALL.len()],
}

impl Measures {
    /// Requests that were refused at a bound of the socket, by the code that the client was told.
    pub fn refused(&self) -> [(Code, u64); 2] {
        [
            (Code::TooManySubscriptions, self.too_many_subscriptions.get()),
            (Code::TooManyMessages, self.too_many_messages.get()),
        ]
    }

    /// Sockets that were closed, by the reason.
    pub fn closed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Closing::ALL.into_iter().map(Closing::as_str).zip(self.closed.iter().map(Counter::get))
    }

    pub(crate) fn count_refusal(&self, error: &Error) {
        match error.code {
            Code::TooManySubscriptions => self.too_many_subscriptions.increment(),
            Code::TooManyMessages => self.too_many_messages.increment(),
            _ => {}
        }
    }

    pub(crate) fn count_end(&self, closing: Closing) {
        self.closed[closing as usize].increment();
    }
}
