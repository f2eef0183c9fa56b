//! `mainstay import`

use super::{model_named, runtime};
use crate::backend::Backend;
use crate::cli::ActorArgs;
use crate::failure::{Failure, exit};
use crate::project::Opened;
use crate::signals::Signals;
use crate::terminal::{complain, grouped, say};
use crate::transfer::import::{Ended, Options, Watcher, run};
use crate::transfer::resume::Progress;
use crate::transfer::writer::Tally;
use crate::transfer::{Format, actor};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Read records from a file (CSV, JSON or a JSON object a line; .gz too)
#[derive(Debug, Args)]
#[command(after_help = "\
Columns are named as fields. A ref may be given by a unique field of its target: the column `country.code`.
Rules and validations apply as to any client; without --as and --role it is nobody who writes. Rows that are refused go to a
report, and the others are imported. Interrupted, the same command goes on; repeated, it finds its records there already.

Examples:
  mainstay import country countries.csv --role editor
  mainstay import city cities.csv.gz --project examples/atlas --as ed@example.org")]
pub(crate) struct Import {
    /// The model
    model: String,
    /// The file
    file: PathBuf,
    #[command(flatten)]
    actor: ActorArgs,
    /// The file's format [default: by its name]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Records in a transaction
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Where refused rows are reported, as CSV or JSONL [default: FILE.refused.jsonl in the current folder]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Begin anew where an import was interrupted
    #[arg(long)]
    restart: bool,
}

impl Import {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let options = self.options()?;
        let project = Opened::load(&self.actor.project)?;
        let model = model_named(&project, &self.model)?;
        let runtime = runtime()?;
        let backend = Backend::open(&project, self.actor.data.data.as_deref(), &runtime)?;
        let started = Instant::now();
        let ended = runtime.block_on(async {
            let caller = actor::caller(&backend, &self.actor).await?;
            let (stop, bar) = (stop_at_signal()?, Bar::new());
            let ended = run(&backend, &caller, model, &options, &bar, &stop).await;
            bar.bar.finish_and_clear();
            ended
        })?;
        say(&summary(&ended, started.elapsed()));
        Ok(exit_code(&ended))
    }

    fn options(&self) -> Result<Options, Failure> {
        Ok(Options {
            file: self.file.clone(),
            format: Format::of(&self.file, self.format)?,
            batch: self.batch as usize,
            report: self.report.clone(),
            restart: self.restart,
        })
    }
}

/// Set by Ctrl-C, which asks the import to stop behind the current batch. A second one ends the program at once: nothing is lost, since what
/// is acknowledged is on the disk.
fn stop_at_signal() -> Result<Arc<AtomicBool>, Failure> {
    let mut signals = Signals::listen()?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        flag.store(true, Relaxed);
        signals.next().await;
        std::process::exit(exit::INTERRUPTED.into());
    });
    Ok(stop)
}

fn exit_code(ended: &Ended) -> ExitCode {
    match ended {
        Ended { interrupted_at: Some(_), .. } => ExitCode::from(exit::INTERRUPTED),
        Ended { tally: Tally { refused: 1.., .. }, .. } => ExitCode::from(exit::REFUSED),
        _ => ExitCode::SUCCESS,
    }
}

fn summary(ended: &Ended, elapsed: Duration) -> String {
    let Ended { tally, before, reports, interrupted_at } = ended;
    let reports: Vec<String> = reports.iter().map(|report| report.display().to_string()).collect();
    let where_to =
        if tally.refused > 0 { format!("   see {}", reports.join(" and ")) } else { String::new() };
    let rate = (tally.read - before.read) as f64 / elapsed.as_secs_f64().max(0.001);
    let mut text = format!(
        "read            {:>12}\nimported        {:>12}\nalready there   {:>12}\nrefused         {:>12}{where_to}\nrows/s          {:>12}\n",
        grouped(tally.read),
        grouped(tally.imported),
        grouped(tally.already_there),
        grouped(tally.refused),
        grouped(rate as u64),
    );
    if let Some(line) = interrupted_at {
        text += &format!("interrupted before line {line}; the same command goes on from there\n");
    }
    text
}

/// A progress bar on standard error; nothing where that is no terminal.
struct Bar {
    bar: ProgressBar,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {msg}  {eta} left");
        bar.set_style(style.expect("the template is valid"));
        Bar { bar }
    }
}

impl Watcher for Bar {
    fn begins(&self, size_bytes: u64, resumed: Option<&Progress>) {
        self.bar.set_length(size_bytes);
        if let Some(progress) = resumed {
            complain(&format!("going on from line {}\n", progress.place.line));
        }
    }

    fn advances(&self, read_bytes: u64, tally: &Tally) {
        self.bar.set_position(read_bytes);
        self.bar.set_message(format!("{} rows, {} refused", grouped(tally.read), grouped(tally.refused)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_where_the_refused_rows_are() {
        let tally = Tally { read: 135_233, imported: 135_000, already_there: 0, refused: 233 };
        let before = Tally { read: 35_233, ..Tally::default() };
        let ended = Ended { tally, before, reports: vec![PathBuf::from("r.jsonl")], interrupted_at: Some(9) };
        let expected = "\
read                 135,233
imported             135,000
already there              0
refused                  233   see r.jsonl
rows/s                20,000
interrupted before line 9; the same command goes on from there
";
        assert_eq!(summary(&ended, Duration::from_secs(5)), expected);
    }
}
