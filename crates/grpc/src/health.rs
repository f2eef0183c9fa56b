//! Health checking (grpc.health.v1): whether the store answers and takes writes, as `/readyz` says over HTTP.

use crate::reflection::endpoint;
use futures::stream::{self, BoxStream, StreamExt};
use mainstay_api::Endpoint;
use mainstay_api::operations::Operations;
use mainstay_engine::Engine;
use mainstay_proto::Schema;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health as Service, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// How often those who watch are told anew, where something changed.
const PERIOD: Duration = Duration::from_secs(1);

/// Answers how the program is. Cheap to clone.
#[derive(Clone)]
struct Health {
    engine: Engine,
    /// The full names of services; empty for all of them.
    services: Arc<BTreeSet<String>>,
}

/// The endpoints of health checking.
pub(crate) fn endpoints(operations: &Operations, schemas: &[Schema]) -> [Endpoint; 2] {
    let name =
        |schema: &Schema, service: &mainstay_proto::Service| format!("{}.{}", schema.package, service.name);
    let of =
        |schema: &Schema| schema.services.iter().map(|service| name(schema, service)).collect::<Vec<_>>();
    let names = schemas.iter().flat_map(of);
    let services = Arc::new(names.chain([String::new()]).collect());
    let service = HealthServer::new(Health { engine: operations.engine().clone(), services });
    ["Check", "Watch"].map(|method| {
        let service = service.clone();
        endpoint(&format!("/grpc.health.v1.Health/{method}"), move || service.clone())
    })
}

impl Health {
    async fn status(&self, service: &str) -> ServingStatus {
        match self.services.contains(service) {
            false => ServingStatus::ServiceUnknown,
            true if !self.engine.is_closing() && self.engine.ready().await.is_ok() => ServingStatus::Serving,
            true => ServingStatus::NotServing,
        }
    }
}

#[tonic::async_trait]
impl Service for Health {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.status(&request.get_ref().service).await {
            ServingStatus::ServiceUnknown => Err(Status::not_found("there is no such service")),
            status => Ok(Response::new(answer(status))),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (health, service) = (self.clone(), request.into_inner().service);
        let changes = stream::unfold((health, service, None), |(health, service, told)| async move {
            let mut status = health.status(&service).await;
            while told == Some(status) {
                // Who was told that the server stops has nothing to wait for.
                if health.engine.is_closing() {
                    return None;
                }
                tokio::time::sleep(PERIOD).await;
                status = health.status(&service).await;
            }
            Some((Ok(answer(status)), (health, service, Some(status))))
        });
        Ok(Response::new(changes.boxed()))
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
