//! Reflection (grpc.reflection.v1, and v1alpha for older clients): what services there are, for those who have no `.proto` file.

use axum::body::Body;
use http::{Method, Request};
use mainstay_api::{Endpoint, Exchange};
use mainstay_proto::Schema;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use tonic_reflection::server::Builder;
use tower::{Service, ServiceExt};

/// The one thing that descriptors can lack, and ours cannot.
const NAMED: &str = "every message and field has a name";

/// The endpoints of reflection. The descriptors are made when they are first asked for: most programs are never asked.
pub(crate) fn endpoints(schemas: impl Fn() -> Vec<Schema> + Send + Sync + 'static) -> [Endpoint; 2] {
    let builder = Arc::new(move || Builder::configure().register_file_descriptor_set(files(&schemas())));
    let for_alpha = builder.clone();
    let v1 = LazyLock::new(move || builder().build_v1().expect(NAMED));
    let v1alpha = LazyLock::new(move || for_alpha().build_v1alpha().expect(NAMED));
    [
        endpoint("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", move || v1.clone()),
        endpoint("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", move || v1alpha.clone()),
    ]
}

/// The file of each version, and those of `google.protobuf` that they import.
fn files(schemas: &[Schema]) -> FileDescriptorSet {
    let own: Vec<_> = schemas.iter().map(|schema| schema.descriptor()).collect();
    let names: BTreeSet<&String> = own.iter().flat_map(|file| &file.dependency).collect();
    let known = DescriptorPool::global();
    let imported = names.into_iter().filter_map(|name| known.get_file_by_name(name));
    let imported: Vec<_> = imported.map(|file| file.file_descriptor_proto().clone()).collect();
    FileDescriptorSet { file: [imported, own].concat() }
}

/// A method of a service that tonic has. `service` gives one for a request.
pub(crate) fn endpoint<S>(path: &str, service: impl Fn() -> S + Send + Sync + 'static) -> Endpoint
where
    S: Service<Request<Body>, Response = http::Response<tonic::body::Body>, Error = Infallible>,
    S: Send + 'static,
    S::Future: Send + 'static,
{
    Endpoint::new(Method::POST, path, move |exchange| {
        let service = service();
        crate::web::translated(exchange, move |exchange: Exchange| async move {
            let request = Request::from_parts(exchange.parts, exchange.body);
            let Ok(response) = service.oneshot(request).await;
            response.map(Body::new)
        })
    })
    .judging_clients()
}
