//! `mainstay move`

use crate::cli::ProjectArgs;
use crate::failure::Failure;
use crate::project::Opened;
use crate::records::{database, require_sqlite};
use crate::schema_change::refused;
use crate::terminal::{complain, say};
use clap::Args;
use std::process::ExitCode;

/// Move the records of a project from SQLite to PostgreSQL; the server may be running
#[derive(Debug, Args)]
#[command(after_help = "\
Copies all records, accounts, sessions, keys and the change feed, follows what is written meanwhile, compares every row, and then stops writes for the
moment in which the last of them follow. From then on this project's SQLite file takes no writes any more. Interrupted before that, nothing has
changed, and the same command goes on from where it was.

Examples:
  MAINSTAY_DATA_URL=postgres://app:secret@db.example.org/chat mainstay move examples/chat
  mainstay move --to postgres:///chat?host=/run/postgresql     a URL without a password may be seen in the list of processes
  mainstay move --take-back examples/chat                      take writes in the SQLite file again")]
pub(crate) struct Move {
    #[command(flatten)]
    project: ProjectArgs,
    /// Where to: an empty database [default: the environment variable MAINSTAY_DATA_URL]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Let the SQLite file take writes again; what was written to PostgreSQL is not in it
    #[arg(long, conflicts_with = "to")]
    take_back: bool,
}

impl Move {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.project.folder)?;
        if self.take_back {
            return self.take_back(&project);
        }
        require_sqlite(&project, "`mainstay move`")?;
        run(&self, &project)
    }

    fn take_back(&self, project: &Opened) -> Result<ExitCode, Failure> {
        let database = database(&project.data_folder(self.project.data.data.as_deref()));
        let note = mainstay_embedded::copy::take_back(&database);
        match note.map_err(|error| refused(error, &project.folder))? {
            Some(moved) => complain(&format!(
                "{} takes writes again; what was written to {} since is not in it\n",
                database.display(),
                moved.to
            )),
            None => say(&format!("{} has not moved\n", database.display())),
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(not(feature = "postgres"))]
fn run(_: &Move, _: &Opened) -> Result<ExitCode, Failure> {
    Err(crate::records::engine_missing())
}

#[cfg(feature = "postgres")]
use with_postgres::run;

#[cfg(feature = "postgres")]
mod with_postgres {
    use super::Move;
    use crate::commands::runtime;
    use crate::failure::Failure;
    use crate::moving::{self, Done, Progress};
    use crate::postgres;
    use crate::project::Opened;
    use crate::terminal::{complain, grouped, say};
    use indicatif::{ProgressBar, ProgressStyle};
    use mainstay_scaleout::postgres::copy::Database;
    use std::process::ExitCode;

    pub(super) fn run(command: &Move, project: &Opened) -> Result<ExitCode, Failure> {
        let url = postgres::url_of_command(command.to.as_deref())?;
        let folder = project.data_folder(command.project.data.data.as_deref());
        let bar = Bar::new();
        let done = runtime()?.block_on(async {
            let target = Database::connect(&url).await;
            let target = target.map_err(|error| postgres::refused(error, &project.folder))?;
            let moving =
                moving::Move { project: &project.folder, folder: &folder, target: &target, progress: &bar };
            let done = moving.run().await?;
            Ok::<_, Failure>((done, target.name().to_owned()))
        });
        bar.0.finish_and_clear();
        let (done, name) = done?;
        say(&report(&done));
        complain(&format!(
            "moved to {name}; writes waited for {} ms\nnow set in mainstay.toml, and start the server again:\n\n[data]\nengine = \"postgres\"\n\n\
             with the URL in the environment variable MAINSTAY_DATA_URL, or as `url` there\n",
            done.stopped.as_millis()
        ));
        Ok(ExitCode::SUCCESS)
    }

    /// What was compared.
    fn report(done: &Done) -> String {
        let width = done.sums.iter().map(|sum| sum.table.len()).max().unwrap_or(0);
        let line = |sum: &moving::Sum| {
            format!("{:<width$} {:>12} sha256 {}\n", sum.table, grouped(sum.rows), &sum.digest[..16])
        };
        done.sums.iter().map(line).collect()
    }

    struct Bar(ProgressBar);

    impl Bar {
        fn new() -> Self {
            let style = ProgressStyle::with_template("{msg:30!} {wide_bar} {human_pos}/{human_len} {eta}");
            let bar = ProgressBar::new(0);
            bar.set_style(style.expect("the template is valid"));
            Bar(bar)
        }
    }

    impl Progress for Bar {
        fn begin(&self, what: &str, total: u64) {
            self.0.reset();
            self.0.set_length(total);
            self.0.set_message(what.to_owned());
        }

        fn advance(&self, rows: u64) {
            self.0.inc(rows);
        }
    }
}
