//! `api/proto.lock`: which field of a message has which number.
//!
//! Clients that were made years ago send and read numbers, so a number never means something else: one that a field had stays reserved when
//! the field goes, and a field whose type changes gets a new one. Whoever asks for a schema asks for a lock that covers the models first
//! ([`Lock::covering`]); what the file does not say is assigned in the order of the models and their fields, the same on every node.

mod check;
mod cover;
mod file;

pub use check::LockFault;
pub(crate) use cover::Wanted;

use serde::Deserialize;
use std::collections::BTreeMap;

/// Where the lock file is in a project folder.
pub const LOCK_FILE: &str = "api/proto.lock";

/// The numbers of all fields, for each version of the application's API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Lock {
    /// The package without the version: it stays when the application's name changes.
    pub package: String,
    /// By version (`v1`) and model.
    #[serde(flatten)]
    versions: BTreeMap<String, BTreeMap<String, Numbers>>,
}

/// The numbers of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbers {
    /// What the message is called.
    #[serde(default)]
    pub(crate) message: String,
    /// The number of the next new field.
    pub(crate) next: u32,
    /// The fields, by their names.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, Entry>,
    /// What is gone: the names that numbers had.
    #[serde(default)]
    reserved: BTreeMap<String, String>,
}

/// The number of a field, and the type that it has it for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    #[serde(rename = "type")]
    pub(crate) ty: String,
}

/// The least number of a record in a batch: the fields before it are the same for all projects.
const FIRST_IN_BATCH: u32 = 16;
/// What protobuf keeps for itself.
const FORBIDDEN: std::ops::RangeInclusive<u32> = 19_000..=19_999;
/// The greatest number that protobuf knows.
const GREATEST: u32 = (1 << 29) - 1;

impl Lock {
    /// The numbers of a version, by model.
    pub(crate) fn version(&self, version: u32) -> &BTreeMap<String, Numbers> {
        static NONE: BTreeMap<String, Numbers> = BTreeMap::new();
        self.versions.get(&format!("v{version}")).unwrap_or(&NONE)
    }
}

impl Numbers {
    /// Numbers and names of what is gone, by number.
    pub(crate) fn reserved(&self) -> Vec<(u32, String)> {
        let number = |(number, name): (&String, &String)| Some((number.parse().ok()?, name.clone()));
        let mut reserved: Vec<(u32, String)> = self.reserved.iter().filter_map(number).collect();
        reserved.sort_unstable();
        reserved
    }

    fn first(table: &str) -> u32 {
        if table == crate::schema::BATCH { FIRST_IN_BATCH } else { 1 }
    }
}
