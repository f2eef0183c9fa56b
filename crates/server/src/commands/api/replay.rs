//! `mainstay api replay`

use crate::commands::runtime;
use crate::failure::{Failure, exit};
use crate::golden::{self, Replay, for_replay};
use crate::project::Opened;
use crate::terminal::{complain, counted, say};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Replay the exchanges in api/golden against the project, each file on data of its own
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mainstay api replay                 fails where an answer is not as it was recorded
  mainstay api replay --record        keeps the answers of now, but for what is another each time")]
pub(crate) struct Replaying {
    /// The project folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Keep the answers instead of comparing them
    #[arg(long)]
    record: bool,
}

impl Replaying {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let (mut exchanges, mut failed) = (0, 0);
        let files = golden::files(&self.folder)?;
        for file in &files {
            let differences = if self.record { self.record(file)? } else { self.check(file)? };
            exchanges += golden::read(file)?.len();
            failed += differences.len();
            differences
                .iter()
                .for_each(|difference| complain(&format!("{}: {difference}\n", file.display())));
        }
        let (files, exchanges) = (counted(files.len(), "file"), counted(exchanges, "exchange"));
        say(&format!("{exchanges} in {files}, {}\n", counted(failed, "difference")));
        Ok(if failed > 0 { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS })
    }

    fn check(&self, file: &Path) -> Result<Vec<String>, Failure> {
        let (runtime, exchanges) = (runtime()?, golden::read(file)?);
        let mut replay = Replay::start(&for_replay(Opened::load(&self.folder)?), &runtime)?;
        let mut differences = Vec::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            let found = runtime.block_on(replay.check(exchange))?;
            differences.extend(found.into_iter().map(|found| format!("exchange {}: {found}", index + 1)));
        }
        Ok(differences)
    }

    fn record(&self, file: &Path) -> Result<Vec<String>, Failure> {
        let (runtime, mut exchanges) = (runtime()?, golden::read(file)?);
        let mut replay = Replay::start(&for_replay(Opened::load(&self.folder)?), &runtime)?;
        for exchange in &mut exchanges {
            runtime.block_on(replay.record(exchange))?;
        }
        golden::write(file, &exchanges)?;
        Ok(Vec::new())
    }
}
