//! A schema that is made when it is first asked for: it takes megabytes and milliseconds, which a program that serves no GraphQL should not spend.

use crate::service::Service;
use mainstay_api::operations::Operations;
use mainstay_engine::{Code, Error};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// The service of one version, which the first request makes.
pub(crate) struct Lazy {
    /// What it is made of; `None` where it was made at the start.
    operations: Option<Operations>,
    made: OnceCell<Arc<Service>>,
}

impl Lazy {
    /// A service without documents of the project.
    pub(crate) fn new(operations: Operations) -> Self {
        Lazy { operations: Some(operations), made: OnceCell::new() }
    }

    /// The service. Those who ask while it is being made wait for it.
    ///
    /// # Errors
    /// [`Code::Internal`]: the schema of an application that `mainstay check` lets pass is a valid one, unless the fault is ours.
    pub(crate) async fn get(&self) -> Result<Arc<Service>, Error> {
        self.made.get_or_try_init(|| self.make()).await.cloned()
    }

    async fn make(&self) -> Result<Arc<Service>, Error> {
        let internal = |message: String| Error::new(Code::Internal, message);
        let Some(operations) = self.operations.clone() else {
            return Err(internal("the service was made at the start".to_owned()));
        };
        // Of a large application it takes longer than a thread that answers others may be held.
        let made = spawn_blocking(move || Service::new(operations, &[]));
        let made = made.await.map_err(|error| internal(error.to_string()))?;
        Ok(Arc::new(made.map_err(internal)?))
    }
}

impl From<Service> for Lazy {
    fn from(service: Service) -> Self {
        Lazy { operations: None, made: OnceCell::new_with(Some(Arc::new(service))) }
    }
}
