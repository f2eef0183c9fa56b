//! Black-box tests: they start the program itself, on free ports, over copies of the examples.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

mod backup;
mod chat;
mod check;
mod connections;
mod faults;
mod graphql;
mod help;
mod idempotency;
mod init;
mod key;
mod live;
mod locks;
mod logs;
mod metrics;
mod migrate;
mod nodes;
mod proto;
mod readme;
mod secrets;
mod serve;
mod support;
mod tls;
mod transfer;
mod user;
mod watch;
