//! Reflection (grpc.reflection.v1, and v1alpha for older clients): what services there are, for those who have no `.proto` file.

use axum::body::Body;
use http::{Method, Request};
use mainstay_api::{Endpoint, Exchange};
use mainstay_proto::Schema;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;
use std::convert::Infallible;
use tonic_reflection::server::Builder;
use tower::{Service, ServiceExt};

/// The endpoints of reflection.
pub(crate) fn endpoints(schema: &Schema) -> Vec<Endpoint> {
    let files = files(schema);
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

/// The project's file, and those of `google.protobuf` that it imports.
fn files(schema: &Schema) -> FileDescriptorSet {
    let file = schema.descriptor();
    let known = DescriptorPool::global();
    let imported = file.dependency.iter().filter_map(|name| known.get_file_by_name(name));
    let mut files: Vec<_> = imported.map(|file| file.file_descriptor_proto().clone()).collect();
    files.push(file);
    FileDescriptorSet { file: files }
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
}
