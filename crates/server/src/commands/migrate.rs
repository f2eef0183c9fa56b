//! `mainstay migrate`

use crate::cli::ProjectArgs;
use crate::failure::Failure;
use crate::migration::Migration;
use crate::project::Opened;
use crate::schema_change::{kept, script};
use crate::terminal::{counted, say};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Bring the database to the models
#[derive(Debug, Args)]
#[command(after_help = "\
Renames are declared in the models (`was = \"old\"`); without that, a renamed field is one that is dropped and one that is added.

Examples:
  mainstay migrate plan examples/chat      look
  mainstay migrate apply examples/chat     do")]
pub(crate) struct Migrate {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the SQL that `apply` would run; the database may be in use
    Plan(ProjectArgs),
    Apply(Apply),
}

/// Run the migration, and record it
///
/// SQLite runs it in one transaction, with no node at work. On PostgreSQL nodes go on, so that it is a step after the other: after a failure the
/// next `apply` goes on from there. Tables and fields that nodes of the version before may need are kept where they are not in the way, and
/// named; `--allow-data-loss` drops them.
#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    project: ProjectArgs,
    /// Run it also when it loses data or makes secrets readable; `plan` names what
    #[arg(long)]
    allow_data_loss: bool,
}

impl Migrate {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Plan(project) => plan(&project),
            Command::Apply(apply) => apply.run(),
        }
    }
}

fn plan(arguments: &ProjectArgs) -> Result<ExitCode, Failure> {
    let project = Opened::load(&arguments.folder)?;
    if let Some(migration) = made(&project, arguments)? {
        say(&script(&migration.plan()?));
    }
    Ok(ExitCode::SUCCESS)
}

impl Apply {
    fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.project.folder)?;
        if let Some(migration) = made(&project, &self.project)? {
            let done = migration.apply(self.allow_data_loss)?;
            say(&done.steps.iter().map(|step| format!("done: {}\n", step.description)).collect::<String>());
            say(&kept(&done).map(|line| format!("{line}\n")).collect::<String>());
            say(&format!("{} applied\n", counted(done.steps.len(), "step")));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The migration of a database that is there; says so when it is not.
fn made<'a>(project: &'a Opened, arguments: &ProjectArgs) -> Result<Option<Migration<'a>>, Failure> {
    let folder = project.data_folder(arguments.data.data.as_deref());
    let migration = Migration::of(project, &folder)?;
    let Some(missing) = migration.missing()? else { return Ok(Some(migration)) };
    say(&format!("{missing} is not there yet: `mainstay serve` makes it\n"));
    Ok(None)
}
