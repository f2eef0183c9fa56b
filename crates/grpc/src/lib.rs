//! gRPC over the operations: a service for each model, and those of accounts, locks and batches.
//!
//! [`endpoints`] makes an endpoint of each method of the schema that `mainstay-proto` derives from the application. A method reads its request
//! into an `Ask`, calls the operation, and writes the `Reply`, by `mainstay_api::protobuf`, straight between values and bytes. Reflection, health checking and gRPC-Web
//! stand beside it.
//!
//! This crate owns: gRPC's side of things (metadata, statuses, deadlines, streams). It must not know: SQL, any adapter, how connections are
//! accepted; and it decides nothing about rights.

mod codec;
mod deadline;
mod health;
mod metadata;
mod method;
mod page;
mod reflection;
mod status;
mod watch;
mod web;

use http::Method as Verb;
use mainstay_api::Endpoint;
use mainstay_api::operations::Operations;
use mainstay_proto::{Lock, Messages, Schema};
use method::Method;
use std::sync::Arc;

/// The endpoints of all versions of the application's API. `lock` says which field has which number, as far as it goes.
pub fn endpoints(operations: &Operations, lock: &Lock) -> Vec<Endpoint> {
    let schemas = {
        let (operations, lock) = (operations.clone(), lock.clone());
        move || operations.versions().iter().map(|version| schema(version, &lock)).collect::<Vec<_>>()
    };
    let mut endpoints: Vec<Endpoint> = health::endpoints(operations, &schemas()).into();
    endpoints.extend(reflection::endpoints(schemas));
    let versions = operations.versions().into_iter();
    endpoints.extend(versions.flat_map(|version| Services::new(version, lock).endpoints()));
    endpoints
}

fn schema(operations: &Operations, lock: &Lock) -> Schema {
    let (application, version) = (operations.application(), operations.version());
    Schema::new(application, operations.list(), &lock.covering(application, version), version)
}

/// The services of one version.
struct Services {
    operations: Operations,
    schema: Schema,
    messages: Messages,
}

impl Services {
    fn new(operations: Operations, lock: &Lock) -> Self {
        let (application, version) = (operations.application(), operations.version());
        let messages = Messages::new(application.clone(), &lock.covering(application, version), version);
        Services { schema: schema(&operations, lock), operations, messages }
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let methods = |service| self.schema.service_methods(service);
        let all = self.schema.services.iter().flat_map(methods);
        all.filter_map(|(path, method)| self.endpoint(path, &method.operation)).collect()
    }

    fn endpoint(&self, path: String, operation: &str) -> Option<Endpoint> {
        let method = Arc::new(Method {
            operations: self.operations.clone(),
            messages: self.messages.clone(),
            operation: self.operations.named(operation)?.clone(),
            path: path.clone(),
            package: self.schema.package.clone(),
        });
        let endpoint = Endpoint::new(Verb::POST, path, move |exchange| {
            let method = method.clone();
            web::translated(exchange, move |exchange| method.answer(exchange))
        });
        Some(endpoint.judging_clients().of_version(self.operations.version()))
    }
}
