//! `mainstay export`

use super::{model_named, runtime};
use crate::backend::Backend;
use crate::cli::ActorArgs;
use crate::failure::Failure;
use crate::project::Opened;
use crate::terminal::{complain, counted};
use crate::transfer::export::{Options, run};
use crate::transfer::{Format, actor};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write records to a file (CSV, JSON or a JSON object a line; .gz too)
#[derive(Debug, Args)]
#[command(after_help = "\
It has what the caller may see: without --as and --role that is what nobody may.

Examples:
  mainstay export city cities.jsonl.gz --project examples/atlas
  mainstay export message --as ann@example.org --format csv --filter \"text.contains('hello')\"")]
pub(crate) struct Export {
    /// The model
    model: String,
    /// The file [default: standard output]
    file: Option<PathBuf>,
    #[command(flatten)]
    actor: ActorArgs,
    /// The format [default: by the file's name; jsonl on standard output]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only records for which this holds, in CEL
    #[arg(long, value_name = "CEL")]
    filter: Option<String>,
}

impl Export {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let format = self.format()?;
        let project = Opened::load(&self.actor.project)?;
        let model = model_named(&project, &self.model)?;
        let runtime = runtime()?;
        let backend = Backend::open(&project, self.actor.data.data.as_deref(), &runtime)?;
        let options = Options { file: self.file, format, filter: self.filter };
        let bar = bar();
        let written = runtime.block_on(async {
            let caller = actor::caller(&backend, &self.actor).await?;
            run(&backend, &caller, model, options, |written, total| {
                bar.set_length(total);
                bar.set_position(written);
            })
            .await
        });
        bar.finish_and_clear();
        // Not on standard output: that may be the file.
        complain(&format!("{}\n", counted(written? as usize, "record")));
        Ok(ExitCode::SUCCESS)
    }

    fn format(&self) -> Result<Format, Failure> {
        match &self.file {
            None => Ok(self.format.unwrap_or(Format::Jsonl)),
            Some(path) => Format::of(Path::new(path), self.format),
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {eta} left");
    let bar = ProgressBar::new(0);
    bar.set_style(style.expect("the template is valid"));
    bar
}
