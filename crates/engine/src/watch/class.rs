//! Classes of watchers: those who see the same in the same form.

use super::Ended;
use super::event_id::ClassDigest;
use super::policy::Policy;
use super::ring::Ring;
use super::seat::Seat;
use bytes::Bytes;
use mainstay_expr::{FieldId, ModelId, Value};
use mainstay_ports::{Change, Record};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// Watchers who see the same in the same form.
pub(super) struct Class {
    pub(super) policy: Arc<Policy>,
    ring: Mutex<Ring>,
    seats: Mutex<Vec<Arc<Seat>>>,
    /// The bytes that were pushed since the watchers were told.
    pushed: AtomicUsize,
    max_bytes: usize,
}

/// How many frames wait before it is worth looking which of them everybody has.
const FORGET_AT: usize = 64;
/// How long, and how often, watchers are waited for who are just taking.
const PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSES: usize = 20;

impl Class {
    fn new(policy: Arc<Policy>, max_bytes: usize) -> Self {
        Class {
            policy,
            ring: Mutex::new(Ring::new(max_bytes)),
            seats: Mutex::default(),
            pushed: AtomicUsize::new(0),
            max_bytes,
        }
    }

    pub(super) fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seats(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a watcher take the frames from here on.
    pub(super) fn join(&self, seat: &Arc<Seat>) {
        seat.next.store(self.ring().end(), Ordering::Release);
        self.seats().push(seat.clone());
    }

    /// Lets a frame wait for the watchers; [`Class::wake`] tells them.
    pub(super) fn push(&self, frame: Bytes) {
        self.pushed.fetch_add(frame.len(), Ordering::Relaxed);
        let waiting = {
            let mut ring = self.ring();
            ring.push(frame);
            ring.len()
        };
        if waiting % FORGET_AT == 0 {
            self.forget();
        }
    }

    /// Tells the watchers that frames wait.
    pub(super) fn wake(&self) {
        self.pushed.store(0, Ordering::Relaxed);
        self.seats().iter().for_each(|seat| seat.waker.wake());
    }

    /// Whether so much was pushed that the watchers have to be told before there is more: a batch can be larger than the ring, and who was
    /// not told yet is not slow.
    pub(super) fn is_filling(&self) -> bool {
        self.pushed.load(Ordering::Relaxed) > self.max_bytes / 2
    }

    /// Waits while the watchers take what waits, for those who do. One that has stopped reading holds nobody up.
    pub(super) async fn let_take(&self) {
        let mut before = None;
        for _ in 0..MAX_PAUSES {
            let taken = self.taken();
            if taken.is_none() || taken == before {
                return;
            }
            before = taken;
            sleep(PAUSE).await;
        }
    }

    /// How many frames the watchers have taken, all together; `None` when nobody is behind.
    fn taken(&self) -> Option<u64> {
        let end = self.ring().end();
        let seats = self.seats();
        let next =
            || seats.iter().filter(|seat| seat.is_taken()).map(|seat| seat.next.load(Ordering::Acquire));
        next().any(|next| next < end).then(|| next().fold(0, u64::wrapping_add))
    }

    /// Forgets what everybody has taken. A seat's number only grows, so an old one is safe.
    pub(super) fn forget(&self) {
        let seats = self.seats();
        let taken = seats.iter().filter(|seat| seat.is_taken());
        let least = taken.map(|seat| seat.next.load(Ordering::Acquire)).min();
        let mut ring = self.ring();
        let before = least.unwrap_or_else(|| ring.end());
        ring.forget(before);
    }

    /// Those in it, of whom some may have left.
    pub(super) fn all(&self) -> Vec<Arc<Seat>> {
        self.seats().clone()
    }

    pub(super) fn end_all(&self, reason: Ended) {
        self.seats().iter().for_each(|seat| seat.end(reason));
    }
}

/// All classes, found by the changes that may concern them.
#[derive(Default)]
pub(super) struct Classes {
    all: HashMap<Key, Arc<Class>>,
    by_model: HashMap<ModelId, OfModel>,
}

type Key = (ClassDigest, String);

/// The classes of a model. Most filters name a record that others hang on, as `room == R`: a change then concerns the few classes of its room.
#[derive(Default)]
struct OfModel {
    by_value: HashMap<(FieldId, Uuid), Vec<Arc<Class>>>,
    /// The fields of `by_value`, with the number of classes that are found by each.
    fields: Vec<(FieldId, usize)>,
    others: Vec<Arc<Class>>,
}

impl Classes {
    /// The class of a policy, made when it is not there yet.
    pub(super) fn of(&mut self, policy: &Arc<Policy>, max_bytes: usize) -> Arc<Class> {
        let key = (policy.digest, policy.format.name().to_owned());
        if let Some(class) = self.all.get(&key) {
            return class.clone();
        }
        let class = Arc::new(Class::new(policy.clone(), max_bytes));
        self.all.insert(key, class.clone());
        self.by_model.entry(policy.model).or_default().add(&class);
        class
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Class>> {
        self.all.values()
    }

    /// The classes that a change may concern.
    pub(super) fn concerned(&self, change: &Change) -> Vec<Arc<Class>> {
        self.by_model.get(&change.model).map(|of_model| of_model.concerned(change)).unwrap_or_default()
    }

    /// Takes a class away whose watches were ended, so that nobody joins it any more: what it remembers is of before.
    pub(super) fn remove(&mut self, class: &Arc<Class>) {
        self.all.remove(&(class.policy.digest, class.policy.format.name().to_owned()));
        if let Some(of_model) = self.by_model.get_mut(&class.policy.model) {
            of_model.remove(class);
        }
    }

    /// Drops those who have left, and the classes that nobody is in.
    pub(super) fn sweep(&mut self) {
        let by_model = &mut self.by_model;
        self.all.retain(|_, class| {
            let is_empty = {
                let mut seats = class.seats();
                seats.retain(|seat| seat.is_taken());
                seats.is_empty()
            };
            if is_empty && let Some(of_model) = by_model.get_mut(&class.policy.model) {
                of_model.remove(class);
            }
            if !is_empty {
                class.forget();
            }
            !is_empty
        });
    }
}

impl OfModel {
    fn add(&mut self, class: &Arc<Class>) {
        let Some(value) = value_of(class) else { return self.others.push(class.clone()) };
        match self.fields.iter_mut().find(|(field, _)| *field == value.0) {
            Some((_, count)) => *count += 1,
            None => self.fields.push((value.0, 1)),
        }
        self.by_value.entry(value).or_default().push(class.clone());
    }

