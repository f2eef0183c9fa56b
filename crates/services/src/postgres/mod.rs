//! A private PostgreSQL: a server that happens to run on the machine is never used.

mod database;
mod installation;
mod server;
mod setup;

pub use database::Database;
pub use installation::Installation;
pub use server::{SHARED_URL, Server};
pub use setup::Setup;
