//! GraphQL over the operations of a project.
//!
//! The schema is made of the models and the registry of operations. A document is parsed and validated by `apollo-compiler`, and becomes
//! a plan once: which operations it calls, and what it shows of their answers. The plan is kept by the document's text, and answers are
//! written from it straight into bytes, so that GraphQL costs little more than REST.
//!
//! This crate owns: the schema, plans, limits on documents, GraphQL over HTTP, subscriptions over WebSocket and server-sent events. It must
//! not know: SQL, any adapter; it decides nothing about rights, and holds no state but of its connections.

mod catalog;
mod document;
mod error;
mod execute;
mod http;
mod lazy;
mod names;
mod page;
mod persisted;
mod plan;
mod schema;
mod service;
mod stream;

pub use page::page;

use ::http::Method;
use mainstay_api::operations::Operations;
use mainstay_api::{Endpoint, Exchange};
use mainstay_engine::Operation;
use mainstay_model::Application;
use lazy::Lazy;
use service::Service;
use std::sync::Arc;

/// The endpoints of GraphQL: `/graphql` for the newest version of the application's API, and `/v1/graphql` and so on for each.
///
/// `documents` are those that the project brings along, by name: clients of the newest version may name them instead of sending them. Where there
/// are any, the schema is made at once, so that they can be judged; otherwise with the first request.
///
/// # Errors
/// The document of the project that is not valid, and why.
pub fn endpoints(operations: &Operations, documents: &[(String, String)]) -> Result<Vec<Endpoint>, String> {
    let mut endpoints = Vec::new();
    for version in operations.versions() {
        let (number, is_newest) = (version.version(), version.version() == operations.version());
        let service = match is_newest && !documents.is_empty() {
            true => Lazy::from(Service::new(version, documents)?),
            false => Lazy::new(version),
        };
        let service = Arc::new(service);
        endpoints.extend(endpoints_at(&format!("/v{number}/graphql"), &service));
        if is_newest {
            endpoints.extend(endpoints_at("/graphql", &service));
        }
    }
    Ok(endpoints)
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
