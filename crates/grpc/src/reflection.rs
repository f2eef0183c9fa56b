//! Reflection (grpc.reflection.v1, and v1alpha for older clients): what services there are, for those who have no `.proto` file.

use axum::body::Body;
use http::{Method, Request};
use mainstay_api::{Endpoint, Exchange};
use mainstay_proto::Schema;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;
use std::collections::BTreeSet;
use std::convert::Infallible;
use tonic_reflection::server::Builder;
use tower::{Service, ServiceExt};

/// The endpoints of reflection.
pub(crate) fn endpoints(schemas: &[&Schema]) -> Vec<Endpoint> {
    let files = files(schemas);
    let builder = || Builder::configure().register_file_descriptor_set(files.clone());
    let mut endpoints = Vec::new();
    if let Ok(service) = builder().build_v1() {
        endpoints.push(endpoint("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", service));
    }
    if let Ok(service) = builder().build_v1alpha() {
        endpoints.push(endpoint("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", service));
    }
    endpoints
}

/// The file of each version, and those of `google.protobuf` that they import.
fn files(schemas: &[&Schema]) -> FileDescriptorSet {
    let own: Vec<_> = schemas.iter().map(|schema| schema.descriptor()).collect();
    let names: BTreeSet<&String> = own.iter().flat_map(|file| &file.dependency).collect();
    let known = DescriptorPool::global();
    let imported = names.into_iter().filter_map(|name| known.get_file_by_name(name));
    let imported: Vec<_> = imported.map(|file| file.file_descriptor_proto().clone()).collect();
    FileDescriptorSet { file: [imported, own].concat() }
}

/// A method of a service that tonic has.
pub(crate) fn endpoint<S>(path: &str, service: S) -> Endpoint
where
    S: Service<Request<Body>, Response = http::Response<tonic::body::Body>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Endpoint::new(Method::POST, path, move |exchange| {
        let service = service.clone();
        crate::web::translated(exchange, move |exchange: Exchange| async move {
            let request = Request::from_parts(exchange.parts, exchange.body);
            let Ok(response) = service.oneshot(request).await;
            response.map(Body::new)
        })
    })
    .judging_clients()
}
