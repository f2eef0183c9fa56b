//! The root fields: one for each operation of the registry.

use super::objects::{PAGE_ARGUMENTS, list_arguments};
use super::text::Member;
use super::{Builder, ModelTypes, inputs};
use crate::catalog::{Call, ObjectType, Prop, Root};
use crate::names::{Taken, camel, pascal};
use mainstay_engine::{Operation, OperationKind};
use mainstay_model::Model;

/// A root field: its name, its arguments and its type.
struct Field {
    name: String,
    arguments: String,
    ty: String,
}

pub(super) fn write(builder: &mut Builder<'_>, operations: &[Operation]) {
    for root in Root::ALL {
        let mut taken = Taken::default();
        let mut members = Vec::new();
        let mut object = ObjectType::default();
        // What is not about models goes first, so that no model takes its name.
        let (own, of_models): (Vec<&Operation>, Vec<&Operation>) = operations
            .iter()
            // Channels belong to the socket, which a client has open as long as it is there.
            .filter(|operation| !operation.kind.is_of_channels() && Root::of(operation.kind) == root)
            .partition(|o| o.model.is_none());
        for operation in own.into_iter().chain(of_models) {
            let field = field(builder, operation);
            let name = taken.take(field.name);
            members.push(Member::new(format!("{name}{}: {}", field.arguments, field.ty), &operation.summary));
            object.fields.insert(name, Prop::Call(builder.catalog.calls.len()));
            builder.catalog.calls.push(Call { operation: operation.clone() });
        }
        builder.text.block("", &format!("type {}", root.name()), &members);
        builder.catalog.objects.insert(root.name().to_owned(), object);
    }
}

fn field(builder: &Builder<'_>, operation: &Operation) -> Field {
    match operation.model {
        Some(model) => of_model(builder, builder.application.model(model), operation.kind),
        None => {
            let (name, arguments, ty) =
                own(operation.kind, &builder.names(builder.application.user()).record);
            Field { name: name.to_owned(), arguments: arguments.to_owned(), ty }
        }
    }
}

/// The condition of a write on the version of its record.
const IF_VERSION: &str = "ifVersion: BigInt";

fn of_model(builder: &Builder<'_>, model: &Model, kind: OperationKind) -> Field {
    let names = builder.names(model);
    let (one, many) = (pascal(&model.name), pascal(&model.plural));
    let ModelTypes { record, connection, create, update, payload, event, filter, order, .. } = names;
    let patch = if inputs::has_changes(model) { format!("data: {update}!, ") } else { String::new() };
    let (name, arguments, ty) = match kind {
        OperationKind::Get => {
            (camel(&model.name), "(id: UUID!, deleted: Boolean, position: String)".to_owned(), record)
        }
        OperationKind::List => {
            let arguments = list_arguments(names);
            let arguments = format!("({PAGE_ARGUMENTS}, {arguments}, deleted: Deleted, position: String)");
            (camel(&model.plural), arguments, connection)
        }
        OperationKind::Create => (format!("create{one}"), format!("(data: {create}!)"), payload),
        OperationKind::Update => {
            (format!("update{one}"), format!("(id: UUID!, {patch}{IF_VERSION})"), payload)
        }
        OperationKind::Put => {
            let arguments = format!("(id: UUID!, data: {create}!, {IF_VERSION}, onlyCreate: Boolean)");
            (format!("put{one}"), arguments, payload)
        }
        OperationKind::Restore => (format!("restore{one}"), format!("(id: UUID!, {IF_VERSION})"), payload),
        OperationKind::Delete => {
            let arguments = format!("(id: UUID!, {IF_VERSION})");
            return Field { name: format!("delete{one}"), arguments, ty: "DeletePayload".to_owned() };
        }
        OperationKind::UpdateMany => {
            let arguments = format!("(filter: {filter}, where: String, {patch}limit: Int)");
            return Field { name: format!("update{many}"), arguments, ty: "CountPayload".to_owned() };
        }
        OperationKind::DeleteMany => {
            let arguments = format!("(filter: {filter}, where: String, limit: Int)");
            return Field { name: format!("delete{many}"), arguments, ty: "CountPayload".to_owned() };
        }
        _ => {
            let arguments = format!(
                "(filter: {filter}, where: String, snapshot: Boolean, order: [{order}!], limit: Int, lastEventId: String, position: String)"
            );
            return Field { name: camel(&model.plural), arguments, ty: format!("{event}!") };
        }
    };
    Field { name, arguments, ty: ty.clone() }
}

/// The operations that are not about a model.
fn own(kind: OperationKind, user: &str) -> (&'static str, &'static str, String) {
    use OperationKind::*;
    let (name, arguments, ty) = match kind {
        Batch => ("batch", "(operations: [BatchOperation!]!, isolation: BatchIsolation)", "BatchPayload"),
        AcquireLock => {
            ("acquireLock", "(name: String!, leaseMs: BigInt, waitMs: BigInt, holder: String)", "Lock")
        }
        GetLock => ("lock", "(name: String!)", "Lock"),
        RenewLock => ("renewLock", "(name: String!, leaseMs: BigInt)", "Lock"),
        ReleaseLock => ("releaseLock", "(name: String!)", "Boolean"),
        Register => ("register", "(email: String!, password: String!, data: JSON)", user),
        Login => ("login", "(email: String!, password: String!)", "Tokens"),
        Refresh => ("refresh", "(refreshToken: String!)", "Tokens"),
        Logout => ("logout", "", "Boolean"),
        ChangePassword => ("changePassword", "(currentPassword: String!, newPassword: String!)", "Boolean"),
        Me => ("me", "", user),
        CreateKey => ("createApiKey", "(data: ApiKeyCreate!)", "NewApiKey"),
        ListKeys => ("apiKeys", "(user: UUID)", "[ApiKey!]"),
        GetKey => ("apiKey", "(id: UUID!)", "ApiKey"),
        DeleteKey => ("deleteApiKey", "(id: UUID!)", "Boolean"),
        AppCheck => {
            ("appCheck", "(platform: String, version: String, device: String, language: String)", "AppCheck")
        }
        // Each by its name, so that none that is added is forgotten here.
        List | Watch | Get | Create | Update | Put | Delete | UpdateMany | DeleteMany | Restore => {
            unreachable!("{kind:?} is about a model")
        }
        Publish | Subscribe | Enter | WatchPresence => unreachable!("{kind:?} is about a channel"),
    };
    (name, arguments, ty.to_owned())
}
