//! The service layer: commands, queries and accounts.
//!
//! Everything that a protocol offers ends here, in plain structs. [`Registry`] lists the [`Operation`]s that a project has; REST, the
//! API reference and the coverage tests are derived from it. A command becomes one [`mainstay_ports::Transaction`]; a query one
//! [`mainstay_ports::Query`] with the caller's rights in it.
//!
//! This crate owns: those operations, identity, passwords and tokens, the view of a record that a caller has. It must not
//! know: HTTP, SQL, any broker or adapter, wire formats beyond the JSON form of a value that `model` defines.

mod accounts;
mod api_uses;
mod app;
mod caller;
mod channels;
mod command;
mod engine;
mod error;
mod idempotency;
mod input;
mod locks;
mod maintenance;
mod many;
mod measures;
mod presence;
mod query;
mod registry;
mod seal;
mod view;
mod watch;

pub use accounts::{KEY_FIELDS, KeyGrant, Login, MadeKey, NewUser, PasswordChange, Tokens};
pub use api_uses::{ApiUse, ApiUseCount};
pub use app::{AppCheck, AppClient, Reason, Urgency};
pub use caller::{Caller, Identity};
pub use channels::{
    ChannelEvent, ChannelFormat, MAX_STATE_BYTES, Member, Published, Roll, SubscribeRequest, Subscription,
};
pub use command::{Action, Command, Written};
pub use engine::{Engine, Options};
pub use error::{Code, Error, FieldError, Part};
pub use idempotency::{Done, Encode, Idempotency, Kept};
pub use input::Input;
pub use locks::{
    AcquireLock, DEFAULT_LEASE_MS, FencingToken, LEASE_MS, Lease, Lock, LockName, MAX_HOLDER_LENGTH, WAIT_MS,
};
pub use maintenance::Maintained;
pub use many::Matching;
pub use measures::Measures;
pub use presence::Stay;
pub use query::{Cursors, GetRequest, ListAnswer, ListRequest, OrderKey};
pub use registry::{Access, Operation, OperationKind, Registry};
pub use view::View;
pub use watch::{Ended, Event, Format, Purpose, SocketSeat, Watch, WatchCounts, WatchRequest};
