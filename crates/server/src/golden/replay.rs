//! Sending exchanges to a server of its own, in this process and with data of its own.

use super::compare::Captured;
use super::exchange::{Exchange, Request};
use crate::backend::Backend;
use crate::failure::Failure;
use crate::graphql::with_graphql;
use crate::project::Opened;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use axum::http::header::CONTENT_TYPE;
use mainstay_api::Api;
use mainstay_model::{Engine, Password};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The largest answer that is compared.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// A server without a listener, whose data end with it.
pub(crate) struct Replay {
    router: Router,
    captured: Captured,
    folder: PathBuf,
    _backend: Backend,
}

impl Replay {
    /// Serves a project with no data.
    pub(crate) fn start(project: &Opened, runtime: &Runtime) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("mainstay-replay-{}", uuid::Uuid::now_v7()));
        let backend = Backend::open(project, Some(&folder), runtime)?;
        let router = with_graphql(Api::new(backend.engine.clone()), project, false)?.router();
        Ok(Replay { router, captured: Captured::default(), folder, _backend: backend })
    }

    /// Sends a request, and answers where the answer is not as it was recorded.
    pub(crate) async fn check(&mut self, exchange: &Exchange) -> Result<Vec<String>, Failure> {
        let (status, body) = self.ask(&exchange.request).await?;
        let expected = &exchange.response;
        if status != expected.status {
            return Ok(vec![format!("status is {status}, and was {}: {body}", expected.status)]);
        }
        Ok(self.captured.differences(&expected.body, &body))
    }

    /// Sends a request, and keeps the answer.
    pub(crate) async fn record(&mut self, exchange: &mut Exchange) -> Result<(), Failure> {
        let (status, body) = self.ask(&exchange.request).await?;
        exchange.response.body = self.captured.recorded(&exchange.response.body, &body);
        exchange.response.status = status;
        Ok(())
    }

    async fn ask(&self, asked: &Request) -> Result<(u16, Value), Failure> {
        let mut request = HttpRequest::builder()
            .method(asked.method.as_str())
            .uri(self.captured.filled(&asked.path))
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in &asked.headers {
            request = request.header(name, self.captured.filled(value));
        }
        let body = match &asked.body {
            Value::Null => Body::empty(),
            body => Body::from(self.captured.filled_body(body).to_string()),
        };
        let unusable = |reason: String| {
            Failure::new("golden_unusable", format!("{} {}: {reason}", asked.method, asked.path))
        };
        let request = request.body(body).map_err(|error| unusable(error.to_string()))?;
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), MAX_ANSWER_BYTES)
            .await
            .map_err(|error| unusable(error.to_string()))?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        // It is in the folder for temporary things; what is left behind there is nobody's.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The project with data that are for a moment: embedded, and with passwords that are cheap to check.
pub(crate) fn for_replay(mut project: Opened) -> Opened {
    if let Some(application) = Arc::get_mut(&mut project.application) {
        application.config.data.engine = Engine::Sqlite;
        application.config.data.replicas.clear();
        application.config.accounts.password =
            Password { memory_kib: 512, iterations: 1, ..Password::default() };
    }
    project
}
