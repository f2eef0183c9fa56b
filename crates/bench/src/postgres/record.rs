//! What the program sends to PostgreSQL for one request.

use super::Postgres;
use super::log::{Statement, statements};
use crate::client::{Client, text};
use crate::scene::{Scene, message};
use crate::workload::list_target;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::sleep;

/// Longer than the program goes without looking after the feed.
const SILENCE: Duration = Duration::from_millis(700);

/// The statements of one request of each kind.
pub(crate) struct Recorded {
    /// Those of a message by its id, and the id.
    pub(super) read: (Vec<Statement>, String),
    /// Those of a page.
    pub(super) list: Vec<Statement>,
    /// Those of a message that is posted, and the id that it got.
    pub(super) create: (Vec<Statement>, String),
}

/// Makes one request of each kind, while nobody else asks, and writes down what the server is sent.
pub(crate) async fn record(
    postgres: &Postgres,
    address: SocketAddr,
    scene: &Scene,
) -> Result<Recorded, String> {
    let token = &scene.members[0].token;
    let mut client = Client::open(address).await?;
    let id = scene.messages.first().ok_or("there are no messages")?.clone();
    let (read, list) = (format!("/v1/messages/{id}"), list_target(&scene.room));
    let body = message(&scene.room, 0);
    // What is sent the first time alone (who asks, what to prepare) is none of it.
    client.get(&read, token).await?;
    client.get(&list, token).await?;
    client.create("/v1/messages", token, &body).await?;
    let recorder = Recorder::start(postgres).await;
    let mark = recorder.mark();
    client.get(&read, token).await?;
    let read = recorder.since(mark)?;
    let mark = recorder.mark();
    client.get(&list, token).await?;
    let list = recorder.since(mark)?;
    let mark = recorder.mark();
    let made = text(&client.create("/v1/messages", token, &body).await?, "id")?;
    let create = recorder.since(mark)?;
    recorder.stop();
    Ok(Recorded { read: (read, id), list, create: (create, made) })
}

struct Recorder<'a> {
    postgres: &'a Postgres,
    /// What is sent also when nobody asks anything, and in which session: one can do both.
    others: BTreeSet<(u32, String)>,
}

impl<'a> Recorder<'a> {
    async fn start(postgres: &'a Postgres) -> Self {
        let mut recorder = Recorder { postgres, others: BTreeSet::new() };
        recorder.log_statements("all");
        // Each session learns of it with the next statement that it is sent.
        sleep(SILENCE).await;
        let mark = recorder.mark();
        sleep(SILENCE).await;
        recorder.others = statements(&recorder.log_since(mark))
            .into_iter()
            .map(|(process, other)| (process, other.text))
            .collect();
        recorder
    }

    fn stop(self) {
        self.log_statements("none");
    }

    fn log_statements(&self, which: &str) {
        self.postgres.database.sql(&format!("ALTER SYSTEM SET log_statement = '{which}'"));
        self.postgres.database.sql("SELECT pg_reload_conf()");
    }

    fn mark(&self) -> usize {
        self.postgres.server.log().len()
    }

    /// The line before is needed too: an entry begins behind the end of one.
    fn log_since(&self, mark: usize) -> String {
        self.postgres.server.log().split_off(mark.saturating_sub(1))
    }

    /// Statements are logged when they are begun, so that those of a request that was answered are all there.
    fn since(&self, mark: usize) -> Result<Vec<Statement>, String> {
        let all = statements(&self.log_since(mark)).into_iter();
        let own =
            all.filter(|(process, statement)| !self.others.contains(&(*process, statement.text.clone())));
        let own: Vec<Statement> = own.map(|(_, statement)| statement).collect();
        if own.is_empty() {
            Err("the log of PostgreSQL does not show what a request asked".to_owned())
        } else {
            Ok(own)
        }
    }
}
