//! `mainstay schema`

use crate::failure::Failure;
use crate::terminal::say;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

/// Print the JSON Schema of the project's files, for editors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mainstay schema                            all, as {\"config\": …, \"model\": …, \"channel\": …, \"version\": …}
  mainstay schema model > model.schema.json")]
pub(crate) struct Schema {
    /// Of which file: mainstay.toml (config), models/<name>.toml (model), channels/<name>.toml (channel) or api/v<number>.toml (version)
    file: Option<ProjectFile>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProjectFile {
    Config,
    Model,
    Channel,
    Version,
}

impl Schema {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let schema = match self.file {
            Some(ProjectFile::Config) => mainstay_model::config_schema(),
            Some(ProjectFile::Model) => mainstay_model::model_schema(),
            Some(ProjectFile::Channel) => mainstay_model::channel_schema(),
            Some(ProjectFile::Version) => mainstay_model::version_schema(),
            None => serde_json::json!({
                "config": mainstay_model::config_schema(),
                "model": mainstay_model::model_schema(),
                "channel": mainstay_model::channel_schema(),
                "version": mainstay_model::version_schema(),
            }),
        };
        say(&format!("{schema:#}\n"));
        Ok(ExitCode::SUCCESS)
    }
}
