//! Callers at once over a store that is busy, full, fails, loses answers and answers late, under a clock that jumps.
//!
//! Time is the runtime's own and stands still while anybody works, so that a seed decides everything but the ids: `MAINSTAY_SEED` repeats the one
//! that a failed run prints. `cargo xtask test --long` tries many more of them.

use crate::support::{PASSWORD, nobody, place};
use mainstay_engine::{Action, Caller, Code, Command, Engine, Error, Input, Login, NewUser, Options};
use mainstay_expr::ModelId;
use mainstay_model::{Application, Project, base};
use mainstay_ports::{Changes, Deleted, Isolation, Position, Query, Record, Store};
use mainstay_testkit::{Call, FakeClock, Fault, Faults, FaultyStore, FixedKeyring, MemoryStore, Place};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const SEEDS: u64 = 30;
const SEEDS_OF_LONG: u64 = 2_000;
const CLIENTS: u64 = 4;
const STEPS: u64 = 40;
const START: i64 = 1_795_249_800_000_000;

#[test]
fn what_was_acknowledged_holds_whatever_goes_wrong() {
    if place() != Place::Memory {
        // Its time is not the machine's, and a server's is.
        return;
    }
    let is_long = std::env::var_os("MAINSTAY_LONG").is_some();
    let given: Option<u64> = std::env::var("MAINSTAY_SEED").ok().map(|seed| seed.parse().unwrap());
    let first = given.unwrap_or_else(|| RandomState::new().hash_one("simulation"));
    let count = if given.is_some() {
        1
    } else if is_long {
        SEEDS_OF_LONG
    } else {
        SEEDS
    };
    let mut acknowledged = 0;
    for seed in (0..count).map(|number| first.wrapping_add(number)) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        match catch_unwind(AssertUnwindSafe(|| runtime.block_on(World::new(seed).run()))) {
            Ok(count) => acknowledged += count,
            Err(panic) => {
                eprintln!("it failed with MAINSTAY_SEED={seed}");
                resume_unwind(panic);
            }
        }
    }
    assert!(
        acknowledged > 10 * count,
        "{acknowledged} acknowledgements in {count} runs test hardly anything"
    );
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

