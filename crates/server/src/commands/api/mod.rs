//! `mainstay api`: the versions of the application's own API.

mod freeze;
mod replay;
mod retire;
mod usage;
mod versions;

use crate::failure::Failure;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// List the versions of the application's API, hold them to what they promise, and see who calls them
#[derive(Debug, Args)]
pub(crate) struct Api {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Versions(versions::Versions),
    Freeze(freeze::Freeze),
    Replay(replay::Replaying),
    Usage(usage::Usage),
    Retire(retire::Retire),
}

impl Api {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Versions(command) => command.run(),
            Command::Freeze(command) => command.run(),
            Command::Replay(command) => command.run(),
            Command::Usage(command) => command.run(),
            Command::Retire(command) => command.run(),
        }
    }
}
