//! What an operation answers.

use mainstay_engine::{AppCheck, Done, ListAnswer, Lock, MadeKey, Tokens, View, Written};
use mainstay_ports::Position;

/// What an operation answers, in the form of no protocol. It has no `Debug`, since some of it is secret.
pub enum Reply {
    /// A record, and a position that it is at least as new as.
    Record(View, Position),
    /// The caller's account.
    Account(View),
    /// A page of records.
    Page(ListAnswer),
    /// Pages of the records that point to others: one for each of these.
    Pages(Vec<ListAnswer>),
    /// What writes did: one, or, of a batch, each in its order. The position is behind them.
    Written(Vec<Written>, Position),
    /// How many records a write by filter wrote to. The position is behind the writes.
    Count(u64, Position),
    /// The account that was made.
    Registered(View),
    /// A session that was opened or prolonged.
    Tokens(Tokens),
    /// An API key that was made, with the key itself, which is shown this once.
    Made(MadeKey),
    /// An API key.
    Key(View),
    /// The API keys of an account.
    Keys(Vec<View>),
    /// A lock that is held.
    Lock(Lock),
    /// Whether a client of the application is new enough.
    App(AppCheck),
    /// Nothing that there is more to say of.
    Nothing,
}

impl Reply {
    /// The position behind what was written, where something was.
    pub fn position(&self) -> Option<Position> {
        match self {
            Reply::Written(_, position) | Reply::Count(_, position) => Some(*position),
            _ => None,
        }
    }

    /// What was done, where something was.
    pub fn done(&self) -> Option<Done<'_>> {
        Some(match self {
            Reply::Written(written, _) => Done::Written(written),
            Reply::Count(count, _) => Done::Count(*count),
            Reply::Registered(view) => Done::Registered(view),
            Reply::Tokens(tokens) => Done::Tokens(tokens),
            Reply::Made(made) => Done::Key(made),
            Reply::Lock(lock) => Done::Lock(lock),
            Reply::Nothing => Done::Nothing,
            Reply::Record(..)
            | Reply::Account(_)
            | Reply::Page(_)
            | Reply::Pages(_)
            | Reply::Key(_)
            | Reply::Keys(_) => {
                return None;
            }
            Reply::App(_) => return None,
        })
    }
}
