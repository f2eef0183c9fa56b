//! Services that tests and the benchmark need and that they start for themselves: a private PostgreSQL, NATS and Redis, and a network that can be cut.
//!
//! ```no_run
//! # use mainstay_services::{Link, Proxy, postgres::{Server, Setup}};
//! let database = Server::shared().database(); // empty, ours alone, and dropped with its guard
//! println!("{}", database.url());
//!
//! let mut server = Server::start(&Setup::durable())?; // one of our own, to do harm to
//! let proxy = Proxy::to(server.address());
//! proxy.set(Link::Cut);
//! server.crash();
//! # Ok::<(), String>(())
//! ```
//!
//! This crate owns: finding such a service's programs, starting them in a folder of their own, and that nothing is left when the tests end,
//! however they end. It must not know: any other crate, so that `xtask`, which starts a server for all tests, builds in seconds. Only tests and
//! the benchmark may know it: what goes wrong here is a panic or a text for people.

pub mod broker;
mod guard;
pub mod postgres;
mod proxy;
mod run;

pub use proxy::{Link, Proxy};
