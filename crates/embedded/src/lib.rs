//! The store in one file, with SQLite.
//!
//! ```text
//! callers ──transact──▶ bounded queue ──▶ writer thread ──group commit──▶ SQLite (WAL)
//!    │                                                                       ▲
//!    ├──query one id───▶ a connection of the pool, on the caller's thread ───┤
//!    └──other queries──▶ bounded queue ──▶ reader threads ───────────────────┘
//! ```
//!
//! One thread writes, since SQLite has one writer at a time anyway. It executes all commands that wait in one SQLite
//! transaction and acknowledges them behind one fsync. Readers each see a snapshot and never wait for the writer.
//!
//! This crate owns: the SQLite file, its locking, its change feed, the application of migrations, and the program's own keys
//! in local files. It must not know the engine, nor what a step of a transaction means: that is [`mainstay_ports::execute`].

mod answers;
pub mod backup;
mod connection;
pub mod copy;
mod deadline;
mod feed;
mod keyring;
mod lock;
mod measures;
mod meta;
pub mod migrate;
mod obstacles;
mod open;
mod options;
mod readers;
mod rows;
mod sqlite_error;
mod store;
mod value;
mod writer;

pub use keyring::LocalKeyring;
pub use lock::Lock;
pub use measures::Measures;
pub use open::{OpenError, restore_marker};
pub use options::Options;
pub use store::SqliteStore;
