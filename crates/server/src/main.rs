//! The `mainstay` program.
//!
//! It reads the command line, loads the project, puts store, engine and API together, and runs them: `serve` behind a listener of
//! its own, the other commands once. Standard output has what was asked for, standard error logs and failures.
//!
//! This crate owns: the command line, the wiring, the listener, logs and shutdown, imports, exports and backups. It must not know: how
//! rules are checked, what a statement looks like in SQL, what an answer of the API looks like.

mod backend;
mod backup;
#[cfg(feature = "postgres")]
mod checksum;
mod cli;
mod commands;
mod contracts;
mod failure;
mod golden;
mod graphql;
mod keys;
mod listen;
mod logs;
mod memory;
mod metrics;
mod migration;
#[cfg(feature = "postgres")]
mod moving;
#[cfg(feature = "postgres")]
mod postgres;
mod project;
mod proto;
mod records;
mod schema_change;
mod signals;
mod terminal;
mod tls;
mod transfer;
mod wake;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::return_large_blocks();
    let command = cli::Cli::parse().command;
    match signals::outlive_large_files().and_then(|()| command.run()) {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(&failure.to_string());
            failure.exit_code()
        }
    }
}
