//! The schema of a project.

use super::{EMPTY, Message, Method, Schema, Service, accounts, app, batch, model, shared};
use crate::lock::Lock;
use mainstay_engine::{Operation, OperationKind};
use mainstay_model::{Application, Model};
use std::collections::{BTreeMap, BTreeSet};

impl Schema {
    /// The messages and services of an application as one version of its API shows it. The lock has to cover it, see [`Lock::covering`].
    pub fn new(application: &Application, operations: &[Operation], lock: &Lock, version: u32) -> Self {
        let numbers = lock.version(version);
        let public: Vec<&Model> = application.models.iter().filter(|model| !model.internal).collect();
        let records: BTreeMap<String, String> = public
            .iter()
            .filter_map(|model| Some((model.name.clone(), numbers.get(&model.name)?.message.clone())))
            .collect();
        let mut messages = Vec::new();
        for model in public {
            let Some(numbers) = numbers.get(&model.name) else { continue };
            messages.push(model::record(model, numbers));
            messages.extend(model::around(&numbers.message, &model.plural));
        }
        messages.extend(numbers.get(batch::NUMBERS).map(batch::messages).unwrap_or_default());
        messages.extend(accounts::messages(records.get("user").map_or(EMPTY, String::as_str)));
        messages.extend(app::messages());
        messages.extend(shared::messages());
        Schema {
            package: format!("{}.v{version}", lock.package),
            doc: file_doc(application),
            messages,
            enums: shared::ENUMS.to_vec(),
            services: services(application, operations, &records),
            records,
        }
    }

    /// The names that messages of models may not have.
    pub(crate) fn fixed_names() -> BTreeSet<String> {
        let batch = batch::messages(&Default::default());
        let messages = [shared::messages(), accounts::messages(EMPTY), app::messages(), batch].concat();
        let enums = shared::ENUMS.iter().map(|of| of.name.to_owned());
        let services = ["AuthService", "LockService", "BatchService", "AppService"].map(str::to_owned);
        messages.into_iter().map(|message: Message| message.name).chain(enums).chain(services).collect()
    }
}

fn file_doc(application: &Application) -> String {
    let name = Some(&application.config.name).filter(|name| !name.is_empty());
    format!("The API of {}. Written by `mainstay proto`.", name.map_or("the application", String::as_str))
}

/// The services, in the order in which operations name them first.
fn services(
    application: &Application,
    operations: &[Operation],
    records: &BTreeMap<String, String>,
) -> Vec<Service> {
    let user = records.get("user").map_or(EMPTY, String::as_str);
    let mut services: Vec<Service> = Vec::new();
    // Channels are on the live socket alone.
    for operation in operations.iter().filter(|operation| !operation.kind.is_of_channels()) {
        let model = operation.model.map(|model| application.model(model));
        let record = model.and_then(|model| records.get(&model.name)).map_or("", String::as_str);
        let (name, doc) = service(operation.kind, model, record);
        let method = method(operation, record, user);
        match services.iter_mut().find(|service| service.name == name) {
            Some(service) => service.methods.push(method),
            None => services.push(Service { name, doc, methods: vec![method] }),
        }
    }
    services
}

fn service(kind: OperationKind, model: Option<&Model>, record: &str) -> (String, String) {
    use OperationKind::*;
    match (model, kind) {
        (Some(model), _) => (format!("{record}Service"), format!("Operations on {}.", model.plural)),
        (None, Batch) => ("BatchService".to_owned(), "Several writes in one transaction.".to_owned()),
        (None, AcquireLock | GetLock | RenewLock | ReleaseLock) => {
            ("LockService".to_owned(), "Something that one program holds at a time.".to_owned())
        }
        (None, AppCheck) => ("AppService".to_owned(), "Clients of the application.".to_owned()),
        (None, _) => ("AuthService".to_owned(), "Accounts, sessions and API keys.".to_owned()),
    }
}

fn method(operation: &Operation, record: &str, user: &str) -> Method {
    let (name, input, output) = signature(operation.kind);
    let fill = |text: &str| text.replace('*', record).replace('@', user);
    Method {
        name,
        input: fill(input),
        output: fill(output),
        streams: operation.kind == OperationKind::Watch,
        doc: format!("{}.", operation.summary),
        operation: operation.name.clone(),
    }
}

/// The name of a method, its request and its answer; `*` stands for the name of the model's message, `@` for that of accounts.
fn signature(kind: OperationKind) -> (&'static str, &'static str, &'static str) {
    use OperationKind as Kind;
    match kind {
        Kind::Get => ("Get", "GetRequest", "*"),
        Kind::List => ("List", "ListRequest", "List*Response"),
        Kind::Watch => ("Watch", "WatchRequest", "*Event"),
        Kind::Create => ("Create", "Create*Request", "*"),
        Kind::Update => ("Update", "Update*Request", "*"),
        Kind::Put => ("Put", "Put*Request", "*"),
        Kind::Delete => ("Delete", "DeleteRequest", EMPTY),
        Kind::UpdateMany => ("UpdateMany", "UpdateMany*Request", "CountResponse"),
        Kind::DeleteMany => ("DeleteMany", "DeleteManyRequest", "CountResponse"),
        Kind::Restore => ("Restore", "RestoreRequest", "*"),
        Kind::Batch => ("Run", "BatchRequest", "BatchResponse"),
        Kind::AcquireLock => ("Acquire", "AcquireLockRequest", "Lock"),
        Kind::GetLock => ("Get", "LockRequest", "Lock"),
        Kind::RenewLock => ("Renew", "RenewLockRequest", "Lock"),
        Kind::ReleaseLock => ("Release", "LockRequest", EMPTY),
        Kind::Register => ("Register", "RegisterRequest", "@"),
        Kind::Login => ("Login", "LoginRequest", "Tokens"),
        Kind::Refresh => ("Refresh", "RefreshRequest", "Tokens"),
        Kind::Logout => ("Logout", EMPTY, EMPTY),
        Kind::ChangePassword => ("ChangePassword", "ChangePasswordRequest", EMPTY),
        Kind::Me => ("Me", EMPTY, "@"),
        Kind::CreateKey => ("CreateKey", "CreateKeyRequest", "ApiKey"),
        Kind::ListKeys => ("ListKeys", "ListKeysRequest", "ListKeysResponse"),
        Kind::GetKey => ("GetKey", "KeyRequest", "ApiKey"),
        Kind::AppCheck => ("Check", "AppCheckRequest", "AppCheckResponse"),
        Kind::DeleteKey => ("DeleteKey", "KeyRequest", EMPTY),
        Kind::Publish | Kind::Subscribe | Kind::Enter | Kind::WatchPresence => ("Live", EMPTY, EMPTY),
    }
}
