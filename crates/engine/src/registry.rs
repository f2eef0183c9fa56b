//! The operations of a project, declared once.

use crate::locks;
use mainstay_expr::ModelId;
use mainstay_model::{Application, Model, Rule};

/// The operations that a project has: those of its models, of accounts and of its clients. Protocols, their reference and the tests that
/// nothing is left unguarded are derived from it.
#[derive(Debug, Clone)]
pub struct Registry {
    operations: Vec<Operation>,
}

/// Something that can be asked for.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name: `message.list`, `auth.login`.
    pub name: String,
    /// What it does.
    pub kind: OperationKind,
    /// The model it is about, if it is about one.
    pub model: Option<ModelId>,
    /// A line for people.
    pub summary: String,
    /// Who may.
    pub access: Access,
}

/// What operations do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Answers a page of records.
    List,
    /// Answers the records and then each change of them.
    Watch,
    /// Answers a record.
    Get,
    /// Makes a record.
    Create,
    /// Changes fields of a record.
    Update,
    /// Makes a record with a given id, or replaces it.
    Put,
    /// Deletes a record.
    Delete,
    /// Changes fields of all records that match.
    UpdateMany,
    /// Deletes all records that match.
    DeleteMany,
    /// Brings a deleted record back.
    Restore,
    /// Runs several writes in one transaction.
    Batch,
    /// Takes a lock.
    AcquireLock,
    /// Answers who holds a lock.
    GetLock,
    /// Holds a lock for longer.
    RenewLock,
    /// Lets others take a lock.
    ReleaseLock,
    /// Makes an account.
    Register,
    /// Answers tokens for an e-mail address and a password.
    Login,
    /// Answers new tokens for a refresh token.
    Refresh,
    /// Ends a session.
    Logout,
    /// Changes the caller's password.
    ChangePassword,
    /// Answers the caller's account.
    Me,
    /// Makes an API key.
    CreateKey,
    /// Answers the API keys of an account.
    ListKeys,
    /// Answers an API key.
    GetKey,
    /// Revokes an API key.
    DeleteKey,
    /// Answers whether a client of the application is new enough.
    AppCheck,
    /// Sends a message on a channel.
    Publish,
    /// Hears what is sent on a channel.
    Subscribe,
    /// Is shown as present on a channel.
    Enter,
    /// Sees who is present on a channel.
    WatchPresence,
}

impl OperationKind {
    /// Whether it changes anything. What does knows `Idempotency-Key`.
    pub fn writes(self) -> bool {
        use OperationKind::*;
        // Each by its name, so that none that is added is forgotten here.
        match self {
            List | Watch | Get | GetLock | Me | ListKeys | GetKey | AppCheck => false,
            // Nothing of it is stored.
            Publish | Subscribe | Enter | WatchPresence => false,
            Create | Update | Put | Delete | UpdateMany | DeleteMany | Restore | Batch => true,
            AcquireLock | RenewLock | ReleaseLock => true,
            Register | Login | Refresh | Logout | ChangePassword | CreateKey | DeleteKey => true,
        }
    }

    /// Whether it knows `Fencing-Token`: writes of records, and what the holder of a lock does with it.
    pub fn is_fenced(self) -> bool {
        use OperationKind::*;
        match self {
            Create | Update | Put | Delete | UpdateMany | DeleteMany | Restore | Batch => true,
            RenewLock | ReleaseLock => true,
            List | Watch | Get | AcquireLock | GetLock | Me | ListKeys | GetKey | AppCheck => false,
            Publish | Subscribe | Enter | WatchPresence => false,
            Register | Login | Refresh | Logout | ChangePassword | CreateKey | DeleteKey => false,
        }
    }

    /// Whether it is about a channel, and so found on the live socket alone.
    pub fn is_of_channels(self) -> bool {
        use OperationKind::*;
        matches!(self, Publish | Subscribe | Enter | WatchPresence)
    }

    /// Whether it is about a lock.
    pub fn is_of_locks(self) -> bool {
        use OperationKind::*;
        matches!(self, AcquireLock | GetLock | RenewLock | ReleaseLock)
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Anyone; what it does is decided by what the request proves.
    Public,
    /// Whoever has an account.
    Account,
    /// Whom the model's rule lets; the rule's source. `None` denies everyone.
    Rule(Option<String>),
}

impl Registry {
    /// The operations of an application.
    pub fn new(application: &Application) -> Self {
        let public = application.models.iter().filter(|model| !model.internal);
        let mut operations: Vec<Operation> = public.flat_map(of_model).collect();
        operations.extend(others());
        operations.extend(of_locks(application));
        if !application.channels.is_empty() {
            operations.extend(of_channels());
        }
        Registry { operations }
    }

