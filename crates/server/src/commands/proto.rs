//! `mainstay proto`

use crate::failure::Failure;
use crate::project::Opened;
use crate::proto;
use crate::terminal::{complain, say};
use clap::Args;
use mainstay_engine::Registry;
use mainstay_proto::{LOCK_FILE, Schema};
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
}

impl Proto {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.folder)?;
        if proto::update(&project)? {
            complain(&format!("wrote {LOCK_FILE}: commit it\n"));
        }
        let (lock, _) = proto::load(&project.folder)?;
        let application = &project.application;
        let operations = Registry::new(application);
        let schema = Schema::new(application, operations.operations(), &lock, proto::VERSION);
        match self.out {
            None => say(&schema.to_proto()),
            Some(folder) => {
                let path = folder.join(schema.file_name());
                proto::write(&path, &schema.to_proto())?;
                say(&format!("{}\n", path.display()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
