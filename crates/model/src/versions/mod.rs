//! The versions of an application's own API.
//!
//! The models in the project are the newest version. Each older one has a [`Face`]: the application as its clients know it, and the way
//! between its values and those that are stored. A face knows no protocol: what a protocol reads and writes goes through it.

mod contract;
mod face;
mod filter;
mod lower;
mod names;
mod step;

pub use contract::{Break, ChannelContract, Contract, FieldContract, ModelContract};
pub use face::Face;
pub use lower::{FieldFault, Lowered};
pub(crate) use step::{ModelStep, Origin, Step, Target};

use mainstay_expr::ModelId;
use std::sync::Arc;

/// The versions of an API, the oldest first; there is always one.
#[derive(Debug, Clone)]
pub struct Versions(Vec<Version>);

/// A version of an application's API.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// Its number, as in `/v2/…`.
    pub number: u32,
    /// Since when it is not to be used any more, in seconds since 1970.
    pub deprecated: Option<i64>,
    /// When it will be gone, in seconds since 1970.
    pub sunset: Option<i64>,
    /// A page that says how to go on.
    pub link: Option<String>,
    /// The operations that it does not have, although the project does.
    pub without: Vec<Gone>,
    /// How its clients know the application; `None` of the newest, which is the application itself.
    pub face: Option<Arc<Face>>,
}

/// An operation that a version does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The model that it is about.
    pub model: Option<ModelId>,
    /// What stands behind the model's name in the operation's, as `restore`; without a model the whole name.
    pub verb: String,
}

impl Default for Versions {
    /// The one version of a project that says nothing of versions.
    fn default() -> Self {
        Versions::of(1)
    }
}

impl Versions {
    /// The one version that an application is seen as.
    pub(crate) fn of(number: u32) -> Self {
        Versions(vec![Version { number, ..Version::default() }])
    }

    /// These versions, the oldest first; at least one.
    pub(crate) fn new(versions: Vec<Version>) -> Self {
        if versions.is_empty() { Versions::default() } else { Versions(versions) }
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Version> + ExactSizeIterator {
        self.0.iter()
    }

    /// The newest: the application as it is.
    pub fn newest(&self) -> &Version {
        self.0.last().expect("there is always one")
    }

    /// The version of this number.
    pub fn get(&self, number: u32) -> Option<&Version> {
        self.0.iter().find(|version| version.number == number)
    }
}

impl Version {
    /// Whether it has an operation, by the operation's model and name.
    pub fn offers(&self, model: Option<ModelId>, name: &str) -> bool {
        let verb = match model {
            Some(_) => name.split_once('.').map_or(name, |(_, verb)| verb),
            None => name,
        };
        !self.without.iter().any(|gone| gone.model == model && gone.verb == verb)
    }
}
