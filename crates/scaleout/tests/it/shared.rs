//! What nodes have in common: keys and the time.

use crate::support::{application, open, options};
use mainstay_ports::{Clock, Keyring, SystemClock};
use mainstay_scaleout::postgres::{MasterKey, PostgresKeyring, PostgresStore};
use mainstay_services::postgres::{Database, Server};
use std::io::ErrorKind;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const OTHER: &str = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A database, and a node that has it open.
fn node() -> (PostgresStore, Database) {
    let database = Server::shared().database();
    (open(application(), &options(database.url())), database)
}

fn keyring(store: &PostgresStore, master: Option<&str>) -> PostgresKeyring {
    store.keyring(master.map(|text| MasterKey::parse(text).unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_have_the_same_keys() {
    let (one, database) = node();
    let other = open(application(), &options(database.url()));
    let (one, other) = (keyring(&one, None), keyring(&other, None));
    // Both of them make the key at once.
    let keys = std::thread::scope(|scope| {
        let asked = [&one, &other].map(|keyring| scope.spawn(|| keyring.secret("cursor", 32).unwrap()));
        asked.map(|asked| asked.join().unwrap())
    });
    assert_eq!((keys[0].len(), &keys[0]), (32, &keys[1]));
    assert_ne!(one.secret("event-id", 32).unwrap(), keys[0]);
    assert_eq!(one.secret("cursor", 16).unwrap_err().kind(), ErrorKind::InvalidData);
    let third = open(application(), &options(database.url()));
    assert_eq!(keyring(&third, None).secret("cursor", 32).unwrap(), keys[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_seals_what_is_in_the_database() {
    let (store, database) = node();
    let kept = |name: &str| {
        database.sql(&format!("SELECT encode(secret, 'hex') FROM _mainstay_key WHERE name = '{name}'"))
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let before = keyring(&store, None).secret("cursor", 32).unwrap();
    assert_eq!(kept("cursor"), hex(&before));
    let sealed = keyring(&store, Some(KEY));
    let new = sealed.secret("event-id", 32).unwrap();
    assert!(!kept("event-id").contains(&hex(&new)));
    assert_eq!(sealed.secret("cursor", 32).unwrap(), before, "it stays what it was");
    assert!(!kept("cursor").contains(&hex(&before)), "and is sealed from now on");
    assert_eq!(keyring(&store, Some(KEY)).secret("cursor", 32).unwrap(), before);
    for other in [None, Some(OTHER)] {
        let refused = keyring(&store, other).secret("cursor", 32).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "{other:?}");
    }
}

/// The server and this test are on one machine, so that their clocks are one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_go_by_the_clock_of_the_server() {
    let (store, _database) = node();
    let clock = store.clock();
    for _ in 0..3 {
        let before = SystemClock.now_micros();
        let shown = clock.now_micros();
        let after = SystemClock.now_micros();
        let slack = 500_000;
        assert!((before - slack..after + slack).contains(&shown), "{before} {shown} {after}");
    }
}
