//! What gets in the way: rows that others hold, and connections that are killed.

use crate::torture::work::random;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// How many hold rows at once.
const HOLDERS: usize = 12;
const KILL: &str = "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'mainstay' ORDER BY random() LIMIT 1) AS victim";

pub(super) struct Chaos {
    stop: Arc<AtomicBool>,
    holders: Vec<JoinHandle<()>>,
    killer: JoinHandle<i64>,
}

impl Chaos {
    pub(super) async fn start(url: &str, counters: &[Uuid]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut holders = Vec::new();
        for seed in 0..HOLDERS {
            let holder = hold(connect(url).await, counters.to_vec(), seed as u64, stop.clone());
            holders.push(tokio::spawn(holder));
        }
        let killer = tokio::spawn(kill(connect(url).await, stop.clone()));
        Chaos { stop, holders, killer }
    }

    /// Ends it. Answers how many connections were killed.
    pub(super) async fn stop(self) -> i64 {
        self.stop.store(true, Relaxed);
        for holder in self.holders {
            holder.await.unwrap();
        }
        self.killer.await.unwrap()
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Locks records for random times, so that transactions that point to them stay open in the middle of what they do.
async fn hold(client: Client, counters: Vec<Uuid>, seed: u64, stop: Arc<AtomicBool>) {
    for round in 0.. {
        if stop.load(Relaxed) {
            return;
        }
        let dice = random(seed << 32 | round);
        let id = counters[dice as usize % counters.len()];
        client.batch_execute("BEGIN").await.unwrap();
        let id = id.to_string();
        let lock = "SELECT 1 FROM counter WHERE id = $1::text::uuid FOR UPDATE";
        match client.execute(lock, &[&id]).await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(dice >> 32 & 0x7f)).await,
            // Of those who wait in a circle, PostgreSQL may as well choose this one; the commit then rolls back.
            Err(error) => assert_eq!(error.code(), Some(&SqlState::T_R_DEADLOCK_DETECTED), "{error}"),
        }
        client.batch_execute("COMMIT").await.unwrap();
    }
}

async fn kill(client: Client, stop: Arc<AtomicBool>) -> i64 {
    let mut killed = 0;
    while !stop.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(25)).await;
        killed += client.query_one(KILL, &[]).await.unwrap().get::<_, i64>(0);
    }
    killed
}
