//! What the program tells those who watch it: one page of metrics for Prometheus.
//!
//! The parts of the program count for themselves, see [`mainstay_ports::measure`]; only here do the numbers get names. The series are those
//! of the project: a route each, with the methods and statuses that it was seen with. No client can add to them.

mod page;
#[cfg(feature = "postgres")]
mod postgres;
mod process;
mod store;
mod write;

use crate::listen;
use crate::records::Records;
use crate::tls::Tls;
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request};
use axum::response::IntoResponse;
use mainstay_api::Requests;
use mainstay_api::operations::Counts;
use mainstay_engine::{Code, Engine, Error};
use mainstay_ports::measure::Counter;
use page::Page;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the numbers come from.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Tokens, passwords and logins.
    pub(crate) engine: Engine,
    /// Writes, reads and the feed.
    pub(crate) records: Records,
    /// The database file.
    pub(crate) database: PathBuf,
    /// Requests.
    pub(crate) requests: Arc<Requests>,
    /// Operations.
    pub(crate) operations: Arc<Counts>,
    /// Sockets.
    pub(crate) sockets: Arc<mainstay_live::Measures>,
    /// Connections.
    pub(crate) connections: Arc<listen::Measures>,
    /// Handshakes and the certificate, where connections are encrypted.
    pub(crate) tls: Option<Arc<Tls>>,
    /// Lines of the log that were not read in time.
    pub(crate) log_lines_lost: Arc<Counter>,
}

impl Metrics {
    /// The page, as of now.
    pub(crate) fn text(&self) -> String {
        let mut page = Page::default();
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        page.head("mainstay_build_info", "gauge", "Always 1; the label has the program's version.");
        page.sample("mainstay_build_info", &version, 1);
        write::requests(&mut page, &self.requests);
        write::operations(&mut page, &self.operations);
        write::api_uses(&mut page, &self.engine);
        write::connections(&mut page, &self.connections);
        if let Some(tls) = &self.tls {
            write::tls(&mut page, tls);
        }
        match &self.records {
            Records::Sqlite(store) => write::store(&mut page, store, &self.database),
            #[cfg(feature = "postgres")]
            Records::Postgres(store) => postgres::store(&mut page, store),
        }
        write::watches(&mut page, &self.engine, self.records.feed_end());
        write::sockets(&mut page, &self.engine, &self.sockets);
        write::nodes(&mut page, &self.engine);
        write::engine(&mut page, self.engine.measures());
        const LOST: &str = "Lines of the log that were lost, since they were not read in time.";
        page.counter("mainstay_log_lines_lost_total", LOST, self.log_lines_lost.get());
        process::write(&mut page);
        page.into_text()
    }

    /// `GET /metrics` alone, for a listener of its own: who can reach that may read it.
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(move |request: Request<Body>| async move {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            match is_read && request.uri().path() == "/metrics" {
                true => ([(CONTENT_TYPE, mainstay_api::METRICS_TYPE)], self.text()).into_response(),
                false => listen::refused(&Error::new(Code::NotFound, "only `GET /metrics` is here")),
            }
        })
    }
}