    fn remove(&mut self, class: &Arc<Class>) {
        let is_other = |other: &Arc<Class>| !Arc::ptr_eq(other, class);
        let Some(value) = value_of(class) else { return self.others.retain(is_other) };
        if let Some(classes) = self.by_value.get_mut(&value) {
            classes.retain(is_other);
            if classes.is_empty() {
                self.by_value.remove(&value);
            }
        }
        self.fields.iter_mut().filter(|(field, _)| *field == value.0).for_each(|(_, count)| *count -= 1);
        self.fields.retain(|(_, count)| *count > 0);
    }

    fn concerned(&self, change: &Change) -> Vec<Arc<Class>> {
        let mut concerned = self.others.clone();
        for (field, _) in &self.fields {
            let value = |record: &Option<Record>| record.as_ref().and_then(|r| r.get(*field).as_uuid());
            let (before, after) = (value(&change.before), value(&change.after));
            let values = [before, after.filter(|_| after != before)];
            for value in values.into_iter().flatten() {
                concerned.extend(self.by_value.get(&(*field, value)).into_iter().flatten().cloned());
            }
        }
        concerned
    }
}

/// The value by which a class is found: one that a field has in every record that it sees.
fn value_of(class: &Class) -> Option<(FieldId, Uuid)> {
    let facts = class.policy.predicate.implied();
    facts.into_iter().find_map(|(field, value)| match value {
        Value::Uuid(id) => Some((field, id)),
        _ => None,
    })
}
