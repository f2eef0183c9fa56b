//! The store over PostgreSQL.
//!
//! ```text
//! callers ──query──▶ a few connections that carry many questions at once ──▶ PostgreSQL
//!    │                                                                          ▲  │
//!    └──transact──▶ a connection for each transaction ──────────────────────────┘  │
//!                                                                                  │
//!    wait_beyond ◀── the end of the feed ◀── the doorbell: NOTIFY, and a look now and then
//! ```
//!
//! Several nodes may serve one database. None of them leads: what has to be done by one at a time is done under a lock that the server
//! holds, and gives back when the connection ends.

mod batch;
mod clock;
mod connect;
mod connection;
pub mod copy;
mod error;
mod feed;
mod finish;
mod fit;
mod group;
mod held;
mod keyring;
mod locked;
mod master_key;
mod measures;
mod meta;
pub mod migrate;
mod named;
mod open;
mod options;
mod pool;
mod query;
mod reach;
mod readers;
mod record;
mod replicas;
mod room;
mod rows;
mod session;
mod store;
mod target;
mod tls;
mod transact;
mod value;
mod wake;

pub use clock::ServerClock;
pub use keyring::PostgresKeyring;
pub use master_key::MasterKey;
pub use measures::Measures;
pub use open::OpenError;
pub use options::Options;
pub use store::PostgresStore;
