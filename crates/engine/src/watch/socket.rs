//! Sockets: who has one, whether anything is watched over it or not.

use super::Ended;
use super::lobby::{Purpose, Ticket};
use crate::{Caller, Code, Engine, Error, Identity};
use std::sync::Arc;
use std::task::{Context, Poll};
use uuid::Uuid;

/// The place of a socket, of whatever protocol. It counts among its caller's, and ends when the token does.
pub struct SocketSeat {
    ticket: Ticket,
}

impl Engine {
    /// Lets a caller have a socket. `token` is looked at again while it lasts.
    ///
    /// # Errors
    /// [`crate::Code::TooManySockets`], and [`crate::Code::Busy`] when the server stops.
    pub async fn open_socket(&self, caller: &Caller, token: Option<Arc<str>>) -> Result<SocketSeat, Error> {
        let ticket = self.hub().sockets.enter(Purpose::Socket, caller, token)?;
        self.follow_feed().await?;
        Ok(SocketSeat { ticket })
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.hub().sockets.len()
    }

    /// How many sockets were refused, by the code that their clients were told.
    pub fn refused_sockets(&self) -> [(Code, u64); 2] {
        self.hub().sockets.refused()
    }
}

impl SocketSeat {
    /// Goes on with another token of the same account, or of other roles of it.
    pub fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        self.ticket.seat.replace(identity, token);
    }

    /// The account that it counts among; `None` for nobody.
    pub fn user(&self) -> Option<Uuid> {
        self.ticket.seat.user()
    }

    /// Why the socket has to end, when it has to.
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.ticket.seat.waker.register(cx.waker());
        self.ticket.seat.ended().map_or(Poll::Pending, Poll::Ready)
    }
}
