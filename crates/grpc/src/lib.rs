//! gRPC over the operations: a service for each model, and those of accounts, locks and batches.
//!
//! [`endpoints`] makes an endpoint of each method of the schema that `mainstay-proto` derives from the application. A method decodes its request
//! into an `Ask`, calls the operation, and encodes the `Reply`, straight between values and bytes. Reflection, health checking and gRPC-Web
//! stand beside it.
//!
//! This crate owns: gRPC's side of things (metadata, statuses, deadlines, streams). It must not know: SQL, any adapter, how connections are
//! accepted; and it decides nothing about rights.

mod batch;
mod codec;
mod codes;
mod deadline;
mod health;
mod metadata;
mod method;
mod reflection;
mod reply;
mod request;
mod status;
mod watch;
mod web;

pub use codes::code as status_code;

use http::Method as Verb;
use mainstay_api::Endpoint;
use mainstay_api::operations::Operations;
use mainstay_proto::{Lock, Messages, Schema};
use method::Method;
use std::sync::Arc;

/// The endpoints of a version of the application's API. `lock` says which field has which number, as far as it goes.
pub fn endpoints(operations: &Operations, lock: &Lock, version: u32) -> Vec<Endpoint> {
    let application = operations.application();
    let lock = lock.covering(application, version);
    let schema = Arc::new(Schema::new(application, operations.list(), &lock, version));
    let messages = Messages::new(application.clone(), &lock, version);
    let mut endpoints = reflection::endpoints(&schema);
    endpoints.extend(health::endpoints(operations, &schema));
    for service in &schema.services {
        for method in &service.methods {
            let Some(operation) = operations.named(&method.operation) else { continue };
            let path = schema.path(service, method);
            let method = Arc::new(Method {
                operations: operations.clone(),
                messages: messages.clone(),
                operation: operation.clone(),
                path: path.clone(),
                package: schema.package.clone(),
            });
            endpoints.push(Endpoint::new(Verb::POST, path, move |exchange| {
                let method = method.clone();
                web::translated(exchange, move |exchange| method.answer(exchange))
            }));
        }
    }
    endpoints
}
