//! `mainstay migrate`

use crate::cli::ProjectArgs;
use crate::failure::Failure;
use crate::project::Opened;
use crate::records::{database, require_sqlite};
use crate::schema_change::{refused, script};
use crate::terminal::{counted, say};
use clap::{Args, Subcommand};
use mainstay_embedded::migrate;
use std::path::PathBuf;
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

/// Run the migration in one transaction, and record it
#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    project: ProjectArgs,
    /// Run it also when it loses data or makes secrets readable; `plan` names what
    #[arg(long)]
    allow_data_loss: bool,
}

/// A project and the database that it stands over.
struct Target {
    project: Opened,
    database: PathBuf,
}

impl Migrate {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Plan(project) => plan(&project),
            Command::Apply(apply) => apply.run(),
        }
    }
}

impl Target {
    fn open(arguments: &ProjectArgs) -> Result<Self, Failure> {
        let project = Opened::load(&arguments.folder)?;
        require_sqlite(&project, "this kind of migration")?;
        let database = database(&project.data_folder(arguments.data.data.as_deref()));
        Ok(Target { project, database })
    }

    fn has_no_database(&self) -> bool {
        let missing = !self.database.exists();
        if missing {
            say(&format!("{} is not there yet: `mainstay serve` makes it\n", self.database.display()));
        }
        missing
    }
}

fn plan(arguments: &ProjectArgs) -> Result<ExitCode, Failure> {
    let target = Target::open(arguments)?;
    if !target.has_no_database() {
        let plan = migrate::plan(&target.project.application, &target.database);
        let plan = plan.map_err(|error| refused(error, &target.project.folder))?;
        say(&script(&plan));
    }
    Ok(ExitCode::SUCCESS)
}

impl Apply {
    fn run(self) -> Result<ExitCode, Failure> {
        let target = Target::open(&self.project)?;
        if !target.has_no_database() {
            let done = migrate::apply(&target.project.application, &target.database, self.allow_data_loss);
            let done = done.map_err(|error| refused(error, &target.project.folder))?;
            say(&done.steps.iter().map(|step| format!("done: {}\n", step.description)).collect::<String>());
            say(&format!("{} applied\n", counted(done.steps.len(), "step")));
        }
        Ok(ExitCode::SUCCESS)
    }
}
