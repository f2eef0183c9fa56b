//! What clients of an older version ask for, in the application's names.

use crate::operations::{Of, Parameters};
use mainstay_engine::{Code, Error, OrderKey, WatchRequest};
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::Face;
use std::sync::Arc;

/// The fields that a client asked for; all when `None`.
pub(crate) type Selected = Option<Arc<[FieldId]>>;

/// Puts the application's names into parameters. Which fields to answer is not asked of the engine, since several of the version may come from one of the
/// application: it answers all, and these of them are shown.
///
/// # Errors
/// [`Code::InvalidFilter`], [`Code::InvalidOrder`], [`Code::InvalidFields`] and [`Code::InvalidExpand`], in the version's terms.
pub(crate) fn parameters(
    face: &Face,
    model: ModelId,
    parameters: &mut Parameters,
) -> Result<Selected, Error> {
    lower_filter(face, model, &mut parameters.filter)?;
    lower_order(face, model, &mut parameters.order)?;
    for path in &mut parameters.expand {
        *path = face.lower_path(model, path).map_err(|message| Error::new(Code::InvalidExpand, message))?;
    }
    selected(face, model, &std::mem::take(&mut parameters.fields))
}

/// As [`parameters`], of a watch.
///
/// # Errors
/// As [`parameters`].
pub(crate) fn watch(face: &Face, model: ModelId, request: &mut WatchRequest) -> Result<Selected, Error> {
    lower_filter(face, model, &mut request.filter)?;
    lower_order(face, model, &mut request.order)?;
    selected(face, model, &std::mem::take(&mut request.fields))
}

/// Puts the application's names into a filter.
///
/// # Errors
/// [`Code::InvalidFilter`].
pub(crate) fn lower_filter(face: &Face, model: ModelId, filter: &mut Option<String>) -> Result<(), Error> {
    if let Some(source) = filter {
        *source = face.lower_filter(model, source).map_err(|faults| Error::invalid_filter(&faults))?;
    }
    Ok(())
}

/// Puts the application's name into the ref by which records point to others.
///
/// # Errors
/// [`Code::InvalidParameter`].
pub(crate) fn lower_of(face: &Face, model: ModelId, of: &mut Option<Of>) -> Result<(), Error> {
    if let Some(of) = of {
        of.field = face
            .lower_name(model, &of.field)
            .map_err(|message| Error::new(Code::InvalidParameter, message))?;
    }
    Ok(())
}

fn lower_order(face: &Face, model: ModelId, order: &mut [OrderKey]) -> Result<(), Error> {
    for key in order {
        key.field =
            face.lower_name(model, &key.field).map_err(|message| Error::new(Code::InvalidOrder, message))?;
    }
    Ok(())
}

fn selected(face: &Face, model: ModelId, names: &[String]) -> Result<Selected, Error> {
    if names.is_empty() {
        return Ok(None);
    }
    let model = face.model(model);
    let field = |name: &String| {
        let field = model.field_named(name).filter(|field| !field.is_secret()).map(|field| field.id);
        field.ok_or_else(|| Error::new(Code::InvalidFields, format!("{} has no field `{name}`", model.name)))
    };
    names.iter().map(field).collect::<Result<_, _>>().map(Some)
}
