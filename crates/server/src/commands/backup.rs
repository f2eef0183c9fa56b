//! `mainstay backup` and `mainstay restore`

use crate::backup::{self, Keys, Manifest, Restored, Restoring};
use crate::cli::DataArgs;
use crate::failure::Failure;
use crate::migration::Migration;
use crate::project::Opened;
use crate::terminal::{complain, counted, grouped, shell_word};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mainstay_model::Engine;
#[cfg(feature = "postgres")]
use mainstay_scaleout::postgres::copy::Database;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write all data of a project to one file; the server may be running
#[derive(Debug, Args)]
#[command(after_help = "\
The file has everything that was acknowledged when the backup began, as of one moment, and is verified. It is a tar archive: the database, the
keys that sign tokens, and digests. Whoever has it has everybody's data and can make tokens: keep it secret.

Examples:
  mainstay backup chat.backup --project examples/chat
  mainstay backup /backups/chat.$(date +%F) --project /srv/chat    every night, from cron")]
pub(crate) struct Backup {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    project: ProjectOption,
    /// Leave the keys out: after a restore elsewhere, all have to log in again
    #[arg(long)]
    without_keys: bool,
    /// Replace the file if it is there and a backup
    #[arg(long)]
    force: bool,
}

/// Put the data of a backup in place; the server has to be stopped
#[derive(Debug, Args)]
#[command(after_help = "\
The whole file is read, compared with its digests and verified before anything is touched. Positions in the feed of the time before are answered
with `reset` afterwards, since what was written after the backup is gone.

Examples:
  mainstay restore --check chat.backup                            is it whole? what is in it?
  mainstay restore chat.backup --project examples/chat            into a project without data
  mainstay restore chat.backup --project examples/chat --replace  puts the data that are there aside")]
pub(crate) struct Restore {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    project: ProjectOption,
    /// Read the file to its end, say what is in it, and change nothing
    #[arg(long, conflicts_with_all = ["replace", "other_project"])]
    check: bool,
    /// Put data that are there aside, into a folder inside of the data folder
    #[arg(long)]
    replace: bool,
    /// Take it also when it is a backup of another project
    #[arg(long)]
    other_project: bool,
}

/// The project and its data, where the first argument is a file.
#[derive(Debug, Args)]
struct ProjectOption {
    /// The project folder
    #[arg(long = "project", value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

impl Backup {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.file.symlink_metadata().is_ok() && !(self.force && backup::may_be_replaced(&self.file)) {
            let message = format!("{} is there already, and is left alone", self.file.display());
            return Err(
                Failure::new("exists", message).hint("choose another name; `--force` replaces a backup")
            );
        }
        let project = Opened::load(&self.project.folder)?;
        let folder = project.data_folder(self.project.data.data.as_deref());
        let bar = bar();
        let progress = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let copy = |to: &Path| match project.application.config.data.engine {
            Engine::Sqlite => backup::from_sqlite(&project, &folder, to, &progress),
            Engine::Postgres => from_postgres(&project, to, &progress),
        };
        let manifest = backup::create(&project, &self.file, !self.without_keys, copy)?;
        bar.finish_and_clear();
        complain(&format!("backed up {} to {}\n", contents(&manifest), self.file.display()));
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.check {
            let manifest = backup::check(&self.file)?;
            complain(&format!("{} is whole: {}\n", self.file.display(), contents(&manifest)));
            return Ok(ExitCode::SUCCESS);
        }
        let project = Opened::load(&self.project.folder)?;
        let folder = project.data_folder(self.project.data.data.as_deref());
        let options = Restoring { replace: self.replace, other_project: self.other_project };
        let (restored, place) = match project.application.config.data.engine {
            Engine::Sqlite => {
                (backup::restore(&project, &folder, &self.file, &options)?, folder.display().to_string())
            }
            Engine::Postgres => into_postgres(&project, &folder, &self.file, &options)?,
        };
        complain(&format!("restored {} into {place}\n", contents(&restored.manifest)));
        if let Some(aside) = restored.aside {
            complain(&format!("what was there before is in {aside}\n"));
        }
        complain(&migration_note(&project, &folder, &self.project.folder)?);
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(feature = "postgres")]
fn from_postgres(project: &Opened, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<Keys, Failure> {
    let url = crate::postgres::options(project)?.url;
    super::runtime()?.block_on(async {
        let database = Database::connect(&url).await;
        let database = database.map_err(|error| crate::postgres::refused(error, &project.folder))?;
        backup::from_postgres(project, &database, to, progress).await
    })
}

#[cfg(not(feature = "postgres"))]
fn from_postgres(_: &Opened, _: &Path, _: &dyn Fn(u64, u64)) -> Result<Keys, Failure> {
    Err(crate::records::engine_missing())
}

/// What was restored, and into what.
#[cfg(feature = "postgres")]
fn into_postgres(
    project: &Opened,
    folder: &Path,
    file: &Path,
    options: &Restoring,
) -> Result<(Restored, String), Failure> {
    let url = crate::postgres::options(project)?.url;
    super::runtime()?.block_on(async {
        let database = Database::connect(&url).await;
        let database = database.map_err(|error| crate::postgres::refused(error, &project.folder))?;
        let restored = backup::into_postgres(project, &database, folder, file, options).await?;
        Ok((restored, database.name().to_owned()))
    })
}

#[cfg(not(feature = "postgres"))]
fn into_postgres(_: &Opened, _: &Path, _: &Path, _: &Restoring) -> Result<(Restored, String), Failure> {
    Err(crate::records::engine_missing())
}

/// What a backup has, in words.
fn contents(manifest: &Manifest) -> String {
    let public = manifest.records.iter().filter(|(name, _)| !name.starts_with('_'));
    let records: u64 = public.map(|(_, count)| count).sum();
    let keys = if manifest.keys { "with" } else { "without" };
    let project = if manifest.project.is_empty() { "a project" } else { &manifest.project };
    let noun = if records == 1 { "record" } else { "records" };
    format!("{project} as of {}: {} {noun}, {keys} keys", manifest.created_at, grouped(records))
}

/// Models that have changed since the backup are migrated as always; it is said here, so that it does not surprise at the next start.
fn migration_note(project: &Opened, folder: &Path, project_folder: &Path) -> Result<String, Failure> {
    let plan = Migration::of(project, folder)?.plan()?;
    if plan.is_empty() {
        return Ok(String::new());
    }
    let (steps, folder) = (counted(plan.steps.len(), "step"), shell_word(project_folder));
    Ok(format!("the models have changed since: {steps} to go, see `mainstay migrate plan {folder}`\n"))
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent}%  {eta} left");
    let bar = ProgressBar::new(0);
    bar.set_style(style.expect("the template is valid"));
    bar
}
