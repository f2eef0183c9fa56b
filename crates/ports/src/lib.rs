//! What the engine asks of the outside.
//!
//! The [`Store`] port keeps records and the change feed: "run this typed transaction", "answer this query", "read the feed from
//! here". [`Clock`], [`Keyring`] and [`Wake`] are the others. [`execute`] is the meaning of a transaction, written
//! once over the small [`Rows`] trait, so that every adapter authorises, validates, writes and records changes alike; `conformance`
//! (a feature, for tests) is the suite that each adapter must pass.
//!
//! [`measure`] has the instruments with which the parts of the program count what they do.
//!
//! This crate owns: those traits and their types, and the one write path. It must not know any adapter.

mod clock;
mod execute;
mod keyring;
pub mod measure;
mod position;
mod query;
mod receipt;
mod record;
mod store;
mod transaction;
mod wake;

pub use clock::{Clock, SystemClock};
pub use execute::{Execution, MAX_CASCADE, Rows, execute};
pub use keyring::Keyring;
pub use position::{InvalidPosition, Position};
pub use query::{Deleted, Freshness, Memo, Order, Page, Query, Row, Selection};
pub use receipt::{Answer, Receipt};
pub use record::Record;
pub use store::{Change, Changes, NewChange, Operation, Store, StoreError};
pub use transaction::{
    Authority, Check, CheckMany, Committed, Create, Delete, DeleteMany, Fence, Isolation, Outcome, Purge,
    Put, Rejection, Restore, Step, Transaction, Update, UpdateMany,
};
pub use wake::{MAX_WAKE_BYTES, Wake, WakeError};

#[cfg(feature = "conformance")]
pub mod conformance;
