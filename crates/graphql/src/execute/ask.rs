//! From the arguments of root fields to what is asked of operations.

use super::filter::condition;
use super::given::Given;
use crate::catalog::{Call, Catalog};
use mainstay_api::operations::{Ask, Conditions, IfMatch, Parameters};
use mainstay_engine::{Code, Error, OperationKind, OrderKey};
use mainstay_expr::ModelId;
use mainstay_model::{Application, FieldType};
use mainstay_ports::{Deleted, Position};
use serde_json::{Map, Value};

/// What is known beside the arguments.
pub(super) struct Context<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) application: &'a Application,
    /// The position that all of a request's answers have to be as new as, where an argument does not say another.
    pub(super) position: Option<Position>,
}

/// What the arguments of a root field ask of its operation.
///
/// # Errors
/// What is wrong with an argument.
pub(super) fn ask(context: &Context<'_>, call: &Call, arguments: Map<String, Value>) -> Result<Ask, Error> {
    let mut given = Given(arguments);
    let mut ask = Ask { position: context.position, ..Ask::default() };
    match call.operation.model {
        Some(model) => of_model(context, call.operation.kind, model, &mut given, &mut ask)?,
        None => own(context, call.operation.kind, &mut given, &mut ask)?,
    }
    Ok(ask)
}

fn of_model(
    context: &Context<'_>,
    kind: OperationKind,
    model: ModelId,
    given: &mut Given,
    ask: &mut Ask,
) -> Result<(), Error> {
    ask.id = given.id("id")?;
    if let Some(position) = given.position("position")? {
        ask.position = Some(position);
    }
    ask.conditions = Conditions {
        if_match: given.int("ifVersion")?.map_or(IfMatch::Anything, IfMatch::Version),
        only_create: given.flag("onlyCreate").unwrap_or(false),
    };
    match kind {
        OperationKind::Get => {
            let deleted = given.flag("deleted").unwrap_or(false);
            ask.parameters.deleted = if deleted { Deleted::Include } else { Deleted::Exclude };
        }
        OperationKind::List => ask.parameters = page(context, model, given)?,
        OperationKind::UpdateMany | OperationKind::DeleteMany => {
            ask.parameters.filter = condition(context.catalog, context.application, model, given)?;
            ask.parameters.limit = given.limit("limit");
        }
        _ => {}
    }
    let has_data = matches!(
        kind,
        OperationKind::Create | OperationKind::Update | OperationKind::Put | OperationKind::UpdateMany
    );
    if has_data {
        ask.body = Some(given.object("data")?.unwrap_or_default());
    }
    Ok(())
}

/// The arguments of a page.
pub(super) fn page(context: &Context<'_>, model: ModelId, given: &mut Given) -> Result<Parameters, Error> {
    let deleted = match given.text("deleted").as_deref() {
        Some("INCLUDE") => Deleted::Include,
        Some("ONLY") => Deleted::Only,
        _ => Deleted::Exclude,
    };
    let (limit, backward) = size(given)?;
    Ok(Parameters {
        filter: condition(context.catalog, context.application, model, given)?,
        order: order(given),
        limit,
        cursor: given.text("after"),
        before: given.text("before"),
        backward,
        deleted,
        ..Parameters::default()
    })
}

/// How many records of a page, and whether they are the last: see the Relay cursor connections specification, 4. Who says neither how many nor behind
/// what, but ahead of what, asks for the last.
fn size(given: &mut Given) -> Result<(Option<u32>, bool), Error> {
    let (first, last) = (given.page_size("first")?, given.page_size("last")?);
    if first.is_some() && last.is_some() {
        return Err(Error::new(
            Code::InvalidParameter,
            "ask for the `first` records or for the `last`, not for both",
        ));
    }
    let is_ahead_alone = first.is_none() && given.has("before") && !given.has("after");
    Ok((first.or(last), last.is_some() || is_ahead_alone))
}

/// The keys of an order.
pub(super) fn order(given: &mut Given) -> Vec<OrderKey> {
    let key = |value: Value| OrderKey {
        field: value["field"].as_str().unwrap_or_default().to_owned(),
        descending: value["direction"] == "DESC",
    };
    given.list("order").into_iter().map(key).collect()
}

fn own(context: &Context<'_>, kind: OperationKind, given: &mut Given, ask: &mut Ask) -> Result<(), Error> {
    let body = match kind {
        OperationKind::Batch => batch(context.application, given),
        OperationKind::CreateKey => given.object("data")?.unwrap_or_default(),
        OperationKind::Register => {
            let mut data = given.object("data")?.unwrap_or_default();
            data.extend(renamed(given, &[("email", "email"), ("password", "password")]));
            data
        }
        OperationKind::Login => renamed(given, &[("email", "email"), ("password", "password")]),
        OperationKind::Refresh => renamed(given, &[("refreshToken", "refresh_token")]),
        OperationKind::ChangePassword => {
            renamed(given, &[("currentPassword", "current_password"), ("newPassword", "new_password")])
        }
        OperationKind::AcquireLock | OperationKind::RenewLock => {
            ask.name = given.text("name");
            renamed(given, &[("leaseMs", "lease_ms"), ("waitMs", "wait_ms"), ("holder", "holder")])
        }
        OperationKind::ListKeys => {
            ask.parameters.user = given.id("user")?;
            return Ok(());
        }
        OperationKind::AppCheck => {
            ask.parameters.platform = given.text("platform");
            ask.parameters.version = given.text("version");
            ask.parameters.device = given.text("device");
            ask.parameters.language = given.text("language");
            return Ok(());
        }
        _ => {
            ask.name = given.text("name");
            ask.id = given.id("id")?;
            return Ok(());
        }
    };
    ask.body = Some(body);
    Ok(())
}

/// Arguments under the names that the operation has for them.
fn renamed(given: &mut Given, names: &[(&str, &str)]) -> Map<String, Value> {
    let value = |(name, known): &(&str, &str)| Some(((*known).to_owned(), given.0.remove(*name)?));
    names.iter().filter_map(value).collect()
}

fn batch(application: &Application, given: &mut Given) -> Map<String, Value> {
    let mut body = renamed(given, &[("isolation", "isolation")]);
    let mut operations = given.list("operations");
    operations.iter_mut().for_each(|operation| refer(application, operation));
    body.insert("operations".to_owned(), operations.into());
    body
}

/// A name in GraphQL cannot begin with `$`, so that `{_ref: name}` stands for `{"$ref": name}` where there can be an id.
fn refer(application: &Application, operation: &mut Value) {
    let model = operation["model"].as_str().and_then(|name| application.model_named(name));
    if let Some(id) = operation.get_mut("id") {
        reference(id);
    }
    let Some(data) = operation.get_mut("data").and_then(Value::as_object_mut) else { return };
    for (name, value) in data {
        let field = model.and_then(|model| model.field_named(name));
        if field.is_some_and(|field| holds_ids(&field.ty)) {
            value.as_array_mut().into_iter().flatten().for_each(reference);
            reference(value);
        }
    }
}

fn reference(value: &mut Value) {
    let name = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("_ref"));
    if let Some(name) = name {
        *value = serde_json::json!({ "$ref": name });
    }
}

fn holds_ids(ty: &FieldType) -> bool {
    match ty {
        FieldType::Ref { .. } | FieldType::Uuid => true,
        FieldType::List(of) => holds_ids(of),
        _ => false,
    }
}
