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

/// The files of the services that every project has: health checking, and both versions of reflection.
const SHARED: [&[u8]; 3] = [
    tonic_health::pb::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
];

/// The endpoints of reflection. The descriptors are made when they are first asked for: most programs are never asked.
pub(crate) fn endpoints(schemas: impl Fn() -> Vec<Schema> + Send + Sync + 'static) -> [Endpoint; 2] {
    let builder = Arc::new(move || builder(&schemas()));
    let for_alpha = builder.clone();
    let v1 = LazyLock::new(move || builder().build_v1().expect(NAMED));
    let v1alpha = LazyLock::new(move || for_alpha().build_v1alpha().expect(NAMED));
    [
        endpoint("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", move || v1.clone()),
        endpoint("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", move || v1alpha.clone()),
    ]
}

/// All that there is, in either version of reflection.
fn builder(schemas: &[Schema]) -> Builder<'static> {
    let builder =
        SHARED.into_iter().fold(Builder::configure(), Builder::register_encoded_file_descriptor_set);
    builder.register_file_descriptor_set(files(schemas))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The answer to `list_services`, as bytes.
    async fn listed<S>(service: S, version: &str) -> Vec<u8>
    where
        S: Service<Request<Body>, Response = http::Response<tonic::body::Body>, Error = Infallible>,
    {
        let message = [0, 0, 0, 0, 3, 7 << 3 | 2, 1, b'*'];
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let request = Request::post(path).header("content-type", "application/grpc");
        let response = service.oneshot(request.body(Body::from(message.to_vec())).unwrap()).await.unwrap();
        axum::body::to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn what_every_project_has_is_listed_once() {
        let v1 = listed(builder(&[]).build_v1().unwrap(), "v1").await;
        let v1alpha = listed(builder(&[]).build_v1alpha().unwrap(), "v1alpha").await;
        for (version, listed) in [("v1", v1), ("v1alpha", v1alpha)] {
            let listed = String::from_utf8_lossy(&listed);
            for name in ["health.v1.Health", "reflection.v1.ServerR", "reflection.v1alpha.ServerR"] {
                assert_eq!(listed.matches(name).count(), 1, "{name} in {version}: {listed}");
            }
        }
    }
}
