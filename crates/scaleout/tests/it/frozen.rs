//! A node that is frozen in the middle of its writes, be they such as keep receipts, holds up nobody.

use crate::support;
use mainstay_expr::{Value, Vars};
use mainstay_model::Application;
use mainstay_ports::{Authority, Clock, Create, Step, Store, StoreError, SystemClock, Transaction};
use mainstay_scaleout::postgres::PostgresStore;
use mainstay_services::postgres::{Server, Setup};
use mainstay_services::{Link, Proxy};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use uuid::Uuid;

const ROUNDS: u64 = 6;
/// What others may wait at most. The server ends the transaction of a node that says nothing after five seconds.
const SOON: Duration = Duration::from_secs(3);

/// A new note, with a receipt.
fn note(application: &Application) -> Transaction {
    let note = application.model_named("note").unwrap();
    let values = vec![(note.field_named("text").unwrap().id, Value::Text("a".to_owned()))];
    let create = Create { model: note.id, id: Uuid::now_v7(), values, given: Vec::new() };
    let vars = Vars { now: SystemClock.now_micros(), ..Vars::default() };
    let receipt = Some(support::receipt(application, Uuid::now_v7()));
    let steps = vec![Step::Create(create)];
    Transaction { receipt, ..Transaction::new(Authority::System, vars, "frozen", steps) }
}

/// Makes notes until it is told to stop, whatever becomes of them.
fn make(node: &Arc<PostgresStore>, application: &Arc<Application>, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (node, application, stop) = (node.clone(), application.clone(), stop.clone());
    tokio::spawn(async move {
        while !stop.load(Relaxed) {
            let made = node.transact(note(&application)).await;
            let is_lost = |error: &StoreError| {
                matches!(error, StoreError::Unreachable(_) | StoreError::OutcomeUnknown(_) | StoreError::Busy)
            };
            assert!(made.as_ref().err().is_none_or(is_lost), "{made:?}");
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_frozen_node_holds_up_nobody() {
    let server = Server::start(&Setup::quick()).unwrap();
    let (database, proxy) = (server.database(), Proxy::to(server.address()));
    let application = support::application();
    let open = |url| Arc::new(support::open(application.clone(), &support::options(url)));
    let (frozen, other) = (open(database.url_at(proxy.address())), open(database.url()));
    let stop = Arc::new(AtomicBool::new(false));
    let makers: Vec<_> = (0..8).map(|_| make(&frozen, &application, &stop)).collect();
    let mut late = Vec::new();
    for round in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(300 + 7 * round)).await;
        proxy.set(Link::Frozen);
        let started = Instant::now();
        other.transact(note(&application)).await.unwrap();
        late.extend(Some(started.elapsed()).filter(|waited| *waited > SOON));
        proxy.set(Link::Open);
    }
    // One may be frozen between two packets of the same bytes.
    assert!(late.len() <= 1, "others waited {late:?}");
    stop.store(true, Relaxed);
    for maker in makers {
        maker.await.unwrap();
    }
}
