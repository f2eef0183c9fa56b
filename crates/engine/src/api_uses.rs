//! Who calls what of which version of the application's API, so that one knows whether a version can go.
//!
//! It is counted in memory, by day, and written down by maintenance: what was counted and not yet written when the program is killed is lost. Each node writes rows of its own, so that
//! none has to read what another counted. Only projects with several versions count, and of those that ask under ever new names only as many are told apart as there is room for.

use crate::{Caller, Engine, Error};
use futures::future::join_all;
use mainstay_expr::{CompareOp, FieldId, Predicate, Value};
use mainstay_model::Model;
use mainstay_ports::{Create, Query, Record, Step, Update};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// How many uses are told apart in a day; further ones are of the client [`OTHERS`].
const MAX_USES: usize = 2_000;
/// How many of them say `others`, beyond which a use is passed over.
const MAX_OTHERS: usize = 500;
/// Who has no name of its own any more.
const OTHERS: &str = "others";
/// How many of them are told apart for those who show no account, who may be anybody under any name.
const MAX_STRANGERS: usize = MAX_USES / 2;
/// The longest name of a client.
const MAX_CLIENT_LENGTH: usize = 60;
/// The longest name of what is used.
const MAX_USED_LENGTH: usize = 100;
/// How many are read at once.
const PAGE: u32 = 500;
/// How many are written at once.
const PORTION: usize = 100;
const DAY_MICROS: i64 = 24 * 3_600_000_000;
/// How long uses are remembered.
pub(crate) const REMEMBERED_MICROS: i64 = 90 * DAY_MICROS;

/// Something that a client does with a version of the API.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiUse {
    /// The number of the version.
    pub version: u32,
    /// An operation, as `todo.list`, or a field that was named, as `todo.name`.
    pub used: String,
    /// The program: its API key by its id, the client of the application with its version, or the product in its `User-Agent`.
    pub client: String,
}

/// How often something was done in a time, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApiUseCount {
    /// How often.
    pub calls: u64,
    /// When last, in microseconds since 1970.
    pub last_used_at: i64,
}

/// The uses since the program started, and of them what is not written yet.
#[derive(Default)]
pub(crate) struct ApiUses {
    counted: Mutex<HashMap<ApiUse, Counted>>,
}

/// A use in the days that are not written yet.
#[derive(Debug, Clone, Default)]
struct Counted {
    total: u64,
    rows: Vec<Row>,
}

/// A use on a day: a record.
#[derive(Debug, Clone)]
struct Row {
    id: Uuid,
    day: i64,
    count: ApiUseCount,
    is_stored: bool,
    is_changed: bool,
}

impl ApiUses {
    fn note(&self, key: ApiUse, room: usize, now: i64, new_id: impl FnOnce() -> Uuid) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = admitted(&counted, key, room) else { return };
        let counted = counted.entry(key).or_default();
        counted.total += 1;
        let day = now.div_euclid(DAY_MICROS);
        if counted.rows.last().is_none_or(|row| row.day != day) {
            let count = ApiUseCount::default();
            counted.rows.push(Row { id: new_id(), day, count, is_stored: false, is_changed: false });
        }
        if let Some(row) = counted.rows.last_mut() {
            row.count = ApiUseCount { calls: row.count.calls + 1, last_used_at: now };
            row.is_changed = true;
        }
    }

    /// What has to be written.
    fn changed(&self) -> Vec<(ApiUse, Row)> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for (key, counted) in counted.iter_mut() {
            // Days that have ended and are written do not change any more.
            let last = counted.rows.last().map(|row| row.day);
            counted.rows.retain(|row| row.is_changed || Some(row.day) == last);
            for row in counted.rows.iter_mut().filter(|row| row.is_changed) {
                changed.push((key.clone(), row.clone()));
                row.is_changed = false;
                row.is_stored = true;
            }
        }
        changed
    }

    /// Has a row written again, as another one: of the first nobody knows what became.
    fn not_written(&self, key: &ApiUse, row: &Row, id: Uuid) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counted.get_mut(key).into_iter().flat_map(|counted| &mut counted.rows);
        for lost in rows.filter(|lost| lost.id == row.id) {
            (lost.id, lost.is_stored, lost.is_changed) = (id, false, true);
        }
    }

    fn totals(&self) -> Vec<(ApiUse, u64)> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut totals: Vec<_> = counted.iter().map(|(key, counted)| (key.clone(), counted.total)).collect();
        totals.sort_unstable();
        totals
    }
}

