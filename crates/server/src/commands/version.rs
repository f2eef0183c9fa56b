//! `mainstay version`

use crate::failure::Failure;
use crate::terminal::say;
use clap::Args;
use std::process::ExitCode;

/// Print the version
#[derive(Debug, Args)]
pub(crate) struct Version {}

impl Version {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        say(concat!("mainstay ", env!("CARGO_PKG_VERSION"), "\n"));
        Ok(ExitCode::SUCCESS)
    }
}
