//! Nodes over a server of their own.

use futures::StreamExt;
use futures::stream::BoxStream;
use mainstay_model::ServiceUrl;
use mainstay_ports::Wake;
use mainstay_scaleout::wake::{Carriage, Trouble};
use mainstay_scaleout::{nats, redis};
use mainstay_services::broker::{Kind, Server, Setup};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

pub(crate) const KINDS: [Kind; 2] = [Kind::Nats, Kind::Redis];
/// What is not heard by then will never be.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn start(kind: Kind, setup: &Setup) -> Server {
    Server::start(kind, setup).unwrap_or_else(|reason| panic!("{reason}"))
}

pub(crate) fn try_to_open(kind: Kind, url: &str) -> Result<Arc<dyn Carriage>, Trouble> {
    let url = ServiceUrl::new(url);
    match kind {
        Kind::Nats => nats::open(&url, "test.wake"),
        Kind::Redis => redis::open(&url, "test.wake"),
    }
}

pub(crate) fn open(kind: Kind, url: &str) -> Arc<dyn Carriage> {
    try_to_open(kind, url).unwrap_or_else(|trouble| panic!("{trouble}"))
}

/// Tells until it is heard.
pub(crate) async fn tell_until_heard(teller: &dyn Wake, heard: &mut BoxStream<'static, String>, mark: &str) {
    let started = Instant::now();
    let mut is_heard = false;
    while !is_heard {
        assert!(started.elapsed() < PATIENCE, "nothing is heard");
        let _ = teller.tell(vec![mark.to_owned()]).await;
        let mut marked = heard.filter(|text| std::future::ready(text == mark));
        is_heard = timeout(Duration::from_millis(200), marked.next()).await.is_ok_and(|text| text.is_some());
    }
}
