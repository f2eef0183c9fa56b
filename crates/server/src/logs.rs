//! Structured logs on standard error.

use crate::failure::Failure;
use crate::terminal::colored_errors;
use mainstay_model::{Log, LogFormat};
use std::io;
use tracing_subscriber::EnvFilter;

/// Begins to log, in the form and from the level that the project chose.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| invalid_level(&log.level, &error))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Setting it fails only when logs were begun before, and a command begins them once.
    let _ = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Pretty => builder.with_ansi(colored_errors()).try_init(),
    };
    Ok(())
}

fn invalid_level(level: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(
        "invalid_log_level",
        format!("`log.level = \"{level}\"` in mainstay.toml is not a level: {error}"),
    )
    .hint(
        "a level is `error`, `warn`, `info`, `debug` or `trace`, or a filter as `info,mainstay_engine=debug`",
    )
}