    /// All operations: those of models in the models' order, then the others.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

impl Operation {
    /// Whether API keys can be scoped to it: operations on records, locks and channels, and the account's own record. What is about passwords, sessions and keys
    /// themselves is not among them, so that a key that leaks cannot make itself at home; nor is the batch, which is as good as its operations.
    pub fn is_for_keys(&self) -> bool {
        self.model.is_some()
            || self.kind == OperationKind::Me
            || self.kind.is_of_locks()
            || self.kind.is_of_channels()
    }
}

fn of_model(model: &Model) -> Vec<Operation> {
    use OperationKind::*;
    let (name, plural, allow) = (&model.name, &model.plural, &model.allow);
    let mut kinds = vec![
        (List, "list", format!("List {plural}"), &allow.read),
        (Watch, "watch", format!("Watch {plural}"), &allow.read),
        (Get, "get", format!("Get a {name}"), &allow.read),
        (Create, "create", format!("Create a {name}"), &allow.create),
        (Update, "update", format!("Change fields of a {name}"), &allow.update),
        (Put, "put", format!("Create or replace a {name}"), &allow.update),
        (Delete, "delete", format!("Delete a {name}"), &allow.delete),
        (UpdateMany, "update_many", format!("Change fields of all {plural} that match"), &allow.update),
        (DeleteMany, "delete_many", format!("Delete all {plural} that match"), &allow.delete),
    ];
    if model.soft_delete {
        kinds.push((Restore, "restore", format!("Restore a deleted {name}"), &allow.delete));
    }
    let operation = |(kind, verb, summary, rule): (OperationKind, &str, String, &Option<Rule>)| Operation {
        name: format!("{name}.{verb}"),
        kind,
        model: Some(model.id),
        summary,
        access: Access::Rule(rule.as_ref().map(|rule| rule.source.clone())),
    };
    kinds.into_iter().map(operation).collect()
}

fn of_locks(application: &Application) -> Vec<Operation> {
    use OperationKind::*;
    let rule = locks::model(application).allow.create.as_ref().map(|rule| rule.source.clone());
    let operations = [
        ("locks.acquire", AcquireLock, "Take a lock"),
        ("locks.get", GetLock, "See who holds a lock"),
        ("locks.renew", RenewLock, "Hold a lock for longer"),
        ("locks.release", ReleaseLock, "Release a lock"),
    ];
    let operation = |(name, kind, summary): (&str, OperationKind, &str)| Operation {
        name: name.to_owned(),
        kind,
        model: None,
        summary: summary.to_owned(),
        access: Access::Rule(rule.clone()),
    };
    operations.into_iter().map(operation).collect()
}

/// Each channel has rules of its own, so who may is not said here.
fn of_channels() -> impl Iterator<Item = Operation> {
    use OperationKind::*;
    let operations = [
        ("channel.publish", Publish, "Send a message on a channel"),
        ("channel.subscribe", Subscribe, "Hear what is sent on a channel"),
        ("presence.enter", Enter, "Be shown as present on a channel"),
        ("presence.watch", WatchPresence, "See who is present on a channel"),
    ];
    operations.into_iter().map(|(name, kind, summary)| Operation {
        name: name.to_owned(),
        kind,
        model: None,
        summary: summary.to_owned(),
        access: Access::Public,
    })
}

fn others() -> Vec<Operation> {
    use OperationKind::*;
    let operations = [
        ("batch", Batch, "Run several writes in one transaction", Access::Public),
        ("auth.register", Register, "Make an account", Access::Public),
        ("auth.login", Login, "Log in with e-mail address and password", Access::Public),
        ("auth.refresh", Refresh, "Exchange a refresh token for new tokens", Access::Public),
        ("auth.logout", Logout, "End the session", Access::Account),
        ("auth.password", ChangePassword, "Change the password", Access::Account),
        ("auth.me", Me, "Get the own account", Access::Account),
        ("auth.keys.create", CreateKey, "Make an API key", Access::Account),
        ("auth.keys.list", ListKeys, "List API keys", Access::Account),
        ("auth.keys.get", GetKey, "Get an API key", Access::Account),
        ("auth.keys.delete", DeleteKey, "Revoke an API key", Access::Account),
        ("app.check", AppCheck, "Ask whether a client is new enough", Access::Public),
    ];
    let operation = |(name, kind, summary, access): (&str, OperationKind, &str, Access)| Operation {
        name: name.to_owned(),
        kind,
        model: None,
        summary: summary.to_owned(),
        access,
    };
    operations.into_iter().map(operation).collect()
}
