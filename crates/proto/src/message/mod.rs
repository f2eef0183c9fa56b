//! Records from and to the binary form of their messages, straight from values and to the JSON form that requests have.

mod decode;
mod document;
mod encode;
mod scalar;

pub use decode::{id, malformed};
pub use encode::value as encode_value;
pub use scalar::{timestamp, timestamp_text};

use crate::lock::Lock;
use crate::schema::{BATCH, expansion_name};
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::{Application, Model};
use std::collections::HashMap;
use std::sync::Arc;

/// The messages of records of an application, as one version of its API shows it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Messages {
    application: Arc<Application>,
    plans: Arc<Plans>,
}

#[derive(Debug)]
struct Plans {
    /// By the models' ids.
    records: Vec<Plan>,
    /// By the numbers that records have in batches.
    batch: HashMap<u32, ModelId>,
    /// The other way round, by the models' ids.
    in_batch: Vec<u32>,
}

/// The numbers of a message.
#[derive(Debug, Default)]
struct Plan {
    /// By the fields' ids; 0 where a field is in no message.
    numbers: Vec<u32>,
    /// Of the records that refs point to.
    expanded: Vec<(FieldId, u32)>,
    by_number: HashMap<u32, Slot>,
}

/// What a number stands for.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Field(FieldId),
    /// A record that a ref points to: it is in answers, and passed over where it is sent back.
    Expanded,
}

impl Messages {
    /// The messages of an application. The lock has to cover it, see [`Lock::covering`].
    pub fn new(application: Arc<Application>, lock: &Lock, version: u32) -> Self {
        let plan = |model: &Model| Plan::new(model, lock, version);
        let records = application.models.iter().map(plan).collect();
        let entries = lock.version(version).get(BATCH).map(|numbers| &numbers.fields);
        let mut in_batch = vec![0; application.models.len()];
        let mut batch = HashMap::new();
        for (name, entry) in entries.into_iter().flatten() {
            if let Some(model) = application.model_named(name) {
                in_batch[model.id.index()] = entry.number;
                batch.insert(entry.number, model.id);
            }
        }
        Messages { application, plans: Arc::new(Plans { records, batch, in_batch }) }
    }

    /// The application.
    pub fn application(&self) -> &Arc<Application> {
        &self.application
    }

    /// The number that records of a model have in the operations and results of batches.
    pub fn number_in_batch(&self, model: ModelId) -> u32 {
        self.plans.in_batch[model.index()]
    }

    /// The model whose records have this number in batches.
    pub fn model_in_batch(&self, number: u32) -> Option<&Model> {
        self.plans.batch.get(&number).map(|id| self.application.model(*id))
    }

    fn plan(&self, model: ModelId) -> &Plan {
        &self.plans.records[model.index()]
    }
}

impl Plan {
    fn new(model: &Model, lock: &Lock, version: u32) -> Self {
        let Some(numbers) = lock.version(version).get(&model.name) else { return Plan::default() };
        let number = |name: &str| numbers.fields.get(name).map_or(0, |entry| entry.number);
        let expanded = model.refs().filter_map(|(field, ..)| {
            let number = number(&expansion_name(model, field)?);
            (number > 0).then_some((field.id, number))
        });
        let expanded: Vec<(FieldId, u32)> = expanded.collect();
        let numbers: Vec<u32> = model.fields.iter().map(|field| number(&field.name)).collect();
        let fields = model.fields.iter().map(|field| (numbers[field.id.index()], Slot::Field(field.id)));
        let others = expanded.iter().map(|(_, number)| (*number, Slot::Expanded));
        let by_number = fields.chain(others).filter(|(number, _)| *number > 0).collect();
        Plan { numbers, expanded, by_number }
    }
}
