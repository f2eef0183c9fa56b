//! Nodes tell each other by a database.

use crate::support::{application, open, options};
use mainstay_ports::Wake;
use mainstay_ports::conformance::wake::Ends;
use mainstay_services::postgres::Server;
use std::sync::Arc;

mainstay_ports::wake_conformance_suite!(nodes);

async fn nodes() -> Ends {
    let database = Server::shared().database();
    let store = open(application(), &options(database.url()));
    let node = || -> Arc<dyn Wake> { Arc::new(store.wake()) };
    Ends { nodes: [node(), node()], guard: Box::new((store, database)) }
}
