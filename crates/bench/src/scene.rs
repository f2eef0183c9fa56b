//! The scene: accounts, a room with members, and the messages in it.

use crate::client::{Client, text};
use crate::data::Data;
use crate::http::request;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const MEMBERS: usize = 50;
/// Access tokens live a quarter of an hour, and a step of the benchmark takes less than a third of that.
const TOKEN_AGE: Duration = Duration::from_secs(5 * 60);
const FILL_BATCH: u64 = 500;
const FILL_CONNECTIONS: usize = 4;
/// Of more messages, this many ids are kept to be asked for, evenly spread.
pub(crate) const KEPT_IDS: u64 = 100_000;
/// More messages than these are put in as rows.
const THROUGH_THE_API: u64 = 100_000;

/// An account and its token of the moment.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Its address.
    pub(crate) email: String,
    /// Its access token.
    pub(crate) token: String,
}

/// What the workloads work on.
pub(crate) struct Scene {
    /// Members of the room. Its owner is not among them, so that the rules have to look a membership up.
    pub(crate) members: Vec<Account>,
    /// The room's id.
    pub(crate) room: String,
    /// Ids of messages in the room.
    pub(crate) messages: Arc<[String]>,
    logged_in: Instant,
}

impl Scene {
    /// Makes the accounts and the room, without messages.
    pub(crate) async fn set_up(address: SocketAddr) -> Result<Self, String> {
        let mut client = Client::open(address).await?;
        let owner = "owner@example.org";
        client.register(owner).await?;
        let owner = client.log_in(owner).await?;
        let room = text(&client.create("/v1/rooms", &owner, &json!({"name": "Bench"})).await?, "id")?;
        let mut members = Vec::with_capacity(MEMBERS);
        for number in 0..MEMBERS {
            let email = format!("member{number:02}@example.org");
            let user = client.register(&email).await?;
            client.create("/v1/members", &owner, &json!({"room": room, "user": user})).await?;
            members.push(Account { token: client.log_in(&email).await?, email });
        }
        Ok(Scene { members, room, messages: Arc::new([]), logged_in: Instant::now() })
    }

    /// Fills the room through the API, like anyone, with as many of `count` messages as that takes seconds for. Answers how many
    /// are missing.
    pub(crate) async fn fill(&mut self, address: SocketAddr, count: u64) -> Result<u64, String> {
        let (stride, missing) = (stride(count), count.saturating_sub(THROUGH_THE_API));
        self.messages = self.fill_in(address, count - missing, stride).await?.into();
        eprintln!("filled in {} messages", count - missing);
        Ok(missing)
    }

    /// Puts what [`Scene::fill`] left out into the database of the program, which must not run.
    pub(crate) fn fill_rows(&mut self, data: &Data, missing: u64) -> Result<(), String> {
        let ids = data.fill(missing, stride(missing + THROUGH_THE_API))?;
        if missing == 0 {
            return Ok(());
        }
        eprintln!("put in {missing} older messages");
        self.messages = self.messages.iter().cloned().chain(ids).collect();
        Ok(())
    }

    /// Logs everyone in again when the tokens are no longer fresh.
    pub(crate) async fn renew_tokens(&mut self, address: SocketAddr) -> Result<(), String> {
        if self.logged_in.elapsed() < TOKEN_AGE {
            return Ok(());
        }
        let mut client = Client::open(address).await?;
        for member in &mut self.members {
            member.token = client.log_in(&member.email).await?;
        }
        self.logged_in = Instant::now();
        Ok(())
    }

    async fn fill_in(&self, address: SocketAddr, count: u64, stride: u64) -> Result<Vec<String>, String> {
        let left = Arc::new(AtomicU64::new(count));
        let mut running = JoinSet::new();
        for member in self.members.iter().take(FILL_CONNECTIONS) {
            let client = Client::open(address).await?;
            running.spawn(fill(client, member.token.clone(), self.room.clone(), left.clone(), stride));
        }
        let mut ids = Vec::new();
        while let Some(ended) = running.join_next().await {
            ids.extend(ended.map_err(|error| error.to_string())??);
        }
        Ok(ids)
    }
}

fn stride(count: u64) -> u64 {
    count.div_ceil(KEPT_IDS).max(1)
}

/// Takes batches from what is left until nothing is.
async fn fill(
    mut client: Client,
    token: String,
    room: String,
    left: Arc<AtomicU64>,
    stride: u64,
) -> Result<Vec<String>, String> {
    let mut kept = Vec::new();
    let mut made = 0;
    loop {
        let before = left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(FILL_BATCH)));
        let size = before.unwrap_or(0).min(FILL_BATCH);
        if size == 0 {
            return Ok(kept);
        }
        let body = batch(&room, size).to_string();
        let target = "/v1/batch";
        let answer = client.call(target, request("POST", target, Some(&token), Some(&body)), 200).await?;
        let answer = BatchAnswer::deserialize(answer).map_err(|error| format!("{target}: {error}"))?;
        let numbered = (made..).zip(answer.results);
        kept.extend(numbered.filter(|(number, _)| number % stride == 0).map(|(_, message)| message.id));
        made += size;
    }
}

#[derive(Deserialize)]
struct BatchAnswer {
    results: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

/// The body of a batch that makes this many messages.
pub(crate) fn batch(room: &str, size: u64) -> Value {
    let create = |number| json!({"op": "create", "model": "message", "data": message(room, number)});
    json!({"operations": (0..size).map(create).collect::<Vec<_>>()})
}

/// A message, of the length that people write.
pub(crate) fn message(room: &str, number: u64) -> Value {
    json!({"room": room, "text": message_text(number)})
}

/// The text of a message. All texts up to 9,999 have one length.
pub(crate) fn message_text(number: u64) -> String {
    format!("Message {number:04}: the meeting begins at nine, and there will be coffee for everyone.")
}
