//! The version of the application's API that a caller speaks.
//!
//! What is asked is lowered, before anything is done, to what the application is now; what is answered is raised to what the version's
//! clients know. Both are done here, so that no protocol knows of it: it reads and writes by the application that
//! [`Operations::application`](super::Operations::application) shows it.

mod ask;
mod end;
mod format;
mod raise;
mod scopes;
mod usage;
mod write;

pub(super) use ask::lower_filter;
pub(super) use ask::lower_of;
pub(super) use ask::parameters as lower_parameters;
pub(crate) use raise::raised_kept;
pub(super) use raise::reply as raised_reply;
pub(super) use scopes::lower_scopes;
pub(super) use usage::{note, note_watch};

use crate::protobuf::Protobuf;
use crate::system::Document;
use http::HeaderMap;
use mainstay_engine::{Engine, Error, Operation, OperationKind, Registry, WatchRequest};
use mainstay_expr::ModelId;
use mainstay_model::{Application, Face, Version};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// A version of the API, as it is served.
pub(crate) struct Shown {
    /// Its number and dates.
    pub(crate) version: Version,
    /// The application as its clients know it.
    pub(crate) application: Arc<Application>,
    operations: Vec<Operation>,
    /// The operations as the application has them now, where the version calls them otherwise.
    newest: HashMap<(OperationKind, Option<ModelId>), Operation>,
    /// What its answers say of its end.
    headers: HeaderMap,
    /// The OpenAPI document; made when it is first asked for, so that it does not delay the start.
    pub(crate) openapi: OnceLock<Document>,
    /// The API reference page; made like the document.
    pub(crate) reference: OnceLock<Document>,
    /// The messages of Protocol Buffers; made like the document.
    pub(crate) protobuf: OnceLock<Protobuf>,
}

impl Shown {
    /// All versions of an application's API, the oldest first.
    pub(crate) fn all(engine: &Engine) -> Vec<Arc<Shown>> {
        let versions = engine.application().versions.iter();
        versions.map(|version| Arc::new(Shown::new(engine, version))).collect()
    }

    fn new(engine: &Engine, version: &Version) -> Self {
        let application =
            version.face.as_ref().map_or(engine.application(), |face| &face.application).clone();
        let mut operations = Registry::new(&application).operations().to_vec();
        operations.retain(|operation| version.offers(operation.model, &operation.name));
        let renamed = engine.registry().operations().iter().filter(|_| version.face.is_some());
        let newest =
            renamed.map(|operation| ((operation.kind, operation.model), operation.clone())).collect();
        Shown {
            version: version.clone(),
            application,
            operations,
            newest,
            headers: end::headers(version),
            openapi: OnceLock::new(),
            reference: OnceLock::new(),
            protobuf: OnceLock::new(),
        }
    }

    /// Says of its end in an answer of the version.
    pub(crate) fn stamp(&self, headers: &mut HeaderMap) {
        // Appended, since a page of CSV has a `Link` of its own.
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
    }

    /// When it ends.
    pub(crate) fn end(&self) -> Option<serde_json::Value> {
        end::document(&self.version)
    }

    /// An operation as the application has it now.
    pub(crate) fn newest<'a>(&'a self, operation: &'a Operation) -> &'a Operation {
        self.newest.get(&(operation.kind, operation.model)).unwrap_or(operation)
    }

    /// The way between its clients and the application; `None` of the newest.
    pub(crate) fn face(&self) -> Option<&Arc<Face>> {
        self.version.face.as_ref()
    }

    /// The operations that it has.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

/// Whether a path is one of a version's.
pub(crate) fn is_of(path: &str, number: u32) -> bool {
    let rest = path.strip_prefix("/v").and_then(|rest| rest.strip_prefix(&number.to_string()));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Puts the application's names into a watch, and the version's into its events.
///
/// # Errors
/// What is wrong with the filter, the order or the fields, in the version's terms.
pub(super) fn lower_watch(
    number: u32,
    face: &Arc<Face>,
    model: ModelId,
    request: &mut WatchRequest,
) -> Result<(), Error> {
    let selected = ask::watch(face, model, request)?;
    request.format = format::raised(number, face, selected, request.format.clone());
    Ok(())
}
