//! Servers that go away and come back, and networks that lose everything.

use crate::support::{KINDS, open, start, tell_until_heard};
use mainstay_services::broker::{Kind, Setup};
use mainstay_services::{Link, Proxy};
use std::time::{Duration, Instant};

/// How long telling may take whatever the server does.
const BOUND: Duration = Duration::from_secs(11);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_hear_each_other_again_when_the_server_is_back() {
    for kind in KINDS {
        let mut server = start(kind, &Setup::default());
        let (one, other) = (open(kind, &server.url()), open(kind, &server.url()));
        let mut heard = other.listen();
        tell_until_heard(one.as_ref(), &mut heard, "before").await;
        for round in 0..2 {
            server.stop();
            let mut failed = 0;
            for number in 0..5 {
                failed += usize::from(one.tell(vec![format!("away {number}")]).await.is_err());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert!(failed >= 4, "{kind:?}: it was told where nobody is");
            server.start_again();
            tell_until_heard(one.as_ref(), &mut heard, &format!("after {round}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_before_there_is_a_server_hears_once_there_is() {
    for kind in KINDS {
        let mut server = start(kind, &Setup::default());
        let url = server.url();
        server.stop();
        let (one, other) = (open(kind, &url), open(kind, &url));
        let mut heard = other.listen();
        assert!(one.tell(vec!["early".to_owned()]).await.is_err());
        let listening =
            tokio::time::timeout(Duration::from_millis(500), futures::StreamExt::next(&mut heard));
        assert!(listening.await.is_err());
        server.start_again();
        tell_until_heard(one.as_ref(), &mut heard, "there").await;
    }
}

/// Connections stay open and nothing comes over them: nobody says that they are dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_network_that_is_silent_holds_nobody_up_and_is_noticed() {
    futures::future::join_all(KINDS.map(|kind| tokio::spawn(be_silent(kind))))
        .await
        .into_iter()
        .for_each(Result::unwrap);
}

async fn be_silent(kind: Kind) {
    let server = start(kind, &Setup::default());
    let proxy = Proxy::to(server.address());
    let (one, other) = (open(kind, &server.url_at(proxy.address())), open(kind, &server.url()));
    let mut heard = one.listen();
    tell_until_heard(other.as_ref(), &mut heard, "before").await;
    let mut heard_there = other.listen();
    tell_until_heard(one.as_ref(), &mut heard_there, "before").await;
    proxy.set(Link::Frozen);
    let frozen = Instant::now();
    while one.tell(vec!["nobody hears".to_owned()]).await.is_ok() {
        assert!(frozen.elapsed() < Duration::from_secs(30), "{kind:?}: it does not notice");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let asked = Instant::now();
    let large = "x".repeat(200_000);
    let told = one.tell(vec![large; 20]).await;
    assert!(told.is_err() && asked.elapsed() < BOUND, "{kind:?}: {told:?} after {:?}", asked.elapsed());
    proxy.set(Link::Open);
    tell_until_heard(other.as_ref(), &mut heard, "after").await;
    tell_until_heard(one.as_ref(), &mut heard_there, "after").await;
}
