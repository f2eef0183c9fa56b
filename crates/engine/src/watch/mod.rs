//! Watching: a list that stays up to date.
//!
//! A watch answers, if asked, the records that match (the snapshot), and then each change by which a record enters, moves within or leaves
//! what the caller may see and asked for. One task for the whole engine, the [`Hub`], reads the feed once. Watchers whose rule and
//! filter leave the same residual form a class: a change is judged once a class and encoded once, and the watchers take their
//! frames from the class's ring, however many there are.
//!
//! What a watcher's rule asks of other records (is the account a member of the room?) is asked once, when it subscribes. After that, a
//! change of such a record is tested in memory: only when it can alter an answer is the question asked again, and when the answer
//! is another, the watch ends with [`Ended::RightsChanged`] instead of guessing what came into sight or went out of it.

mod audience;
mod class;
mod event;
mod event_id;
mod hub;
mod lobby;
mod opening;
mod policy;
mod purse;
mod questions;
mod ring;
mod run;
mod seat;
mod sentry;
mod socket;
mod standing;
mod state;
mod stream;

pub use event::{Ended, Event, Format};
pub use hub::WatchCounts;
pub use lobby::Purpose;
pub use socket::SocketSeat;
pub use stream::Watch;

pub(crate) use audience::Audience;
pub(crate) use event_id::EventIdSeal;
pub(crate) use hub::Hub;
pub(crate) use lobby::Ticket;
pub(crate) use ring::Taken;
pub(crate) use seat::Seat;

use crate::OrderKey;
use mainstay_ports::Position;
use std::sync::Arc;

/// Asks for a watch.
#[derive(Clone)]
pub struct WatchRequest {
    /// A condition in CEL.
    pub filter: Option<String>,
    /// The names of the fields to show; all when empty.
    pub fields: Vec<String>,
    /// Whether to begin with the records that match now. A watch that resumes has them already.
    pub snapshot: bool,
    /// The order of the snapshot.
    pub order: Vec<OrderKey>,
    /// The most records in the snapshot, 1 to 500; all when `None`.
    pub limit: Option<u32>,
    /// The id of the last event that was seen, to go on behind it.
    pub last_event_id: Option<String>,
    /// Has to have happened before the watch begins; its snapshot is always of the latest state.
    pub at_least: Option<Position>,
    /// The access token, which is looked at again and again while the watch lasts; `None` where the caller is nobody or the operator.
    pub token: Option<Arc<str>>,
    /// How events are encoded.
    pub format: Arc<dyn Format>,
}