/// The store and what is around it.
struct World {
    application: Arc<Application>,
    /// Where the records are in truth.
    store: Arc<MemoryStore>,
    clock: Arc<FakeClock>,
    seed: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let settings = "[accounts.password]\nmemory_kib = 512\niterations = 1\n";
        let note = "[fields]\nowner = \"string\"\ntext = \"string\"\n[allow]\nread = \"owner != ''\"\n\
                    create = \"owner != ''\"\nupdate = \"owner != ''\"\ndelete = \"owner != ''\"\n";
        let files = [("mainstay.toml", settings), ("models/note.toml", note)];
        let application = Arc::new(Project::load_from(&files).unwrap().application);
        let store = Arc::new(MemoryStore::new(application.clone()));
        World { application, store, clock: Arc::new(FakeClock::new(START)), seed }
    }

    /// A new engine, which remembers nothing.
    fn engine(&self, store: Arc<dyn Store>) -> Engine {
        let (application, clock) = (self.application.clone(), self.clock.clone());
        Engine::new(Options { application, store, clock, keyring: Arc::new(FixedKeyring(7)) }).unwrap()
    }

    fn faults(&self) -> Faults {
        let late = Duration::from_millis(3);
        let write = [
            (0.04, Fault::Busy),
            (0.04, Fault::DiskFull),
            (0.04, Fault::DiskFailed),
            (0.02, Fault::Failed),
            (0.05, Fault::Undone),
            (0.08, Fault::AnswerLost),
            (0.10, Fault::Delay(late)),
            (0.20, Fault::DelayAnswer(late)),
        ];
        let faults = Faults::seeded(self.seed);
        let faults = write
            .into_iter()
            .fold(faults, |faults, (often, fault)| faults.sometimes(Call::Transact, often, fault));
        faults.sometimes(Call::Query, 0.05, Fault::Timeout).sometimes(
            Call::Query,
            0.1,
            Fault::DelayAnswer(late),
        )
    }

    /// Answers how many transactions were acknowledged.
    async fn run(self) -> u64 {
        let sound = self.engine(self.store.clone());
        let faulty = self.engine(Arc::new(FaultyStore::new(self.store.clone(), self.faults())));
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let tokens = log_in(&sound, &format!("{number}@example.org")).await;
            let random = Random(self.seed ^ (number + 1) << 32);
            clients.push(Client::new(faulty.clone(), format!("client {number}"), tokens, random));
        }
        let jumps = tokio::spawn(jump(self.clock.clone(), Random(self.seed)));
        let tasks: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.run())).collect();
        let mut clients = Vec::new();
        for task in tasks {
            clients.push(task.await.unwrap_or_else(|error| resume_unwind(error.into_panic())));
        }
        jumps.abort();
        // Logouts that were given up go on for a moment.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let rows = self.rows().await;
        self.check_feed(&rows).await;
        let fresh = self.engine(self.store.clone());
        for client in &mut clients {
            client.settle(&rows, &self.application);
            for token in &client.tokens {
                let known = faulty.authenticate(token).await;
                let is_good = fresh.authenticate(token).await.is_ok();
                // The store under the first may refuse to say.
                let told = known.as_ref().map_err(|error| error.code);
                assert!(
                    told.is_ok() == is_good || told == Err(Code::QueryTimeout),
                    "{told:?}, in truth {is_good}"
                );
            }
        }
        clients.iter().map(|client| client.acknowledged).sum()
    }

    fn note(&self) -> ModelId {
        self.application.model_named("note").unwrap().id
    }

    async fn rows(&self) -> BTreeMap<Uuid, Record> {
        let query = Query { deleted: Deleted::Include, ..Query::all(self.note(), 10_000) };
        let page = self.store.query(query).await.unwrap();
        page.rows.into_iter().map(|row| (row.record.id(), row.record)).collect()
    }

    /// The feed leads to the rows, change by change; versions and times of a record only grow.
    async fn check_feed(&self, rows: &BTreeMap<Uuid, Record>) {
        let end = self.store.position().await.unwrap();
        let start = Position { offset: 0, ..end };
        let Changes::Some { changes, .. } = self.store.changes(start, 100_000).await.unwrap() else {
            panic!("the feed begins at its beginning");
        };
        let mut replayed: BTreeMap<Uuid, Record> = BTreeMap::new();
        for change in changes.into_iter().filter(|change| change.model == self.note()) {
            assert_eq!(replayed.get(&change.id), change.before.as_ref());
            let after = change.after.expect("a deleted note is kept");
            if let Some(before) = &change.before {
                assert_eq!(after.version(), before.version() + 1);
                assert!(after.updated_at() >= before.updated_at());
                assert_eq!(after.get(base::CREATED_AT), before.get(base::CREATED_AT));
            }
            assert!(
                after.deleted_at().is_none_or(|at| Some(at) >= after.get(base::CREATED_AT).as_timestamp())
            );
            replayed.insert(change.id, after);
        }
        assert_eq!(&replayed, rows);
    }
}

/// The access tokens of three sessions of a new account.
async fn log_in(engine: &Engine, email: &str) -> Vec<String> {
    let input = Input { values: Vec::new() };
    let user = NewUser { email: email.to_owned(), password: PASSWORD.to_owned(), input };
    engine.create_user(&nobody(), user).await.unwrap();
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let login = Login { email: email.to_owned(), password: PASSWORD.to_owned() };
        tokens.push(engine.login(&nobody(), login).await.unwrap().access_token);
    }
    tokens
}

/// Sets the clock, forwards and backwards, by up to a quarter of an hour.
async fn jump(clock: Arc<FakeClock>, mut random: Random) {
    loop {
        tokio::time::sleep(Duration::from_millis(1) + random.millis(20)).await;
        clock.set(START + random.below(900) as i64 * 1_000_000);
    }
}

/// Version, text, and whether it is deleted.
type State = (i64, String, bool);

struct Client {
    engine: Engine,
    owner: String,
    tokens: Vec<String>,
    random: Random,
    /// Its notes, as acknowledged.
    notes: BTreeMap<Uuid, State>,
    /// What transactions would make of notes, of which nobody knows what became of them.
    pending: Vec<Vec<(Uuid, State)>>,
    in_doubt: BTreeSet<Uuid>,
    acknowledged: u64,
}

impl Client {
    fn new(engine: Engine, owner: String, tokens: Vec<String>, random: Random) -> Self {
        let (notes, pending, in_doubt) = Default::default();
        Client { engine, owner, tokens, random, notes, pending, in_doubt, acknowledged: 0 }
    }

    async fn run(mut self) -> Self {
        for _ in 0..STEPS {
            tokio::time::sleep(self.random.millis(4)).await;
            match self.random.below(10) {
                0 => self.log_out().await,
                1 => self.look().await,
                _ => self.write().await,
            }
        }
        self
    }

