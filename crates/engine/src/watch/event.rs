//! What a watcher is told.

use crate::View;
use bytes::Bytes;
use mainstay_model::Application;
use mainstay_ports::Operation;
use uuid::Uuid;

/// Something that a watcher is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A record that matches as the watch begins.
    Snapshot {
        /// The record.
        view: &'a View,
    },
    /// The snapshot is complete, or there is none: what follows are changes.
    Ready {
        /// Where the changes begin.
        id: &'a str,
        /// How many records the snapshot had.
        count: u64,
        /// Whether its limit left some out.
        more: bool,
    },
    /// A record came to match: it was made, or changed.
    Enter {
        /// Names this event.
        id: &'a str,
        /// What happened to the record.
        operation: Operation,
        /// The record after it.
        view: &'a View,
    },
    /// A record that matches was changed and still does.
    Change {
        /// Names this event.
        id: &'a str,
        /// What happened to the record.
        operation: Operation,
        /// The record after it.
        view: &'a View,
    },
    /// A record does not match any more, or is gone. Which of them is not told: what one may not see does not exist.
    Leave {
        /// Names this event.
        id: &'a str,
        /// The record's id.
        record: Uuid,
    },
    /// Nothing has happened up to here, so that a watcher who comes back need not go through it again.
    Mark {
        /// Names this place.
        id: &'a str,
    },
    /// The watch ends.
    End(Ended),
}

/// Why a watch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ended {
    /// A record that the rule or the filter asks about, or the account's roles, changed.
    RightsChanged = 1,
    /// The changes since the last event are not kept any more, are too many, or belong to another history.
    HistoryGone,
    /// The last event belongs to another query or to a caller with other rights, or its id was altered.
    OtherQuery,
    /// The watcher did not take its events in time.
    TooSlow,
    /// What it asks of other records took more than its caller's share of the server's time.
    TooCostly,
    /// The access token or its session has ended.
    Unauthenticated,
    /// The server stops.
    ShuttingDown,
    /// The server could not go on, or not find out whether the rights still hold.
    Unavailable,
}

impl Ended {
    /// All of them.
    pub const ALL: [Ended; 8] = [
        Ended::RightsChanged,
        Ended::HistoryGone,
        Ended::OtherQuery,
        Ended::TooSlow,
        Ended::TooCostly,
        Ended::Unauthenticated,
        Ended::ShuttingDown,
        Ended::Unavailable,
    ];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Ended::RightsChanged => "rights_changed",
            Ended::HistoryGone => "history_gone",
            Ended::OtherQuery => "other_query",
            Ended::TooSlow => "too_slow",
            Ended::TooCostly => "too_costly",
            Ended::Unauthenticated => "unauthenticated",
            Ended::ShuttingDown => "shutting_down",
            Ended::Unavailable => "unavailable",
        }
    }

    /// Whether the watcher has to forget what it has and begin anew; else it may resume behind its last event.
    pub fn is_reset(self) -> bool {
        matches!(self, Ended::RightsChanged | Ended::HistoryGone | Ended::OtherQuery)
    }
}

/// How a protocol writes events. Watchers share a frame only within a format.
pub trait Format: Send + Sync + 'static {
    /// The format's name, which tells it from others: two of one name write the same.
    fn name(&self) -> &str;
    /// Appends an event.
    fn encode(&self, application: &Application, event: &Event<'_>, out: &mut Vec<u8>);
}

/// An event on its own.
pub(super) fn encoded(format: &dyn Format, application: &Application, event: &Event<'_>) -> Bytes {
    let mut out = Vec::with_capacity(256);
    format.encode(application, event, &mut out);
    Bytes::from(out)
}
