//! Random writers, watchers, disconnects and changes of rights: what each watcher saw, applied in order, equals what it may read.

use crate::client::Client;
use crate::world::{Account, Kind, World};
use serde_json::json;
use uuid::Uuid;

/// A sequence of numbers, by SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

struct Story {
    world: World,
    random: Random,
    accounts: Vec<Account>,
    rooms: Vec<Uuid>,
    members: Vec<Uuid>,
    messages: Vec<Uuid>,
    clients: Vec<Client>,
}

const STEPS: usize = 120;

impl Story {
    async fn begin(kind: Kind, seed: u64) -> Self {
        let world = World::new(kind);
        let mut accounts = Vec::new();
        for name in ["ann", "bob", "cid", "dan"] {
            accounts.push(world.account(name).await);
        }
        let mut rooms = Vec::new();
        for owner in &accounts[..3] {
            rooms.push(world.room(owner).await);
        }
        let clients = accounts.iter().flat_map(|account| clients(account, &rooms)).collect();
        let random = Random(seed);
        Story { world, random, accounts, rooms, members: Vec::new(), messages: Vec::new(), clients }
    }

    async fn step(&mut self) {
        match self.random.below(20) {
            0..=7 => self.write_message().await,
            8..=12 => self.change_rights().await,
            13 => self.random_client().disconnect(),
            14..=16 => self.come_back().await,
            _ => {
                let index = self.random.below(self.clients.len());
                self.clients[index].take(&self.world, 1).await;
            }
        }
    }

    fn random_client(&mut self) -> &mut Client {
        let index = self.random.below(self.clients.len());
        &mut self.clients[index]
    }

    async fn come_back(&mut self) {
        let index = self.random.below(self.clients.len());
        if self.clients[index].stream.is_none() {
            self.clients[index].connect(&self.world).await;
        }
    }

    async fn write_message(&mut self) {
        let (room, author) = (*self.random.of(&self.rooms), self.random.of(&self.accounts).clone());
        if self.messages.is_empty() || self.random.below(3) == 0 {
            let fields = json!({"room": room, "author": author.id, "text": "new", "note": "n"});
            let create = self.world.create("message", fields);
            self.messages.push(create.await);
            return;
        }
        let message = *self.random.of(&self.messages);
        match self.random.below(6) {
            0 => self.world.update("message", message, json!({"room": room})).await,
            1 => self.world.update("message", message, json!({"pinned": true})).await,
            2 => self.world.update("message", message, json!({"pinned": false, "text": "unpinned"})).await,
            3 => self.world.delete("message", message).await,
            4 => self.world.restore("message", message).await,
            _ => {
                let text = format!("text {}", self.random.below(100));
                self.world.update("message", message, json!({"text": text})).await
            }
        };
    }

    async fn change_rights(&mut self) {
        let (room, account) = (*self.random.of(&self.rooms), self.random.of(&self.accounts).clone());
        match self.random.below(8) {
            0..=2 => {
                let fields = json!({"room": room, "user": account.id});
                let member = self.world.create("member", fields).await;
                self.members.push(member);
            }
            3..=4 if !self.members.is_empty() => {
                let index = self.random.below(self.members.len());
                self.world.delete("member", self.members.swap_remove(index)).await;
            }
            5 => drop(self.world.update("room", room, json!({"owner": account.id})).await),
            6 => {
                let (open, name) = (self.random.below(2) == 0, self.random.below(2));
                let name = ["room", "hall"][name];
                self.world.update("room", room, json!({"open": open, "name": name})).await;
            }
            _ => {
                let roles = if self.random.below(2) == 0 { json!(["admin"]) } else { json!([]) };
                self.world.update("user", account.id, json!({"roles": roles})).await;
            }
        }
    }

    async fn settle(&mut self, what: &str) {
        for client in &mut self.clients {
            client.settle(&self.world).await;
        }
        for client in &self.clients {
            client.check(&self.world, what).await;
        }
    }
}

/// One of each kind of watch, for an account.
fn clients(account: &Account, rooms: &[Uuid]) -> Vec<Client> {
    let filters = [
        ("message", None),
        ("message", Some(format!("room == '{}'", rooms[0]))),
        ("message", Some(format!("room == '{}' && pinned", rooms[1]))),
        ("message", Some("room.name == 'hall' && text != 'new'".to_owned())),
        ("message", Some("author == auth.id".to_owned())),
        ("message", Some(format!("note == 'n' && room == '{}'", rooms[2]))),
        ("room", None),
        ("room", Some("members.exists(m, m.user == auth.id)".to_owned())),
        ("member", Some(format!("room == '{}'", rooms[0]))),
    ];
    filters.into_iter().map(|(model, filter)| Client::new(account, model, filter)).collect()
}

async fn tell(kind: Kind, seed: u64) {
    let mut story = Story::begin(kind, seed).await;
    for step in 0..STEPS {
        story.step().await;
        if step % 30 == 29 {
            story.settle(&format!("{kind:?}, seed {seed}, step {step}")).await;
        }
    }
    story.settle(&format!("{kind:?}, seed {seed}, at the end")).await;
}

/// Tells the stories of some seeds: other ones each time, and of one that is given.
async fn tell_all(kind: Kind) {
    if kind.is_elsewhere() {
        return;
    }
    let given = std::env::var("MAINSTAY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = if std::env::var_os("MAINSTAY_LONG").is_some() { 200 } else { 4 };
    let first: u64 = given.unwrap_or_else(|| Uuid::now_v7().as_u64_pair().1 % 1_000_000_000);
    for seed in (first..).take(if given.is_some() { 1 } else { seeds }) {
        #[expect(clippy::print_stdout, reason = "who repeats a failure needs the seed")]
        {
            println!("{kind:?}: MAINSTAY_SEED={seed}");
        }
        tell(kind, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_watcher_saw_is_what_it_may_read_in_memory() {
    tell_all(Kind::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_watcher_saw_is_what_it_may_read_on_sqlite() {
    tell_all(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_watcher_saw_is_what_it_may_read_on_postgresql() {
    tell_all(Kind::Postgres).await;
}
