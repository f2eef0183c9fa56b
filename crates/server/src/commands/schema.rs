//! `mainstay schema`

use crate::failure::Failure;
use crate::terminal::say;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

/// Print the JSON Schema of the project's files, for editors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mainstay schema                            both, as {\"config\": …, \"model\": …}
  mainstay schema model > model.schema.json")]
pub(crate) struct Schema {
    /// Of which file: mainstay.toml (config) or models/<name>.toml (model)
    file: Option<ProjectFile>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProjectFile {
    Config,
    Model,
}

impl Schema {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let schema = match self.file {
            Some(ProjectFile::Config) => mainstay_model::config_schema(),
            Some(ProjectFile::Model) => mainstay_model::model_schema(),
            None => serde_json::json!({
                "config": mainstay_model::config_schema(),
                "model": mainstay_model::model_schema(),
            }),
        };
        say(&format!("{schema:#}\n"));
        Ok(ExitCode::SUCCESS)
    }
}
