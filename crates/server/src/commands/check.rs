//! `mainstay check`

use crate::contracts;
use crate::failure::{Failure, exit};
use crate::graphql;
use crate::project::summary;
use crate::proto;
use crate::terminal::{colored_output, say};
use crate::tls;
use clap::Args;
use mainstay_model::Project;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a project and print every fault with its place
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mainstay check                    the project in this folder
  mainstay check --deny-warnings    in CI: warnings fail too")]
pub(crate) struct Check {
    /// The project folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Let warnings fail the check too
    #[arg(long)]
    deny_warnings: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let diagnostics = match Project::load(&self.folder) {
            Ok(mut loaded) => {
                contracts::check(&self.folder, &loaded.application, &mut loaded.diagnostics)?;
                graphql::diagnose(&self.folder, &loaded.application, &mut loaded.diagnostics)?;
                proto::diagnose(&self.folder, &loaded.application, &mut loaded.diagnostics);
                tls::diagnose(&self.folder, &loaded.application, &mut loaded.diagnostics);
                loaded.diagnostics
            }
            Err(diagnostics) => diagnostics,
        };
        say(&diagnostics.render(colored_output()));
        say(&format!("{}\n", summary(&diagnostics)));
        let failed = diagnostics.has_errors() || (self.deny_warnings && !diagnostics.items.is_empty());
        Ok(if failed { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS })
    }
}
