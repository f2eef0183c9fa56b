//! From operations to what they do.

use super::{Ask, Operations, Reply, accounts, app, batch, keys, locks, many, read, update, version, write};
use futures::future::BoxFuture;
use mainstay_engine::{Caller, Code, Engine, Error, Operation, OperationKind};
use mainstay_model::{Face, Model};

/// An operation that is asked for, and who asks.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) operations: &'a Operations,
    pub(super) caller: &'a Caller,
    pub(super) operation: &'a Operation,
}

impl<'a> Context<'a> {
    pub(super) fn engine(self) -> &'a Engine {
        self.operations.engine()
    }

    /// The model that the operation is about, as the caller knows it.
    pub(super) fn model(self) -> &'a Model {
        self.seen(self.operation.model.expect("operations on records have a model"))
    }
}

/// Runs an operation. That the caller may ask for it at all was seen before.
///
/// The work is behind a pointer: the frames around it (a time limit, what catches panics, a connection's own) move what they hold several times,
/// and every crate that awaits a future as itself gets a copy of its code.
///
/// # Errors
/// The operation's own.
pub(crate) fn perform<'a>(
    operations: &'a Operations,
    caller: &'a Caller,
    operation: &'a Operation,
    ask: Ask,
) -> BoxFuture<'a, Result<Reply, Error>> {
    version::note(operations, caller, operation, &ask);
    match operations.face() {
        None => run(Context { operations, caller, operation }, ask),
        Some(face) => Box::pin(in_version(operations, face, caller, operation, ask)),
    }
}

/// Runs an operation for a client of an older version.
async fn in_version(
    operations: &Operations,
    face: &Face,
    caller: &Caller,
    operation: &Operation,
    mut ask: Ask,
) -> Result<Reply, Error> {
    let selected = match operation.model {
        Some(model) => {
            version::lower_of(face, model, &mut ask.of)?;
            version::lower_parameters(face, model, &mut ask.parameters)?
        }
        None => None,
    };
    let context = Context { operations, caller, operation: operations.newest(operation) };
    let reply = run(context, ask).await?;
    Ok(version::raised_reply(face, operations.engine().application(), &selected, reply))
}

/// Each operation has a future of its own, so that reads and writes of one record need not carry the room for others.
fn run(context: Context<'_>, ask: Ask) -> BoxFuture<'_, Result<Reply, Error>> {
    match context.operation.kind {
        OperationKind::Get => Box::pin(read::get(context, ask)),
        OperationKind::List => Box::pin(read::list(context, ask)),
        OperationKind::Create => Box::pin(write::create(context, ask)),
        OperationKind::Update => Box::pin(update::update(context, ask)),
        OperationKind::Put => Box::pin(write::put(context, ask)),
        OperationKind::Delete => Box::pin(write::delete(context, ask)),
        OperationKind::Restore => Box::pin(write::restore(context, ask)),
        OperationKind::UpdateMany => Box::pin(many::update_many(context, ask)),
        OperationKind::DeleteMany => Box::pin(many::delete_many(context, ask)),
        OperationKind::Batch => Box::pin(batch::batch(context, ask)),
        _ => Box::pin(other(context, ask)),
    }
}

/// What is not about the records of a model.
async fn other(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    match context.operation.kind {
        OperationKind::AcquireLock => locks::acquire(context, ask).await,
        OperationKind::GetLock => locks::get(context, ask).await,
        OperationKind::RenewLock => locks::renew(context, ask).await,
        OperationKind::ReleaseLock => locks::release(context, ask).await,
        OperationKind::Register => accounts::register(context, ask).await,
        OperationKind::Login => accounts::login(context, ask).await,
        OperationKind::Refresh => accounts::refresh(context, ask).await,
        OperationKind::Logout => accounts::logout(context).await,
        OperationKind::ChangePassword => accounts::change_password(context, ask).await,
        OperationKind::Me => accounts::me(context).await,
        OperationKind::CreateKey => keys::create(context, ask).await,
        OperationKind::ListKeys => keys::list(context, ask).await,
        OperationKind::GetKey => keys::get(context, ask).await,
        OperationKind::DeleteKey => keys::delete(context, ask).await,
        OperationKind::AppCheck => Ok(app::check(context, &ask)),
        OperationKind::Watch => Err(Error::new(Code::InvalidParameter, "a watch is opened, not called")),
        kind => Err(Error::internal(format!("nothing runs {kind:?}"))),
    }
}
