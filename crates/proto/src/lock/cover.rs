//! Numbers for what has none yet.

use super::{Entry, FORBIDDEN, Lock, Numbers};
use crate::names;
use crate::schema::{BATCH, Schema, message_names, wanted};
use mainstay_expr::ModelId;
use mainstay_model::{Application, Model};
use std::collections::{BTreeMap, BTreeSet};

/// A field that a message has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) ty: String,
    /// Its name before.
    pub(crate) was: Option<String>,
}

impl Lock {
    /// The lock with numbers for the messages of every version of the application's API.
    #[must_use]
    pub fn covering_versions(&self, application: &Application) -> Lock {
        application.versions.iter().fold(self.clone(), |lock, version| {
            let shown = version.face.as_ref().map_or(application, |face| &face.application);
            lock.covering(shown, version.number)
        })
    }

    /// The lock with numbers for all that the application's messages have. It is the same lock when it says all of them already.
    #[must_use]
    pub fn covering(&self, application: &Application, version: u32) -> Lock {
        let mut lock = self.clone();
        if lock.package.is_empty() {
            lock.package = names::package(&application.config.name);
        }
        let tables = lock.versions.entry(format!("v{version}")).or_default();
        let public: Vec<&Model> = application.models.iter().filter(|model| !model.internal).collect();
        for model in &public {
            follow_rename(tables, model);
        }
        name_messages(tables, &public);
        let names: BTreeMap<String, String> =
            tables.iter().map(|(table, numbers)| (table.clone(), numbers.message.clone())).collect();
        let message_of = |id: ModelId| names.get(&application.model(id).name).cloned().unwrap_or_default();
        for model in &public {
            tables.entry(model.name.clone()).or_default().cover(wanted(application, model, &message_of));
        }
        let records = public.iter().map(|model| Wanted {
            name: model.name.clone(),
            ty: message_of(model.id),
            was: model.was.clone(),
        });
        let batch = Numbers { next: Numbers::first(BATCH), ..Numbers::default() };
        tables.entry(BATCH.to_owned()).or_insert(batch).cover(records.collect());
        lock
    }
}

/// A model that was renamed keeps its numbers, under the new name.
fn follow_rename(tables: &mut BTreeMap<String, Numbers>, model: &Model) {
    let Some(was) = model.was.as_ref().filter(|_| !tables.contains_key(&model.name)) else { return };
    if let Some(numbers) = tables.remove(was) {
        tables.insert(model.name.clone(), Numbers { message: String::new(), ..numbers });
    }
}

/// Names for the messages of models that have none: those in the lock are taken, whether their models still exist or not.
fn name_messages(tables: &mut BTreeMap<String, Numbers>, public: &[&Model]) {
    let mut taken = Schema::fixed_names();
    let named = tables.values().filter(|numbers| !numbers.message.is_empty());
    taken.extend(named.flat_map(|numbers| message_names(&numbers.message)));
    for model in public {
        let numbers = tables
            .entry(model.name.clone())
            .or_insert_with(|| Numbers { next: Numbers::first(&model.name), ..Numbers::default() });
        if numbers.message.is_empty() {
            numbers.message = free_name(&model.name, &taken);
            taken.extend(message_names(&numbers.message));
        }
    }
}

fn free_name(model: &str, taken: &BTreeSet<String>) -> String {
    let mut name = names::message(model);
    while message_names(&name).iter().any(|name| taken.contains(name)) {
        name.push_str("Model");
    }
    name
}

impl Numbers {
    /// Gives numbers to fields that are new, and takes those of fields that are gone out of use.
    fn cover(&mut self, wanted: Vec<Wanted>) {
        for field in &wanted {
            self.rename(field, &wanted);
        }
        let is_wanted =
            |name: &str, entry: &Entry| wanted.iter().any(|field| field.name == name && field.ty == entry.ty);
        let fields = std::mem::take(&mut self.fields);
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            fields.into_iter().partition(|(name, entry)| is_wanted(name, entry));
        self.fields = kept;
        self.reserved.extend(gone.into_iter().map(|(name, entry)| (entry.number.to_string(), name)));
        for field in wanted {
            if !self.fields.contains_key(&field.name) {
                let number = self.take_next();
                self.fields.insert(field.name, Entry { number, ty: field.ty });
            }
        }
    }

    /// A field that was renamed keeps its number, where it keeps its type.
    fn rename(&mut self, field: &Wanted, wanted: &[Wanted]) {
        let Some(was) = field.was.as_ref().filter(|_| !self.fields.contains_key(&field.name)) else { return };
        let is_free = wanted.iter().all(|other| other.name != *was);
        let same_type = self.fields.get(was).is_some_and(|entry| entry.ty == field.ty);
        if is_free
            && same_type
            && let Some(entry) = self.fields.remove(was)
        {
            self.fields.insert(field.name.clone(), entry);
        }
    }

    fn take_next(&mut self) -> u32 {
        if FORBIDDEN.contains(&self.next) {
            self.next = FORBIDDEN.end() + 1;
        }
        self.next += 1;
        self.next - 1
    }
}
