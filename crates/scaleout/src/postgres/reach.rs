//! Which tables a transaction may come to, known before it begins.

use mainstay_expr::{ModelId, Predicate};
use mainstay_model::{Application, Model};
use mainstay_ports::{Step, Transaction};

/// The models that writes of each model may ask or lock, in the order of the models.
pub(crate) struct Reach {
    /// What a record is made or changed with: what it points to, and what its rules ask about.
    writes: Vec<Vec<ModelId>>,
    /// What is deleted with it, besides.
    deletions: Vec<Vec<ModelId>>,
}

impl Reach {
    pub(crate) fn of(application: &Application) -> Self {
        let models = &application.models;
        Reach {
            writes: models.iter().map(written).collect(),
            deletions: models.iter().map(|model| deleted(application, model)).collect(),
        }
    }

    pub(crate) fn of_transaction(&self, transaction: &Transaction) -> Vec<ModelId> {
        let receipt = transaction.receipt.iter().map(|receipt| receipt.create.model);
        let mut reach: Vec<ModelId> =
            transaction.fences.iter().map(|fence| fence.model).chain(receipt).collect();
        for step in &transaction.steps {
            let model = step.model().index();
            reach.extend(&self.writes[model]);
            if matches!(step, Step::Delete(_) | Step::Restore(_) | Step::Purge(_) | Step::DeleteMany(_)) {
                reach.extend(&self.deletions[model]);
            }
        }
        reach
    }
}

fn written(model: &Model) -> Vec<ModelId> {
    let allow = &model.allow;
    let rules =
        [&allow.create, &allow.update, &allow.delete].into_iter().flatten().map(|rule| &rule.predicate);
    let guards = model.fields.iter().flat_map(|field| field.read.iter().chain(&field.write));
    let asking = rules.chain(model.checks.iter().map(|check| &check.predicate)).chain(guards);
    let asked = asking.flat_map(|predicate| Predicate::asked_models(predicate));
    let targets = model.refs().map(|(_, target, _)| target);
    let mut reach = vec![model.id];
    asked.chain(targets).for_each(|model| add(&mut reach, model));
    reach
}

/// The models that point to it, and those that point to them.
fn deleted(application: &Application, model: &Model) -> Vec<ModelId> {
    let mut reach = vec![model.id];
    let mut next = 0;
    while next < reach.len() {
        let children = &application.model(reach[next]).children;
        children.iter().for_each(|child| add(&mut reach, child.model));
        next += 1;
    }
    reach
}

fn add(reach: &mut Vec<ModelId>, model: ModelId) {
    if !reach.contains(&model) {
        reach.push(model);
    }
}
