//! Which writes can end an identity that is remembered. Worked out once from the application, so that a write costs a look at a table.

use mainstay_expr::ModelId;
use mainstay_model::{Application, Model, OnDelete};
use mainstay_ports::Step;

/// What a step can come to for the identities that are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Concern {
    /// Nothing.
    Nothing,
    /// Those of the record that its outcome names.
    Named,
    /// Any: the outcome does not name the records that were written.
    Any,
}

/// The models whose records identities are made of, and those whose deletion reaches an account.
pub(super) struct Concerns {
    /// By model.
    models: Vec<OfModel>,
    remembered: Vec<ModelId>,
}

#[derive(Default, Clone, Copy)]
struct OfModel {
    /// Whether identities are made of its records.
    is_remembered: bool,
    /// Whether the deletion of a record can delete an account that is not that record. Sessions and keys go with their account, by whose id
    /// their identities are forgotten.
    reaches_accounts: bool,
}

impl Concerns {
    pub(super) fn new(application: &Application) -> Self {
        let reaching = reaching(application, application.user().id);
        let user = application.user().id;
        let of_model = |(model, reaches_accounts): (&Model, bool)| OfModel {
            is_remembered: model.id == user || model.announced,
            reaches_accounts,
        };
        let models: Vec<OfModel> = application.models.iter().zip(reaching).map(of_model).collect();
        let remembered = application.models.iter().filter(|model| models[model.id.index()].is_remembered);
        Concerns { remembered: remembered.map(|model| model.id).collect(), models }
    }

    /// A restoration makes nobody's identity worth less, and a purge removes what had ended before.
    pub(super) fn of(&self, step: &Step) -> Concern {
        let of_model = self.of_model(step.model());
        match step {
            Step::Purge(_) | Step::Check(_) | Step::CheckMany(_) => Concern::Nothing,
            Step::Delete(_) | Step::DeleteMany(_) if of_model.reaches_accounts => Concern::Any,
            Step::UpdateMany(_) | Step::DeleteMany(_) if of_model.is_remembered => Concern::Any,
            _ if of_model.is_remembered => Concern::Named,
            _ => Concern::Nothing,
        }
    }

    /// The models of whose records identities are made.
    pub(super) fn remembered(&self) -> &[ModelId] {
        &self.remembered
    }

    fn of_model(&self, model: ModelId) -> OfModel {
        self.models.get(usize::from(model.0)).copied().unwrap_or_default()
    }
}

/// For each model, whether cascades lead from the deletion of its record to one of `target`.
fn reaching(application: &Application, target: ModelId) -> Vec<bool> {
    let mut reaching = vec![false; application.models.len()];
    let mut waiting = vec![target];
    while let Some(model) = waiting.pop() {
        for (_, parent, on_delete) in application.model(model).refs() {
            let seen = &mut reaching[usize::from(parent.0)];
            if on_delete == OnDelete::Cascade && !*seen {
                *seen = true;
                waiting.push(parent);
            }
        }
    }
    reaching
}
