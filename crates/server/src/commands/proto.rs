//! `mainstay proto`

use crate::failure::Failure;
use crate::project::Opened;
use crate::proto;
use crate::terminal::{complain, say};
use clap::Args;
use mainstay_engine::Registry;
use mainstay_model::{Application, Version};
use mainstay_proto::{LOCK_FILE, Lock, Schema};
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the .proto file of a project, to generate gRPC clients from
#[derive(Debug, Args)]
#[command(after_help = "\
The numbers of fields are kept in the project, in api/proto.lock: it is written when the models have changed, and belongs
into version control.

Examples:
  mainstay proto > chat.proto           the file on standard output
  mainstay proto --out proto            as proto/chat/v1/chat.proto, where it belongs by its package")]
pub(crate) struct Proto {
    /// The project folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Write the file into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Of which version of the API [default: the newest; with --out all of them]
    #[arg(long, value_name = "NUMBER")]
    api_version: Option<u32>,
}

impl Proto {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.folder)?;
        if proto::update(&project)? {
            complain(&format!("wrote {LOCK_FILE}: commit it\n"));
        }
        let (lock, _) = proto::load(&project.folder)?;
        let versions = &project.application.versions;
        let Some(folder) = self.out else {
            let chosen = self.api_version.unwrap_or(versions.newest().number);
            let version = versions
                .get(chosen)
                .ok_or_else(|| Failure::new("no_such_version", format!("the API has no version {chosen}")))?;
            say(&schema(&project.application, version, &lock).to_proto());
            return Ok(ExitCode::SUCCESS);
        };
        for version in
            versions.iter().filter(|version| self.api_version.is_none_or(|chosen| chosen == version.number))
        {
            let schema = schema(&project.application, version, &lock);
            let path = folder.join(schema.file_name());
            proto::write(&path, &schema.to_proto())?;
            say(&format!("{}\n", path.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The schema of a version, as its clients know the application.
fn schema(application: &Application, version: &Version, lock: &Lock) -> Schema {
    let shown = version.face.as_ref().map_or(application, |face| &face.application);
    let mut operations = Registry::new(shown).operations().to_vec();
    operations.retain(|operation| version.offers(operation.model, &operation.name));
    Schema::new(shown, &operations, lock, version.number)
}
