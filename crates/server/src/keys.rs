//! The program's own keys: in files of the data folder, or in the database that nodes share.

use crate::failure::Failure;
use crate::records::Records;
use mainstay_embedded::LocalKeyring;
use mainstay_engine::{Code, Error};
use mainstay_ports::Keyring;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the keys of a data folder are.
fn local(folder: &Path) -> PathBuf {
    folder.join("keys")
}

/// Opens the keyring that goes with the records.
pub(crate) fn open(records: &Records, folder: &Path) -> Result<Arc<dyn Keyring>, Failure> {
    match records {
        Records::Sqlite(_) => {
            let keys = local(folder);
            let keyring = LocalKeyring::open(&keys);
            Ok(Arc::new(keyring.map_err(|error| Failure::io("open the keys in", &keys, &error))?))
        }
        #[cfg(feature = "postgres")]
        Records::Postgres(store) => Ok(Arc::new(store.keyring(crate::postgres::master_key()?))),
    }
}

/// An engine that cannot be put together is not at fault itself: it is its keys, since all its settings were checked with the project.
pub(crate) fn refused(error: Error, records: &Records, folder: &Path) -> Failure {
    let Some(detail) = &error.detail else { return error.into() };
    match records {
        // That the database was away for a moment says nothing of the keys, which must not be thrown away then.
        _ if error.code == Code::DatabaseUnreachable => {
            Failure::new("database_unreachable", format!("the keys in the database were not read: {detail}"))
                .hint("look whether the server runs and has room for the connections of one more node")
        }
        _ if error.code != Code::Internal => error.into(),
        Records::Sqlite(_) => {
            let message = format!("a key in {} cannot be used: {detail}", local(folder).display());
            Failure::new("bad_key", message).hint(
                "put the file back from a backup; without one remove it, and a new key is made: whoever is logged in has to log in again",
            )
        }
        #[cfg(feature = "postgres")]
        Records::Postgres(_) => crate::postgres::bad_key(detail),
    }
}
