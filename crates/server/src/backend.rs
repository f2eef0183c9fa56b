//! Store, keys and engine, put together over a data folder.

use crate::failure::Failure;
use crate::project::Opened;
use crate::records::Records;
use mainstay_embedded::LocalKeyring;
use mainstay_engine::{Code, Engine, Error};
use mainstay_ports::{Store, SystemClock};
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
    /// Opens the data of a project, and makes the folder and the database when they are not there. The runtime serves what connections it needs.
    pub(crate) fn open(
        project: &Opened,
        chosen_folder: Option<&Path>,
        runtime: &Runtime,
    ) -> Result<Self, Failure> {
        let folder = project.data_folder(chosen_folder);
        create_private(&folder)?;
        let records = Records::open(project, &folder, runtime)?;
        let store = records.store();
        let keys = folder.join("keys");
        let keyring =
            LocalKeyring::open(&keys).map_err(|error| Failure::io("open the keys in", &keys, &error))?;
        let engine = Engine::new(mainstay_engine::Options {
            application: project.application.clone(),
            store: store.clone(),
            clock: Arc::new(SystemClock),
            keyring: Arc::new(keyring),
        })
        .map_err(|error| bad_key(error, &keys))?;
        Ok(Backend { engine, store, records, folder })
    }
}

/// An engine that cannot be put together is not at fault itself: it is its keys, since all its settings were checked with the project.
fn bad_key(error: Error, keys: &Path) -> Failure {
    match error.detail {
        Some(detail) if error.code == Code::Internal => {
            Failure::new("bad_key", format!("a key in {} cannot be used: {detail}", keys.display())).hint(
                "put the file back from a backup; without one remove it, and a new key is made: whoever is logged in has to log in again",
            )
        }
        _ => error.into(),
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
