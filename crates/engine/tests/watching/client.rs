//! A client that applies events and nothing else, as a good one would.

use crate::world::{Account, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt;
use mainstay_engine::{Event, Format, ListRequest, View, Watch, WatchRequest};
use mainstay_model::{Application, json as model_json};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// An event a line.
pub(crate) struct Lines;

impl Format for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn encode(&self, application: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        let line = match event {
            Event::Snapshot { view } => json!({"event": "snapshot", "record": record(application, view)}),
            Event::Ready { id, count, more } => {
                json!({"event": "ready", "id": id, "count": count, "more": more})
            }
            Event::Enter { id, view, .. } => {
                json!({"event": "enter", "id": id, "record": record(application, view)})
            }
            Event::Change { id, view, .. } => {
                json!({"event": "change", "id": id, "record": record(application, view)})
            }
            Event::Leave { id, record } => json!({"event": "leave", "id": id, "left": record}),
            Event::Mark { id } => json!({"event": "mark", "id": id}),
            Event::End(reason) => {
                json!({"event": "end", "reason": reason.as_str(), "reset": reason.is_reset()})
            }
        };
        out.extend_from_slice(line.to_string().as_bytes());
        out.push(b'\n');
    }
}

fn record(application: &Application, view: &View) -> Value {
    let model = application.model(view.model);
    let mut bytes = Vec::new();
    model_json::encode_record(model, &view.record.values, view.fields(model), &mut bytes);
    serde_json::from_slice(&bytes).unwrap()
}

/// What a client asks for.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) model: &'static str,
    pub(crate) filter: Option<String>,
}

pub(crate) struct Client {
    pub(crate) account: Account,
    query: Query,
    pub(crate) stream: Option<Watch>,
    /// What it has, by id.
    pub(crate) known: BTreeMap<String, Value>,
    pub(crate) last_id: Option<String>,
    last_offset: u64,
    /// Events behind this one are told of what it has and has not: what came before may be in the snapshot already.
    sure_behind: u64,
    /// An event did not fit; only a reset may follow.
    doubt: Option<&'static str>,
    /// What it was told, for the message of a failure, and for tests that look at it.
    pub(crate) told: Vec<String>,
}

impl Client {
    pub(crate) fn new(account: &Account, model: &'static str, filter: Option<String>) -> Self {
        Client {
            account: account.clone(),
            query: Query { model, filter },
            stream: None,
            known: BTreeMap::new(),
            last_id: None,
            last_offset: 0,
            sure_behind: 0,
            doubt: None,
            told: Vec::new(),
        }
    }

    pub(crate) fn request(&self) -> WatchRequest {
        WatchRequest {
            filter: self.query.filter.clone(),
            fields: Vec::new(),
            snapshot: true,
            order: Vec::new(),
            limit: None,
            last_event_id: self.last_id.clone(),
            at_least: None,
            token: Some(self.account.token.clone()),
            format: Arc::new(Lines),
        }
    }

    /// Watches, behind the last event if there was one. The account is looked up as for any request.
    pub(crate) async fn connect(&mut self, world: &World) {
        self.account = world.with_token(&self.account.token).await;
        let model = world.engine.application().model_named(self.query.model).unwrap().id;
        if self.last_id.is_none() {
            self.known.clear();
            self.sure_behind = u64::MAX;
        }
        self.stream = Some(world.engine.watch(&self.account.caller, model, self.request()).await.unwrap());
    }

    pub(crate) fn disconnect(&mut self) {
        self.stream = None;
    }

    /// Applies what comes within some milliseconds. Answers whether anything came.
    pub(crate) async fn take(&mut self, world: &World, wait_ms: u64) -> bool {
        let mut anything = false;
        while let Some(stream) = &mut self.stream {
            let Ok(next) = timeout(Duration::from_millis(wait_ms), stream.next()).await else { break };
            anything = true;
            match next {
                None => self.stream = None,
                Some(bytes) => {
                    for line in std::str::from_utf8(&bytes).unwrap().lines() {
                        self.apply(world, serde_json::from_str(line).unwrap()).await;
                    }
                }
            }
        }
        anything
    }

