//! What nodes tell each other by: the database that they share, or what the settings name.

#[cfg(any(feature = "nats", feature = "redis"))]
mod carried;

use crate::backend::Backend;
use crate::failure::Failure;
use crate::project::Opened;
use mainstay_model::WakeAdapter;
use mainstay_ports::Wake;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What nodes tell each other by.
pub(crate) struct Nodes {
    pub(crate) wake: Arc<dyn Wake>,
    /// What carries it and where that is, for people; `None` where it is the database.
    pub(crate) place: Option<String>,
}

/// Opens it; there is none where a node is alone, or has nothing to tell. A server that does not answer is tried for ever, since nothing that lasts depends
/// on it; one that refuses us would go on to do so, and that is a failure.
pub(crate) fn open(project: &Opened, backend: &Backend, runtime: &Runtime) -> Result<Option<Nodes>, Failure> {
    if project.application.channels.is_empty() {
        return Ok(None);
    }
    match project.application.config.wake.adapter {
        WakeAdapter::Postgres => Ok(backend.records.wake().map(|wake| Nodes { wake, place: None })),
        WakeAdapter::Nats => nats(project, backend, runtime).map(Some),
        WakeAdapter::Redis => redis(project, backend, runtime).map(Some),
    }
}

#[cfg(feature = "nats")]
fn nats(project: &Opened, backend: &Backend, runtime: &Runtime) -> Result<Nodes, Failure> {
    carried::open("NATS", mainstay_scaleout::nats::open, project, backend, runtime)
}

#[cfg(not(feature = "nats"))]
fn nats(_: &Opened, _: &Backend, _: &Runtime) -> Result<Nodes, Failure> {
    Err(missing("NATS", "nats"))
}

#[cfg(feature = "redis")]
fn redis(project: &Opened, backend: &Backend, runtime: &Runtime) -> Result<Nodes, Failure> {
    carried::open("Redis", mainstay_scaleout::redis::open, project, backend, runtime)
}

#[cfg(not(feature = "redis"))]
fn redis(_: &Opened, _: &Backend, _: &Runtime) -> Result<Nodes, Failure> {
    Err(missing("Redis", "redis"))
}

#[cfg(not(all(feature = "nats", feature = "redis")))]
fn missing(name: &str, feature: &str) -> Failure {
    let message = format!("[wake] names {name}, which this program was built without");
    Failure::new("engine_missing", message)
        .hint(format!("build it with `cargo build --release --package mainstay --features {feature}`"))
}
