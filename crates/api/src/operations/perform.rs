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
/// # Errors
/// The operation's own.
pub(crate) async fn perform(
    operations: &Operations,
    caller: &Caller,
    operation: &Operation,
    ask: Ask,
) -> Result<Reply, Error> {
    version::note(operations, caller, operation, &ask);
    match operations.face() {
        None => run(operations, caller, operation, ask).await,
        Some(face) => for_version(operations, face, caller, operation, ask).await,
    }
}

/// As [`in_version`], behind a pointer for the reasons of [`rare`].
fn for_version<'a>(
    operations: &'a Operations,
    face: &'a Face,
    caller: &'a Caller,
    operation: &'a Operation,
    ask: Ask,
) -> BoxFuture<'a, Result<Reply, Error>> {
    Box::pin(in_version(operations, face, caller, operation, ask))
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
    let reply = run(operations, caller, operations.newest(operation), ask).await?;
    Ok(version::raised_reply(face, operations.engine().application(), &selected, reply))
}

async fn run(
    operations: &Operations,
    caller: &Caller,
    operation: &Operation,
    ask: Ask,
) -> Result<Reply, Error> {
    let context = Context { operations, caller, operation };
    match operation.kind {
        OperationKind::Get => read::get(context, ask).await,
        OperationKind::List => read::list(context, ask).await,
        OperationKind::Create => write::create(context, ask).await,
        _ => rare(context, ask).await,
    }
}

/// What is not asked for all the time: reads and writes of one record need not carry the room for it. Behind a pointer, since every crate that
/// awaits a future as itself gets a copy of its code.
fn rare(context: Context<'_>, ask: Ask) -> BoxFuture<'_, Result<Reply, Error>> {
    match context.operation.kind {
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
