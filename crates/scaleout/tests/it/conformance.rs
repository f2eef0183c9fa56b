//! The suite that every store must pass.

use crate::support;
use mainstay_model::Application;
use mainstay_ports::conformance::Opened;
use mainstay_services::postgres::Server;
use std::sync::Arc;

mainstay_ports::store_conformance_suite!(open);

fn open(application: Arc<Application>) -> Opened {
    let database = Server::shared().database();
    let store = support::open(application, &support::options(database.url()));
    Opened { store: Arc::new(store), guard: Box::new(database) }
}
