//! `mainstay graphql`

use crate::failure::Failure;
use crate::project::Opened;
use crate::terminal::say;
use clap::Args;
use mainstay_engine::Registry;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the GraphQL schema of a project
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  mainstay graphql examples/chat > schema.graphql")]
pub(crate) struct GraphQl {
    /// The project folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl GraphQl {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.folder)?;
        let registry = Registry::new(&project.application);
        let text = mainstay_graphql::schema_text(&project.application, registry.operations());
        say(&text.map_err(|message| Failure::new("graphql_broken", message))?);
        Ok(ExitCode::SUCCESS)
    }
}
