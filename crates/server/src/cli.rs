//! The command line.

use crate::commands::{
    api, backup, check, export, graphql, import, init, key, migrate, moving, proto, schema, serve, tune,
    user, version,
};
use crate::failure::Failure;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The whole backend of an application in one program.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "\
Begin here:
  mainstay init hello          make a small project in the folder hello
  mainstay serve hello         serve it
  mainstay check hello         look for faults in it")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(serve::Serve),
    Dev(serve::Dev),
    Check(check::Check),
    Schema(schema::Schema),
    Api(api::Api),
    Proto(proto::Proto),
    #[command(name = "graphql")]
    GraphQl(graphql::GraphQl),
    Init(init::Init),
    Migrate(migrate::Migrate),
    User(user::User),
    Key(key::Key),
    Tune(tune::Tune),
    Import(import::Import),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Move(moving::Move),
    Version(version::Version),
}

impl Command {
    /// Runs it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Command::Serve(command) => command.run(),
            Command::Dev(command) => command.run(),
            Command::Check(command) => command.run(),
            Command::Schema(command) => command.run(),
            Command::Api(command) => command.run(),
            Command::Proto(command) => command.run(),
            Command::GraphQl(command) => command.run(),
            Command::Init(command) => command.run(),
            Command::Migrate(command) => command.run(),
            Command::User(command) => command.run(),
            Command::Key(command) => command.run(),
            Command::Tune(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::Export(command) => command.run(),
            Command::Backup(command) => command.run(),
            Command::Restore(command) => command.run(),
            Command::Move(command) => command.run(),
            Command::Version(command) => command.run(),
        }
    }
}

/// The project, as the first argument, and its data.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgs {
    /// The project folder
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Where the data are.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The data folder [default: `data.folder` of mainstay.toml, in the project folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// The project and its data, where the first argument is something else; and in whose name to act.
#[derive(Debug, Args)]
pub(crate) struct ActorArgs {
    /// The project folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) project: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Act as the account with this e-mail address
    #[arg(long = "as", value_name = "EMAIL", conflicts_with = "roles")]
    pub(crate) account: Option<String>,
    /// Act in this role, without an account; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) roles: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