    async fn apply(&mut self, world: &World, event: Value) {
        self.told.push(event.to_string());
        let kind = event["event"].as_str().unwrap();
        if let Some(id) = event["id"].as_str() {
            let offset = offset(id);
            let is_next =
                if kind == "ready" { offset >= self.last_offset } else { offset > self.last_offset };
            assert!(is_next, "told twice, or out of order: {}", self.story());
            (self.last_id, self.last_offset) = (Some(id.to_owned()), offset);
        }
        match kind {
            "snapshot" => drop(self.put(&event)),
            "ready" if self.sure_behind == u64::MAX => {
                self.sure_behind = world.engine.position().await.unwrap().offset;
            }
            "ready" => {}
            "enter" => {
                let had = self.put(&event);
                self.expect(!had, "entered what it had");
            }
            "change" => {
                let had = self.put(&event);
                self.expect(had, "changed what it had not");
            }
            "leave" => {
                let had = self.known.remove(event["left"].as_str().unwrap()).is_some();
                self.expect(had, "left what it had not");
            }
            "end" if event["reset"] == true => {
                self.known.clear();
                (self.last_id, self.last_offset, self.doubt) = (None, 0, None);
            }
            "end" => {}
            other => panic!("{other}"),
        }
    }

    fn put(&mut self, event: &Value) -> bool {
        let record = &event["record"];
        self.known.insert(record["id"].as_str().unwrap().to_owned(), record.clone()).is_some()
    }

    /// Notes an event that does not fit. What hangs on other records is asked of the store as it is now; where a change of these is on its
    /// way, the reset that it causes has to follow.
    fn expect(&mut self, fits: bool, what: &'static str) {
        if !fits && self.last_offset > self.sure_behind {
            self.doubt.get_or_insert(what);
        }
    }

    /// Goes on until everything that happened has been told.
    pub(crate) async fn settle(&mut self, world: &World) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let target = world.engine.position().await.unwrap().offset;
        loop {
            if self.stream.is_none() {
                self.connect(world).await;
            }
            let told = world.engine.watch_counts().offset;
            self.take(world, 1).await;
            if told >= target && self.stream.as_ref().is_some_and(|stream| stream.mark().is_some()) {
                return;
            }
            assert!(Instant::now() < deadline, "it never settles: {}", self.story());
        }
    }

    /// Compares what it has with what it may read.
    pub(crate) async fn check(&self, world: &World, what: &str) {
        let model = world.engine.application().model_named(self.query.model).unwrap().id;
        let account = world.with_token(&self.account.token).await;
        let mut request =
            ListRequest { filter: self.query.filter.clone(), limit: 500, ..ListRequest::default() };
        let mut may_read = BTreeMap::new();
        loop {
            let page = world.engine.list(&account.caller, model, &request).await.unwrap();
            let views = page.items.iter().map(|view| record(world.engine.application(), view));
            may_read.extend(views.map(|record| (record["id"].as_str().unwrap().to_owned(), record)));
            request.cursor = page.next;
            if request.cursor.is_none() {
                break;
            }
        }
        let differs = |a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>| -> Vec<Value> {
            a.iter()
                .filter(|(id, record)| b.get(*id) != Some(record))
                .map(|(_, record)| record.clone())
                .collect()
        };
        let (wrong, missing) = (differs(&self.known, &may_read), differs(&may_read, &self.known));
        assert_eq!(self.doubt, None, "{what}: {}", self.story());
        let is_right = wrong.is_empty() && missing.is_empty();
        assert!(is_right, "{what}: has {wrong:#?} in place of {missing:#?}\n{}", self.story());
    }

    fn story(&self) -> String {
        let skipped = self.told.len().saturating_sub(40);
        format!("{} {:?}\n{}", self.query.model, self.query.filter, self.told[skipped..].join("\n"))
    }
}

/// The offset in an id.
pub(crate) fn offset(id: &str) -> u64 {
    let bytes = URL_SAFE_NO_PAD.decode(id).unwrap();
    u64::from_be_bytes(bytes[8..16].try_into().unwrap())
}
