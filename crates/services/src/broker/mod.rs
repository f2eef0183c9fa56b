//! A private NATS or Redis: a server that happens to run on the machine is never used.
//!
//! ```no_run
//! # use mainstay_services::broker::{Kind, Server, Setup};
//! let mut server = Server::start(Kind::Nats, &Setup::default().password("secret"))?;
//! println!("{}", server.url());
//! server.stop();
//! server.start_again();
//! # Ok::<(), String>(())
//! ```

mod kind;
mod server;

pub use kind::{Kind, Setup};
pub use server::Server;