/// The use as it is told apart while there are fewer than `room`; `None` when there is no room even for others.
fn admitted(counted: &HashMap<ApiUse, Counted>, key: ApiUse, room: usize) -> Option<ApiUse> {
    if counted.len() < room || counted.contains_key(&key) {
        return Some(key);
    }
    let others = ApiUse { client: OTHERS.to_owned(), ..key };
    (counted.len() < MAX_USES + MAX_OTHERS || counted.contains_key(&others)).then_some(others)
}

impl Engine {
    /// Notes that a caller used operations and fields of a version.
    pub fn note_api_uses(&self, version: u32, caller: &Caller, used: impl Iterator<Item = String>) {
        let (now, client) = (self.now(), client(caller));
        let room = if caller.identity.is_some() { MAX_USES } else { MAX_STRANGERS };
        for used in used {
            let used = used.chars().take(MAX_USED_LENGTH).collect();
            let key = ApiUse { version, used, client: client.clone() };
            self.api_uses().note(key, room, now, || self.new_id());
        }
    }

    /// How often each use was noted since the program started, for monitoring.
    pub fn api_use_totals(&self) -> Vec<(ApiUse, u64)> {
        self.api_uses().totals()
    }

    /// The uses since a time, by all nodes, as far as they are written down.
    ///
    /// # Errors
    /// What the store failed with.
    pub async fn api_uses_since(&self, since: i64) -> Result<BTreeMap<ApiUse, ApiUseCount>, Error> {
        let model = self.built_in("_api_use");
        let mut uses: BTreeMap<ApiUse, ApiUseCount> = BTreeMap::new();
        let filter = Predicate::compare(
            field(model, "last_used_at"),
            CompareOp::GreaterOrEqual,
            Value::Timestamp(since),
        );
        let mut query = Query { filter: Arc::new(filter), ..Query::all(model.id, PAGE) };
        loop {
            let page = self.store().query(query.clone()).await?;
            for row in &page.rows {
                let (key, count) = read(model, &row.record);
                let sum = uses.entry(key).or_default();
                sum.calls += count.calls;
                sum.last_used_at = sum.last_used_at.max(count.last_used_at);
            }
            let Some(last) = page.rows.last().filter(|_| page.more) else { return Ok(uses) };
            query.after = Some((Vec::new(), last.record.id()));
        }
    }

    /// Writes down what was used.
    ///
    /// # Errors
    /// What the store failed with.
    pub(crate) async fn record_api_uses(&self) -> Result<(), Error> {
        for portion in self.api_uses().changed().chunks(PORTION) {
            let writes = portion.iter().map(|(key, row)| self.record_api_use(key, row));
            join_all(writes).await.into_iter().collect::<Result<(), Error>>()?;
        }
        Ok(())
    }

    async fn record_api_use(&self, key: &ApiUse, row: &Row) -> Result<(), Error> {
        let written = self.run_as_system("maintenance", vec![self.api_use_step(key, row)]).await;
        written.map(drop).inspect_err(|_| self.api_uses().not_written(key, row, self.new_id()))
    }

    fn api_use_step(&self, key: &ApiUse, row: &Row) -> Step {
        let model = self.built_in("_api_use");
        let calls = i64::try_from(row.count.calls).unwrap_or(i64::MAX);
        let counts = vec![
            (field(model, "calls"), Value::Int(calls)),
            (field(model, "last_used_at"), Value::Timestamp(row.count.last_used_at)),
        ];
        if row.is_stored {
            let update = Update { model: model.id, id: row.id, set: counts, if_version: None, require: None };
            return Step::Update(update);
        }
        let named = [
            (field(model, "api_version"), Value::Int(i64::from(key.version))),
            (field(model, "used"), Value::Text(key.used.clone())),
            (field(model, "client"), Value::Text(key.client.clone())),
        ];
        let values = named.into_iter().chain(counts).collect();
        Step::Create(Create { model: model.id, id: row.id, values, given: Vec::new() })
    }
}

