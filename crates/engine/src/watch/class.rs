//! Classes of watchers: those who see the same in the same form.

use super::audience::Audience;
use super::event_id::ClassDigest;
use super::policy::Policy;
use mainstay_expr::{FieldId, ModelId, Value};
use mainstay_ports::{Change, Record};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use uuid::Uuid;

/// Watchers who see the same in the same form.
pub(super) struct Class {
    pub(super) policy: Arc<Policy>,
    audience: Audience,
}

impl Deref for Class {
    type Target = Audience;

    fn deref(&self) -> &Audience {
        &self.audience
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
        let class = Arc::new(Class { policy: policy.clone(), audience: Audience::new(max_bytes) });
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
            let is_empty = class.sweep();
            if is_empty && let Some(of_model) = by_model.get_mut(&class.policy.model) {
                of_model.remove(class);
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
