//! A schema that is made when it is first asked for: it takes megabytes and milliseconds, which a program that serves no GraphQL should not spend.

use crate::service::Service;
use mainstay_api::operations::Operations;
use mainstay_engine::{Code, Error};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// The service of one version, which the first request makes.
pub(crate) struct Lazy {
    operations: Operations,
    /// Those of the project, by name.
    documents: Vec<(String, String)>,
    made: OnceCell<Arc<Service>>,
}

impl Lazy {
    /// A service with these documents of the project, by name.
    pub(crate) fn new(operations: Operations, documents: Vec<(String, String)>) -> Self {
        Lazy { operations, documents, made: OnceCell::new() }
    }

    /// The service. Those who ask while it is being made wait for it.
    ///
    /// # Errors
    /// [`Code::Internal`], which is a fault of ours: what is wrong with an application or a document was told when they were read.
    pub(crate) async fn get(&self) -> Result<Arc<Service>, Error> {
        self.made.get_or_try_init(|| self.make()).await.cloned()
    }

    async fn make(&self) -> Result<Arc<Service>, Error> {
        let (operations, documents) = (self.operations.clone(), self.documents.clone());
        // Of a large application it takes longer than a thread that answers others may be held.
        let made = spawn_blocking(move || Service::new(operations, &documents));
        let made = made.await.map_err(|error| internal(error.to_string()))?;
        Ok(Arc::new(made.map_err(internal)?))
    }
}

fn internal(message: String) -> Error {
    Error::new(Code::Internal, message)
}
