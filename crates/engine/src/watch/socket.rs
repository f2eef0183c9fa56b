//! Sockets: who has one, whether anything is watched over it or not.

use super::Ended;
use super::lobby::Ticket;
use crate::{Caller, Engine, Error, Identity};
use std::sync::Arc;
use std::task::{Context, Poll};

/// The place of a socket. It counts among its caller's, and ends when the token does.
pub struct SocketSeat {
    ticket: Ticket,
}

impl Engine {
    /// Lets a caller have a socket. `token` is looked at again while it lasts.
    ///
    /// # Errors
    /// [`crate::Code::TooManySockets`], and [`crate::Code::Busy`] when the server stops.
    pub async fn open_socket(&self, caller: &Caller, token: Option<Arc<str>>) -> Result<SocketSeat, Error> {
        let ticket = self.hub().sockets.enter(caller, token)?;
        self.follow_feed().await?;
        Ok(SocketSeat { ticket })
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.hub().sockets.len()
    }
}

impl SocketSeat {
    /// Goes on with another token of the same account, or of other roles of it.
    pub fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        self.ticket.seat.replace(identity, token);
    }

    /// Why the socket has to end, when it has to.
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.ticket.seat.waker.register(cx.waker());
        self.ticket.seat.ended().map_or(Poll::Pending, Poll::Ready)
    }
}
