//! Nodes tell each other by a database.

use crate::support::{application, open, options};
use mainstay_ports::conformance::wake::Ends;
use mainstay_services::postgres::Server;

mainstay_ports::wake_conformance_suite!(nodes);

async fn nodes() -> Ends {
    let database = Server::shared().database();
    let store = open(application(), &options(database.url()));
    let node = || store.wake();
    Ends { nodes: [node(), node()], guard: Box::new((store, database)) }
}
