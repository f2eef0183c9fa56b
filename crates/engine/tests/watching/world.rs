//! An engine over a store of any kind, with rules that ask for much.

use mainstay_embedded::{Options as StoreOptions, SqliteStore};
use mainstay_engine::{
    Action, Caller, Command, Engine, Error, Identity, Input, Login, NewUser, Options, Written,
};
use mainstay_model::{Durability, Project};
use mainstay_ports::{Isolation, Store};
use mainstay_testkit::{FakeClock, Faults, FaultyStore, FixedKeyring, Place, Placed};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

const ROOM: &str = r#"
[fields]
name = "string"
open = { type = "bool", default = false }
owner = { type = "ref", model = "user", on_delete = "cascade" }

[allow]
read = "owner == auth.id || open || members.exists(m, m.user == auth.id) || 'admin' in auth.roles"
create = "true"
update = "true"
delete = "true"
"#;

const MEMBER: &str = r#"
[fields]
room = { type = "ref", model = "room", on_delete = "cascade", inverse = "members" }
user = { type = "ref", model = "user", on_delete = "cascade" }

[allow]
read = "room.allow.read"
create = "true"
update = "true"
delete = "true"
"#;

const MESSAGE: &str = r#"
[fields]
room = { type = "ref", model = "room", on_delete = "cascade", inverse = "messages" }
author = { type = "ref", model = "user", on_delete = "cascade" }
text = "string"
pinned = { type = "bool", default = false }
note = { type = "string", optional = true, read = "room.owner == auth.id || 'admin' in auth.roles" }

[allow]
read = "room.allow.read && (!pinned || author == auth.id || 'admin' in auth.roles)"
create = "true"
update = "true"
delete = "true"
"#;

const CHANNEL: &str = r#"
pattern = "room/{room}"
max_bytes = 100

[variables]
room = "room"

[allow]
subscribe = "room.allow.read"
publish = "room.members.exists(m, m.user == auth.id)"
present = "room.members.exists(m, m.user == auth.id)"
"#;

const LOBBY: &str = r#"
pattern = "lobby"

[allow]
subscribe = "true"
publish = "auth.id != null"
present = "true"
"#;

const SETTINGS: &str = "[accounts.password]\nmemory_kib = 512\niterations = 1\n";

/// Where records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

impl Kind {
    /// The one of this program's cases.
    pub(crate) fn here() -> Kind {
        match Place::of(env!("CARGO_CRATE_NAME")) {
            Place::Memory => Kind::Memory,
            Place::Postgres => Kind::Postgres,
        }
    }

    /// Whether it is another program's.
    pub(crate) fn is_elsewhere(self) -> bool {
        (self == Kind::Postgres) != (Kind::here() == Kind::Postgres)
    }
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Arc<dyn Store>,
    _folder: TempDir,
    _placed: Option<Placed>,
}

/// An account, logged in.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) caller: Caller,
    pub(crate) token: Arc<str>,
}

