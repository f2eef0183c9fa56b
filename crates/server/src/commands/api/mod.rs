//! `mainstay api`: the versions of the application's own API.

mod freeze;
mod versions;

use crate::failure::Failure;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// List the versions of the application's API, and write down what they promise
#[derive(Debug, Args)]
pub(crate) struct Api {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Versions(versions::Versions),
    Freeze(freeze::Freeze),
}

impl Api {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Versions(command) => command.run(),
            Command::Freeze(command) => command.run(),
        }
    }
}
