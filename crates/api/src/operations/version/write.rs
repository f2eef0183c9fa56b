//! What clients of an older version write.

use super::raise::raised_error;
use crate::operations::perform::Context;
use mainstay_engine::{Error, FieldError, Input};
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::{FieldFault, Lowered, Model};
use mainstay_ports::Record;

impl<'a> Context<'a> {
    /// A model as the caller knows it: what bodies are decoded by.
    pub(in crate::operations) fn seen(self, model: ModelId) -> &'a Model {
        self.operations.application().model(model)
    }

    /// The application's values of a whole record.
    ///
    /// # Errors
    /// [`ValidationFailed`](mainstay_engine::Code::ValidationFailed), in the version's names.
    pub(in crate::operations) fn lower_record(self, model: ModelId, input: Input) -> Result<Input, Error> {
        let Some(face) = self.operations.face() else { return Ok(input) };
        let newest = self.engine().application().model(model);
        let values = face.lower_record(newest, input.values).map_err(invalid)?;
        Ok(Input::of(newest, values))
    }

    /// The application's values of an update; `None` when the record has to be known for that, and is not.
    ///
    /// # Errors
    /// As [`Context::lower_record`].
    pub(in crate::operations) fn lower_update(
        self,
        model: ModelId,
        input: Input,
        record: Option<&Record>,
    ) -> Result<Option<Input>, Error> {
        let Some(face) = self.operations.face() else { return Ok(Some(input)) };
        let newest = self.engine().application().model(model);
        let record = record.map(|record| record.values.as_slice());
        Ok(match face.lower_update(newest, input.values, record).map_err(invalid)? {
            Lowered::Values(values) => Some(Input::of(newest, values)),
            Lowered::NeedsRecord => None,
        })
    }

    /// As [`Context::lower_update`], where no record can be read first.
    ///
    /// # Errors
    /// As [`Context::lower_record`]; also where a field is made from several, and not all of them were given.
    pub(in crate::operations) fn lower_blindly(self, model: ModelId, input: Input) -> Result<Input, Error> {
        let given: Vec<String> =
            input.values.iter().map(|(field, _)| self.seen(model).field(*field).name.clone()).collect();
        self.lower_update(model, input, None)?.ok_or_else(|| {
            let message = "is stored together with others, which have to be given too where the record is not read first";
            let fault = |name: String| FieldError::new(name, "required", message);
            Error::validation(given.into_iter().map(fault).collect())
        })
    }

    /// The application's field that one of the version is by another name.
    pub(in crate::operations) fn lower_fields(self, model: ModelId, fields: &[FieldId]) -> Vec<FieldId> {
        match self.operations.face() {
            Some(face) => fields.iter().filter_map(|field| face.lower_field(model, *field)).collect(),
            None => fields.to_vec(),
        }
    }

    /// The values of a record as the caller knows them.
    pub(in crate::operations) fn raised_record(self, model: ModelId, record: &Record) -> Record {
        match self.operations.face() {
            Some(face) => Record { values: face.raise(model, &record.values) },
            None => record.clone(),
        }
    }

    /// What the engine objects to in a model's fields, in the caller's names.
    pub(in crate::operations) fn raised_error(self, model: ModelId, error: Error) -> Error {
        match self.operations.face() {
            Some(face) => raised_error(face, self.engine().application(), model, error),
            None => error,
        }
    }
}

fn invalid(faults: Vec<FieldFault>) -> Error {
    let fault = |fault: FieldFault| FieldError::new(fault.field, fault.code, fault.message);
    Error::validation(faults.into_iter().map(fault).collect())
}