fn field(model: &Model, name: &str) -> FieldId {
    model.field_named(name).expect("it is built in").id
}

fn read(model: &Model, record: &Record) -> (ApiUse, ApiUseCount) {
    let text = |name: &str| record.get(field(model, name)).as_text().unwrap_or_default().to_owned();
    let int = |name: &str| record.get(field(model, name)).as_int().unwrap_or_default();
    let version = u32::try_from(int("api_version")).unwrap_or_default();
    let last_used_at = record.get(field(model, "last_used_at")).as_timestamp().unwrap_or_default();
    let count = ApiUseCount { calls: int("calls").unsigned_abs(), last_used_at };
    (ApiUse { version, used: text("used"), client: text("client") }, count)
}

/// The program that a caller is: its API key, the client and version of the application that it says it is, or what it calls itself, without its version, in the name's first word.
fn client(caller: &Caller) -> String {
    let key = caller.identity.as_ref().and_then(|identity| identity.key.as_ref());
    if let Some(key) = key {
        return format!("key {}", key.id());
    }
    if let Some(client) = &caller.client {
        return client.chars().take(MAX_CLIENT_LENGTH).collect();
    }
    let product =
        caller.user_agent.as_deref().and_then(|agent| agent.split(['/', ' ']).next()).unwrap_or_default();
    let name: String = product.chars().filter(char::is_ascii_graphic).take(MAX_CLIENT_LENGTH).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(client: &str) -> ApiUse {
        ApiUse { version: 1, used: "todo.list".to_owned(), client: client.to_owned() }
    }

    fn rows(uses: &ApiUses) -> Vec<(u64, bool)> {
        uses.changed().into_iter().map(|(_, row)| (row.count.calls, row.is_stored)).collect()
    }

    #[test]
    fn a_day_is_a_row_that_is_written_when_it_has_changed() {
        let uses = ApiUses::default();
        let note = |now| uses.note(key("a"), MAX_USES, now, Uuid::now_v7);
        note(0);
        note(1);
        assert_eq!(rows(&uses), [(2, false)]);
        assert_eq!(rows(&uses), []);
        note(2);
        assert_eq!(rows(&uses), [(3, true)]);
        note(3);
        note(DAY_MICROS);
        assert_eq!(rows(&uses), [(4, true), (1, false)]);
        note(DAY_MICROS);
        let (key, row) = uses.changed().pop().unwrap_or_else(|| panic!("it has changed"));
        uses.not_written(&key, &row, Uuid::now_v7());
        assert_eq!(rows(&uses), [(2, false)]);
        assert_eq!(uses.totals(), [(key, 6)]);
    }

    #[test]
    fn those_who_ask_under_ever_new_names_are_told_apart_no_more() {
        let uses = ApiUses::default();
        for client in 0..3 * MAX_USES {
            uses.note(key(&client.to_string()), MAX_STRANGERS, 0, Uuid::now_v7);
        }
        let totals = uses.totals();
        assert_eq!(totals.len(), MAX_STRANGERS + 1);
        assert!(totals.contains(&(key(OTHERS), (3 * MAX_USES - MAX_STRANGERS) as u64)));
        uses.note(key("ios 3.2"), MAX_USES, 0, Uuid::now_v7);
        assert!(uses.totals().contains(&(key("ios 3.2"), 1)), "whoever has an account has room of its own");
        for client in 0..MAX_USES {
            uses.note(key(&format!("a{client}")), MAX_USES, 0, Uuid::now_v7);
        }
        assert_eq!(uses.totals().len(), MAX_USES);
    }

    #[test]
    fn a_client_is_named_by_what_says_most_of_it() {
        let caller = |client: Option<&str>, agent: Option<&str>| Caller {
            client: client.map(str::to_owned),
            user_agent: agent.map(str::to_owned),
            ..Caller::default()
        };
        assert_eq!(client(&caller(Some("ios 3.2"), Some("ShopApp/1.2 (phone)"))), "ios 3.2");
        assert_eq!(client(&caller(None, Some("ShopApp/1.2 (phone)"))), "ShopApp");
        assert_eq!(client(&caller(None, None)), "unknown");
    }
}
