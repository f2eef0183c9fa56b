//! Transactions of all kinds, each with a mark by which it is found again.

use crate::support;
use mainstay_expr::{FieldId, ModelId, Value, Vars};
use mainstay_model::{Application, Project};
use mainstay_ports::{
    Authority, Check, Clock, Create, Position, Query, Step, Store, StoreError, SystemClock, Transaction,
    Update,
};
use mainstay_scaleout::postgres::PostgresStore;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

const COUNTERS: usize = 24;

/// A project with counters, and with entries that point to them.
pub(super) fn application() -> Arc<Application> {
    let counter = "[fields]\nmark = \"int\"\n[allow]\nread = \"true\"\n";
    let entry = "[fields]\nmark = { type = \"int\", unique = true }\nof = { type = \"ref\", model = \"counter\" }\n[allow]\nread = \"true\"\n";
    let files = [("mainstay.toml", ""), ("models/counter.toml", counter), ("models/entry.toml", entry)];
    let loaded = Project::load_from(&files);
    Arc::new(loaded.unwrap_or_else(|faults| panic!("{}", faults.render(false))).application)
}

/// What became of a transaction.
pub(super) struct Done {
    pub(super) mark: i64,
    /// The id of its receipt, if it was to keep one.
    pub(super) receipt: Option<Uuid>,
    pub(super) result: Result<Position, StoreError>,
}

pub(super) struct World {
    nodes: Vec<Arc<PostgresStore>>,
    application: Arc<Application>,
    counter: ModelId,
    entry: ModelId,
    /// The same field in both models.
    pub(super) mark: FieldId,
    of: FieldId,
    pub(super) counters: Vec<Uuid>,
}

/// A number that looks like chance (SplitMix64).
pub(super) fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl World {
    pub(super) async fn new(application: Arc<Application>, nodes: Vec<Arc<PostgresStore>>) -> Self {
        let (counter, entry) =
            (application.model_named("counter").unwrap(), application.model_named("entry").unwrap());
        let mark = counter.field_named("mark").unwrap().id;
        assert_eq!(mark, entry.field_named("mark").unwrap().id);
        let of = entry.field_named("of").unwrap().id;
        let counters = (0..COUNTERS).map(|_| Uuid::now_v7()).collect();
        let (counter, entry) = (counter.id, entry.id);
        let world = World { nodes, application, counter, entry, mark, of, counters };
        let steps = world.counters.iter().map(|id| world.create(world.counter, *id, -1, None)).collect();
        world.nodes[0].transact(transaction(steps)).await.unwrap();
        world
    }

    fn create(&self, model: ModelId, id: Uuid, mark: i64, of: Option<Uuid>) -> Step {
        let mut values = vec![(self.mark, Value::Int(mark))];
        values.extend(of.map(|of| (self.of, Value::Uuid(of))));
        Step::Create(Create { model, id, given: Vec::new(), values })
    }

    fn count(&self, id: Uuid, mark: i64) -> Step {
        let set = vec![(self.mark, Value::Int(mark))];
        Step::Update(Update { model: self.counter, id, set, if_version: None, require: None })
    }

    /// Runs transactions one after the other, each on a node of its own choice.
    pub(super) async fn work(self: Arc<Self>, task: usize, rounds: usize) -> Vec<Done> {
        let mut done = Vec::new();
        for round in 0..rounds {
            let mark = (task * 1_000 + round) as i64;
            let dice = random(mark as u64);
            let node = &self.nodes[dice as usize % self.nodes.len()];
            let id = (dice >> 48 & 1 == 1).then(Uuid::now_v7);
            let receipt = id.map(|id| support::receipt(&self.application, id));
            let transaction = Transaction { receipt, ..transaction(self.steps(mark, dice >> 8)) };
            let committed = node.transact(transaction).await;
            done.push(Done { mark, receipt: id, result: committed.map(|committed| committed.position) });
        }
        done
    }

    /// Some go in groups; those that check something have a transaction of their own, and wait in the middle of it.
    fn steps(&self, mark: i64, dice: u64) -> Vec<Step> {
        let one = self.counters[dice as usize % COUNTERS];
        let other = self.counters[(dice >> 16) as usize % COUNTERS];
        let entry = self.create(self.entry, Uuid::now_v7(), mark, Some(one));
        let check = Check { model: self.counter, id: other, if_version: None, require: None };
        match (dice >> 32) % 4 {
            0 => vec![entry],
            1 => vec![entry, self.count(other, mark)],
            2 => vec![Step::Check(check), entry],
            _ => vec![self.count(other, mark), Step::Check(check), entry],
        }
    }

    /// The positions of the receipts that are there.
    pub(super) async fn receipts_kept(&self) -> HashMap<Uuid, Position> {
        let receipts = self.application.model_named("_idempotency_key").unwrap();
        let page = self.nodes[0].query(Query::all(receipts.id, 100_000)).await.unwrap();
        let kept = page.rows.iter().map(|row| (row.record.id(), support::position(receipts, &row.record)));
        kept.collect()
    }

    /// The marks of the entries that are there.
    pub(super) async fn marks_kept(&self) -> HashSet<i64> {
        let page = self.nodes[0].query(Query::all(self.entry, 100_000)).await.unwrap();
        page.rows.iter().map(|row| row.record.get(self.mark).as_int().unwrap()).collect()
    }
}

fn transaction(steps: Vec<Step>) -> Transaction {
    let vars = Vars { now: SystemClock.now_micros(), ..Vars::default() };
    Transaction::new(Authority::System, vars, "torture", steps)
}
