//! The scopes of API keys, which are names of operations: the application's where they are kept, the version's where its clients say and see them.

use mainstay_engine::{Error, FieldError, View};
use mainstay_expr::Value;
use mainstay_model::{Application, Face};

/// A scope in the application's names; `None` for one about a model that the version does not have.
fn lowered(face: &Face, newest: &Application, scope: &str) -> Option<String> {
    let Some((name, verb)) = scope.split_once('.') else { return Some(scope.to_owned()) };
    let known = face.application.model_named(name).filter(|model| !model.internal);
    match known {
        Some(model) => Some(format!("{}.{verb}", newest.model(model.id).name)),
        None => newest.model_named(name).is_none().then(|| scope.to_owned()),
    }
}

/// The scopes in the body of a request for a key, in the application's names.
///
/// # Errors
/// [`ValidationFailed`](mainstay_engine::Code::ValidationFailed) for operations that the version does not have.
pub(in crate::operations) fn lower_scopes(
    face: &Face,
    newest: &Application,
    scopes: &mut serde_json::Value,
) -> Result<(), Error> {
    let mut faults = Vec::new();
    for scope in scopes.as_array_mut().into_iter().flatten() {
        let Some(text) = scope.as_str() else { continue };
        match lowered(face, newest, text) {
            Some(lowered) => *scope = lowered.into(),
            None => {
                let message = format!("there is no operation `{text}` in this version of the API");
                faults.push(FieldError::new("scopes", "unknown_scope", message));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::validation(faults)) }
}

/// A scope in the version's names. One about a model that the version does not have keeps its name: it is there all the same.
fn raised(face: &Face, newest: &Application, scope: &str) -> String {
    let split = scope.split_once('.').and_then(|(name, verb)| Some((newest.model_named(name)?, verb)));
    match split.map(|(model, verb)| (face.model(model.id), verb)) {
        Some((model, verb)) if !model.internal => format!("{}.{verb}", model.name),
        _ => scope.to_owned(),
    }
}

/// A key as the version has it.
pub(super) fn raised_key(face: &Face, newest: &Application, key: &View) -> View {
    let mut key = key.clone();
    let field = newest.model(key.model).field_named("scopes").map(|field| field.id.index());
    if let Some(Value::List(scopes)) = field.and_then(|field| key.record.values.get_mut(field)) {
        let raised = scopes.iter().map(|scope| match scope {
            Value::Text(text) => Value::Text(self::raised(face, newest, text)),
            other => other.clone(),
        });
        *scopes = raised.collect();
    }
    key
}
