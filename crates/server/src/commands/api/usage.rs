//! `mainstay api usage`

use crate::backend::Backend;
use crate::cli::ProjectArgs;
use crate::commands::runtime;
use crate::failure::Failure;
use crate::migration::Migration;
use crate::project::Opened;
use crate::terminal::say;
use clap::Args;
use mainstay_engine::{ApiUse, ApiUseCount};
use mainstay_expr::format_timestamp;
use std::collections::BTreeMap;
use std::process::ExitCode;

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Say who still calls what of which version of the API
#[derive(Debug, Args)]
#[command(after_help = "\
A line for each version, operation or field, and client: how often, and when last; tabs are between. A field was used by who named it: in a
body, a filter, an order or a selection. Uses are counted while a project has several versions, and remembered for 90 days.

With SQLite no server may have the data open: stop it first. While it runs, its metrics tell the same (mainstay_api_uses_total).

Example:
  mainstay api usage --number 1 --days 7")]
pub(crate) struct Usage {
    #[command(flatten)]
    project: ProjectArgs,
    /// The version alone that has this number
    #[arg(long)]
    number: Option<u32>,
    /// Of how many days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=90))]
    days: i64,
}

impl Usage {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let uses = of_days(&self.project, self.days)?;
        let chosen = uses.iter().filter(|(key, _)| self.number.is_none_or(|number| number == key.version));
        say(&chosen.map(|(key, count)| line(key, *count)).collect::<String>());
        Ok(ExitCode::SUCCESS)
    }
}

/// What was used in the last days. Where there are no data nothing is known of it, and none are made to look into.
pub(super) fn of_days(project: &ProjectArgs, days: i64) -> Result<BTreeMap<ApiUse, ApiUseCount>, Failure> {
    let runtime = runtime()?;
    let opened = Opened::load(&project.folder)?;
    let folder = opened.data_folder(project.data.data.as_deref());
    if let Some(missing) = Migration::of(&opened, &folder)?.missing()? {
        return Err(no_data(&missing));
    }
    let backend = Backend::open(&opened, project.data.data.as_deref(), &runtime)?;
    let since = backend.engine.now().saturating_sub(days.saturating_mul(DAY_MICROS));
    Ok(runtime.block_on(backend.engine.api_uses_since(since))?)
}

fn no_data(missing: &str) -> Failure {
    let message = format!("{missing} is not there, so that nobody knows who called what");
    Failure::new("no_data", message)
        .hint("choose the data that clients use, with `--data DIR` or the settings in [data]")
}

fn line(key: &ApiUse, count: ApiUseCount) -> String {
    let last = format_timestamp(count.last_used_at);
    format!("v{}\t{}\t{}\t{}\t{last}\n", key.version, key.used, key.client, count.calls)
}