impl World {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::with(kind, "")
    }

    /// A world with more settings.
    pub(crate) fn with(kind: Kind, settings: &str) -> Self {
        let settings = format!("{settings}\n{SETTINGS}");
        let files = [
            ("mainstay.toml", settings.as_str()),
            ("models/room.toml", ROOM),
            ("models/member.toml", MEMBER),
            ("models/message.toml", MESSAGE),
            ("channels/room.toml", CHANNEL),
            ("channels/lobby.toml", LOBBY),
        ];
        let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let application = Arc::new(loaded.application);
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            path: folder.path().join("test.db"),
            durability: Durability::Normal,
            readers: 2,
            write_queue: 1_000,
            query_timeout_ms: 5_000,
        };
        let clock = Arc::new(FakeClock::new(1_795_249_800_000_000));
        let placed = match kind {
            Kind::Memory => Some(Place::Memory.open(application.clone(), clock.clone())),
            Kind::Postgres => Some(Place::Postgres.open(application.clone(), clock.clone())),
            Kind::Sqlite => None,
        };
        let store: Arc<dyn Store> = match &placed {
            Some(placed) => placed.store.clone(),
            None => Arc::new(SqliteStore::open(application.clone(), &options).unwrap()),
        };
        let keyring = Arc::new(FixedKeyring(7));
        let options = Options { application, store: store.clone(), clock: clock.clone(), keyring };
        World { engine: Engine::new(options).unwrap(), clock, store, _folder: folder, _placed: placed }
    }

    /// Another engine over the same data, with faults.
    pub(crate) fn faulty(&self, faults: Faults) -> Engine {
        let store = Arc::new(FaultyStore::new(self.store.clone(), faults));
        let (application, clock) = (self.engine.application().clone(), self.clock.clone());
        Engine::new(Options { application, store, clock, keyring: Arc::new(FixedKeyring(7)) }).unwrap()
    }

    /// Another node over the same data, with faults.
    pub(crate) fn beside(&self, faults: Faults) -> World {
        let (clock, store) = (self.clock.clone(), self.store.clone());
        World {
            engine: self.faulty(faults),
            clock,
            store,
            _folder: tempfile::tempdir().unwrap(),
            _placed: None,
        }
    }

    pub(crate) async fn account(&self, name: &str) -> Account {
        let (email, password) = (format!("{name}@example.org"), "correct horse".to_owned());
        let input = Input { values: Vec::new() };
        let user = NewUser { email: email.clone(), password: password.clone(), input };
        self.engine.create_user(&Caller::default(), user).await.unwrap();
        let tokens = self.engine.login(&Caller::default(), Login { email, password }).await.unwrap();
        self.with_token(&tokens.access_token).await
    }

    /// The account behind a token, as it is now.
    pub(crate) async fn with_token(&self, token: &str) -> Account {
        let identity = self.engine.authenticate(token).await.unwrap();
        let id = identity.user.unwrap();
        Account { id, caller: Caller { identity: Some(identity), ..Caller::default() }, token: token.into() }
    }

    async fn write(&self, model: &str, action: Action) -> Result<Written, Error> {
        let admin = Caller { identity: Some(Arc::new(admin())), ..Caller::default() };
        let model = self.engine.application().model_named(model).unwrap().id;
        self.engine.write(&admin, "test", Command { model, action }).await.map(|(written, _)| written)
    }

    fn input(&self, model: &str, fields: &Value) -> Input {
        let model = self.engine.application().model_named(model).unwrap();
        Input::from_json(model, fields.as_object().unwrap()).unwrap()
    }

    pub(crate) async fn create(&self, model: &str, fields: Value) -> Uuid {
        let action = Action::Create { id: None, input: self.input(model, &fields) };
        self.write(model, action).await.unwrap().id.unwrap()
    }

    /// Makes records in one transaction.
    pub(crate) async fn create_all(&self, model: &str, records: Vec<Value>) {
        let admin = Caller { identity: Some(Arc::new(admin())), ..Caller::default() };
        let id = self.engine.application().model_named(model).unwrap().id;
        let create = |fields: &Value| Action::Create { id: None, input: self.input(model, fields) };
        let commands = records.iter().map(|fields| Command { model: id, action: create(fields) }).collect();
        self.engine.write_all(&admin, "test", commands, Isolation::default()).await.unwrap();
    }

    /// Changes a record, if it is still there.
    pub(crate) async fn update(&self, model: &str, id: Uuid, fields: Value) -> bool {
        let input = self.input(model, &fields);
        self.write(model, Action::Update { id, input, if_version: None }).await.is_ok()
    }

    pub(crate) async fn delete(&self, model: &str, id: Uuid) -> bool {
        self.write(model, Action::Delete { id, if_version: None }).await.is_ok()
    }

    pub(crate) async fn restore(&self, model: &str, id: Uuid) -> bool {
        self.write(model, Action::Restore { id, if_version: None }).await.is_ok()
    }

    pub(crate) async fn room(&self, owner: &Account) -> Uuid {
        self.create("room", json!({"name": "room", "owner": owner.id})).await
    }

    pub(crate) async fn member(&self, room: Uuid, user: &Account) -> Uuid {
        self.create("member", json!({"room": room, "user": user.id})).await
    }

    pub(crate) async fn message(&self, room: Uuid, author: &Account, text: &str) -> Uuid {
        let fields = json!({"room": room, "author": author.id, "text": text, "note": "for the owner"});
        self.create("message", fields).await
    }
}

fn admin() -> Identity {
    Identity { roles: vec!["admin".to_owned()], ..Identity::default() }
}
