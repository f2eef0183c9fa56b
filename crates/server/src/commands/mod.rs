//! The commands, a file each.

pub(crate) mod api;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod graphql;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod moving;
pub(crate) mod proto;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod tune;
pub(crate) mod user;
pub(crate) mod version;

use crate::failure::Failure;
use crate::project::Opened;
use mainstay_model::Model;
use tokio::runtime::{Builder, Runtime};

/// The runtime that a command waits in, with a worker for each core.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| {
        Failure::new("no_threads", format!("cannot start the threads of the program: {error}"))
    })
}

/// The public model of this name.
fn model_named<'a>(project: &'a Opened, name: &str) -> Result<&'a Model, Failure> {
    let application = &project.application;
    application.model_named(name).filter(|model| !model.internal).ok_or_else(|| {
        let public = application.models.iter().filter(|model| !model.internal);
        let names: Vec<&str> = public.map(|model| model.name.as_str()).collect();
        Failure::new("no_such_model", format!("there is no model `{name}`"))
            .hint(format!("the project has {}", names.join(", ")))
    })
}
