//! `mainstay api retire`

use super::usage::of_days;
use crate::cli::ProjectArgs;
use crate::contracts;
use crate::failure::{Failure, exit};
use crate::terminal::{complain, counted, say};
use clap::Args;
use std::process::ExitCode;

/// Take back what a version of the API promised, when nobody calls it any more
#[derive(Debug, Args)]
#[command(after_help = "\
It removes api/v1.lock, so that `check` lets the version go. A version that somebody called in the last days is kept, unless forced;
so is one that nobody can tell of, because there are no data.

Example:
  mainstay api retire --number 1")]
pub(crate) struct Retire {
    #[command(flatten)]
    project: ProjectArgs,
    /// The number of the version
    #[arg(long)]
    number: u32,
    /// In how many of the last days nobody may have called it
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=90))]
    days: i64,
    /// Whoever still calls it, and without a look at the data
    #[arg(long)]
    force: bool,
}

impl Retire {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let path = contracts::path(&self.project.folder, self.number);
        if contracts::read(&self.project.folder, self.number)?.is_none() {
            let message = format!("version {} of the API was not frozen", self.number);
            return Err(Failure::new("no_such_version", message));
        }
        let clients = if self.force { Vec::new() } else { self.clients()? };
        if !clients.is_empty() {
            let count = counted(clients.len(), "client");
            complain(&format!(
                "version {} is still called by {count}: {}\n",
                self.number,
                clients.join(", ")
            ));
            return Ok(ExitCode::from(exit::FAILED));
        }
        contracts::remove(&path)?;
        say(&format!("removed {}\n", path.display()));
        Ok(ExitCode::SUCCESS)
    }

    /// Who called the version.
    fn clients(&self) -> Result<Vec<String>, Failure> {
        let uses = of_days(&self.project, self.days)?;
        let of_version = uses.into_keys().filter(|key| key.version == self.number);
        let mut clients: Vec<String> = of_version.map(|key| key.client).collect();
        clients.sort_unstable();
        clients.dedup();
        Ok(clients)
    }
}
