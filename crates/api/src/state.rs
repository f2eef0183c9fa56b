//! What every request needs.

use crate::measures::Requests;
use crate::operations::{Counts, Shown};
use mainstay_engine::Engine;
use mainstay_proto::Lock;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What every request needs. Made once, shared by all.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
    /// What is counted of requests.
    pub(crate) requests: Arc<Requests>,
    /// What is counted of operations.
    pub(crate) counts: Arc<Counts>,
    /// Writes the page for monitoring; empty when it is not served here.
    pub(crate) metrics: OnceLock<Metrics>,
    /// Which field of a message has which number, where the project says so.
    pub(crate) lock: OnceLock<Lock>,
    /// The versions of the application's API, the oldest first.
    pub(crate) versions: Vec<Arc<Shown>>,
}

/// Writes the page for monitoring, in the text format of Prometheus.
pub(crate) type Metrics = Box<dyn Fn() -> String + Send + Sync>;

/// Bounds on a request.
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// The largest body of a batch, in bytes.
    pub batch_body_bytes: usize,
    /// The deepest nesting of a record's JSON.
    pub json_depth: usize,
    /// The most operations in a batch.
    pub batch_operations: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How often a watch says that it is there.
    pub heartbeat: Duration,
}

/// How many bodies of one record the body of a batch may be as large as.
pub(crate) const BATCH_BODY_FACTOR: usize = 16;

impl State {
    pub(crate) fn new(engine: Engine) -> Self {
        let config = &engine.application().config;
        let limits = Limits {
            body_bytes: config.limits.body_bytes,
            batch_body_bytes: config.limits.body_bytes.saturating_mul(BATCH_BODY_FACTOR),
            json_depth: config.limits.json_depth,
            batch_operations: config.limits.batch_operations,
            request_timeout: Duration::from_millis(config.server.request_timeout_ms),
            heartbeat: Duration::from_millis(config.server.heartbeat_ms),
        };
        let counts = Arc::new(Counts::new(engine.registry().operations()));
        State {
            versions: Shown::all(&engine),
            engine,
            counts,
            limits,
            requests: Arc::default(),
            metrics: OnceLock::new(),
            lock: OnceLock::new(),
        }
    }
}
