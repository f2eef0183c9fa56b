//! `mainstay api freeze`

use crate::contracts;
use crate::failure::{Failure, exit};
use crate::project::Opened;
use crate::terminal::{complain, say};
use clap::Args;
use mainstay_model::{Contract, Version};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write down what the versions of the API promise, so that `check` can refuse to break it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mainstay api freeze                 all versions: writes api/v1.lock, api/v2.lock, …
  mainstay api freeze --number 2      version 2 alone")]
pub(crate) struct Freeze {
    /// The project folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The version alone that has this number
    #[arg(long)]
    number: Option<u32>,
    /// Write it down even where it breaks what was promised before
    #[arg(long)]
    force: bool,
}

impl Freeze {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.folder)?;
        let versions = &project.application.versions;
        if let Some(number) = self.number.filter(|number| versions.get(*number).is_none()) {
            return Err(Failure::new("no_such_version", format!("there is no version {number} of the API")));
        }
        let chosen =
            versions.iter().filter(|version| self.number.is_none_or(|number| number == version.number));
        let mut failed = false;
        for version in chosen {
            failed |= !self.freeze(&project, version)?;
        }
        Ok(if failed { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS })
    }

    fn freeze(&self, project: &Opened, version: &Version) -> Result<bool, Failure> {
        let broken = contracts::breaks(&self.folder, &project.application, version)?;
        if !broken.is_empty() && !self.force {
            for broken in broken {
                complain(&format!("version {}: `{}` {}\n", version.number, broken.of, broken.message));
            }
            complain(&format!("version {} was left as it was; --force writes it anew\n", version.number));
            return Ok(false);
        }
        let contract = Contract::of(&project.application, version);
        contracts::write(&self.folder, version.number, &contract)?;
        say(&format!("{}\n", contracts::path(&self.folder, version.number).display()));
        Ok(true)
    }
}
