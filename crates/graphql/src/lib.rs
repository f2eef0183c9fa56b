//! GraphQL over the operations of a project.
//!
//! The schema is made of the models and the registry of operations. A document is parsed and validated by `apollo-compiler`, and becomes
//! a plan once: which operations it calls, and what it shows of their answers. The plan is kept by the document's text, and answers are
//! written from it straight into bytes, so that GraphQL costs little more than REST.
//!
//! This crate owns: the schema, plans, limits on documents, GraphQL over HTTP, subscriptions over WebSocket and server-sent events. It must
//! not know: SQL, any adapter; it decides nothing about rights, and holds no state but of its connections.

mod catalog;
mod check;
mod document;
mod error;
mod execute;
mod http;
mod kept;
mod lazy;
mod names;
mod page;
mod persisted;
mod plan;
mod schema;
mod service;
mod stream;
mod unique;

pub use check::{DocumentFault, check};
pub use page::page;
pub use persisted::ProjectDocument;

use ::http::Method;
use lazy::Lazy;
use mainstay_api::operations::Operations;
use mainstay_api::{Endpoint, Exchange};
use mainstay_engine::Operation;
use mainstay_model::Application;
use std::sync::Arc;

/// The endpoints of GraphQL: `/graphql` for the newest version of the application's API, and `/v1/graphql` and so on for each.
///
/// `documents` are those that the project brings along, as [`check`] lets them pass: clients of their version may name them instead of sending them.
/// The schema of a version is made with the first request for it.
pub fn endpoints(operations: &Operations, documents: &[ProjectDocument]) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for version in operations.versions() {
        let (number, is_newest) = (version.version(), version.version() == operations.version());
        let own = documents.iter().filter(|document| document.version == number);
        let own = own.map(|document| (document.name.clone(), document.text.clone())).collect();
        let service = Arc::new(Lazy::new(version, own));
        endpoints.extend(endpoints_at(&format!("/v{number}/graphql"), &service));
        if is_newest {
            endpoints.extend(endpoints_at("/graphql", &service));
        }
    }
    endpoints
}

fn endpoints_at(path: &str, service: &Arc<Lazy>) -> [Endpoint; 2] {
    [Method::GET, Method::POST].map(|method| {
        let service = service.clone();
        Endpoint::new(method, path, move |exchange: Exchange| {
            let service = service.clone();
            async move { http::answer(service.get().await?, exchange).await }
        })
    })
}

/// The schema of an application's operations, in the schema definition language.
///
/// # Errors
/// What is wrong with it, which is a fault of ours.
pub fn schema_text(application: &Application, operations: &[Operation]) -> Result<String, String> {
    schema::build(application, operations).map(|built| built.text)
}
