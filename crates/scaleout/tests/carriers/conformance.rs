//! The suite of the port, over each server: as it comes, and where it takes only small messages.

use crate::support::{open, start};
use mainstay_ports::Wake;
use mainstay_ports::conformance::wake::Ends;
use mainstay_services::broker::{Kind, Setup};
use std::sync::Arc;

mod nats {
    mainstay_ports::wake_conformance_suite!(super::nodes_over_nats);
}

mod nats_of_small_messages {
    mainstay_ports::wake_conformance_suite!(super::nodes_over_nats_of_small_messages);
}

mod redis {
    mainstay_ports::wake_conformance_suite!(super::nodes_over_redis);
}

async fn nodes_over_nats() -> Ends {
    nodes(Kind::Nats, &Setup::default())
}

async fn nodes_over_nats_of_small_messages() -> Ends {
    nodes(Kind::Nats, &Setup::default().max_message_bytes(4_000))
}

async fn nodes_over_redis() -> Ends {
    nodes(Kind::Redis, &Setup::default())
}

fn nodes(kind: Kind, setup: &Setup) -> Ends {
    let server = start(kind, setup);
    let node = || -> Arc<dyn Wake> { open(kind, &server.url()) };
    Ends { nodes: [node(), node()], guard: Box::new(server) }
}