    /// Has an identity remembered.
    async fn look(&mut self) {
        let token = self.random.below(self.tokens.len() as u64) as usize;
        let _ = self.engine.authenticate(&self.tokens[token]).await;
    }

    /// Ends a session, and perhaps does not wait for the answer.
    async fn log_out(&mut self) {
        let token = self.random.below(self.tokens.len() as u64) as usize;
        let Ok(identity) = self.engine.authenticate(&self.tokens[token]).await else { return };
        let caller = Caller { identity: Some(identity), ..nobody() };
        let patience = self.random.millis(6);
        let _ = tokio::time::timeout(patience, self.engine.logout(&caller)).await;
    }

    async fn write(&mut self) {
        let mut after = Vec::new();
        let mut commands = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let (command, id, state) = self.command();
            if after.iter().all(|(other, _)| *other != id) {
                commands.push(command);
                after.push((id, state));
            }
        }
        let is_refused = self.random.below(5) == 0;
        if is_refused {
            let action = Action::Delete { id: Uuid::nil(), if_version: None };
            commands.push(Command { model: self.note().id, action });
        }
        let patience = Duration::from_millis(1) + self.random.millis(12);
        let caller = nobody();
        let answer = tokio::time::timeout(
            patience,
            self.engine.write_all(&caller, "write", commands, Isolation::default()),
        )
        .await;
        match answer {
            Ok(Ok(_)) => {
                assert!(!is_refused, "what is to be refused was acknowledged");
                self.notes.extend(after);
                self.acknowledged += 1;
            }
            Ok(Err(error)) if !may_have_taken_effect(&error) => {}
            Err(_) | Ok(Err(_)) if is_refused => {}
            Err(_) | Ok(Err(_)) => {
                self.in_doubt.extend(after.iter().map(|(id, _)| *id));
                self.pending.push(after);
            }
        }
    }

    fn note(&self) -> &mainstay_model::Model {
        self.engine.application().model_named("note").unwrap()
    }

    /// A command on one of its notes, and what the note is then.
    fn command(&mut self) -> (Command, Uuid, State) {
        let model = self.note().id;
        let text = self.random.below(u64::MAX).to_string();
        let fields = json!({"owner": self.owner, "text": text});
        let input = Input::from_json(self.note(), fields.as_object().unwrap()).unwrap();
        let usable = self.notes.iter().filter(|(id, (.., deleted))| !deleted && !self.in_doubt.contains(id));
        let usable: Vec<(Uuid, State)> = usable.map(|(id, state)| (*id, state.clone())).collect();
        let kind = self.random.below(10);
        if usable.is_empty() || kind < 4 {
            let id = self.engine.new_id();
            let action = Action::Create { id: Some(id), input };
            return (Command { model, action }, id, (1, text, false));
        }
        let (id, (version, before, _)) = usable[self.random.below(usable.len() as u64) as usize].clone();
        if kind < 8 {
            let action = Action::Update { id, input, if_version: Some(version) };
            return (Command { model, action }, id, (version + 1, text, false));
        }
        let action = Action::Delete { id, if_version: None };
        (Command { model, action }, id, (version + 1, before, true))
    }

    /// Every pending transaction took effect as a whole or not at all, and all else is as it was acknowledged.
    fn settle(&mut self, rows: &BTreeMap<Uuid, Record>, application: &Application) {
        let model = application.model_named("note").unwrap();
        let field = |name: &str| model.field_named(name).unwrap().id;
        let own = rows.iter().filter(|(_, row)| row.get(field("owner")).as_text() == Some(&self.owner));
        let actual: BTreeMap<Uuid, State> = own
            .map(|(id, row)| {
                let text = row.get(field("text")).as_text().unwrap().to_owned();
                (*id, (row.version(), text, row.deleted_at().is_some()))
            })
            .collect();
        for after in self.pending.drain(..) {
            let done = after.iter().filter(|(id, state)| actual.get(id) == Some(state)).count();
            assert!(done == 0 || done == after.len(), "half a transaction is there: {after:?}");
            if done > 0 {
                self.notes.extend(after);
            }
        }
        assert_eq!(actual, self.notes, "{}", self.owner);
    }
}

fn may_have_taken_effect(error: &Error) -> bool {
    let nothing = [Code::Busy, Code::DiskFull, Code::DiskFailed, Code::BatchFailed, Code::Internal];
    assert!(nothing.contains(&error.code) || error.code == Code::OutcomeUnknown, "{error:?}");
    error.code == Code::OutcomeUnknown
}
