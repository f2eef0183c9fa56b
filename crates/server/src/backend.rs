//! Store, keys and engine, put together.

use crate::failure::Failure;
use crate::keys;
use crate::project::Opened;
use crate::records::Records;
use mainstay_engine::Engine;
use mainstay_model::Engine as Place;
use mainstay_ports::Store;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A project, ready to be used. While it lives, no other process can open the same data, unless they are on a server.
pub(crate) struct Backend {
    /// The service layer.
    pub(crate) engine: Engine,
    /// Its records, for the operator's own look-ups.
    pub(crate) store: Arc<dyn Store>,
    /// The same, as what it is.
    pub(crate) records: Records,
    /// The data folder.
    pub(crate) folder: PathBuf,
}

impl Backend {
    /// Opens the data of a project, and makes what is not there. The runtime serves what connections it needs.
    pub(crate) fn open(
        project: &Opened,
        chosen_folder: Option<&Path>,
        runtime: &Runtime,
    ) -> Result<Self, Failure> {
        let folder = project.data_folder(chosen_folder);
        if project.application.config.data.engine == Place::Sqlite {
            create_private(&folder)?;
        }
        let records = Records::open(project, &folder, runtime)?;
        let _within = runtime.enter();
        let store = records.store();
        let engine = Engine::new(mainstay_engine::Options {
            application: project.application.clone(),
            store: store.clone(),
            clock: records.clock(),
            keyring: keys::open(&records, &folder)?,
        })
        .map_err(|error| keys::refused(error, &records, &folder))?;
        Ok(Backend { engine, store, records, folder })
    }
}

/// Makes the data folder, readable by its owner alone: it holds people's data and the keys that sign tokens.
fn create_private(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| {
        Failure::new("data_folder", format!("cannot make the data folder {}: {error}", folder.display()))
            .hint("choose another with `--data DIR`, or with `data.folder` in mainstay.toml")
    })
}
