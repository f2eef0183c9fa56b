//! The operations on locks.

use super::perform::Context;
use super::{Ask, Object, Reply};
use mainstay_engine::{AcquireLock, DEFAULT_LEASE_MS, Error, Lease, LockName};

pub(super) async fn acquire(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let name = name(&ask)?;
    let mut object = Object::new(ask.take_optional_body());
    let (lease_ms, wait_ms) = (object.optional_int("lease_ms"), object.optional_int("wait_ms"));
    let holder = object.optional_text("holder");
    object.end()?;
    let request = AcquireLock::new(lease_ms, wait_ms, holder)?;
    context.engine().acquire_lock(context.caller, &name, &request).await.map(Reply::Lock)
}

pub(super) async fn get(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    context.engine().lock(context.caller, &name(&ask)?).await.map(Reply::Lock)
}

pub(super) async fn renew(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let name = name(&ask)?;
    let mut object = Object::new(ask.take_optional_body());
    let lease_ms = object.optional_int("lease_ms");
    object.end()?;
    let lease = Lease::of(lease_ms.unwrap_or(DEFAULT_LEASE_MS))?;
    context.engine().renew_lock(context.caller, &name, lease).await.map(Reply::Lock)
}

pub(super) async fn release(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    context.engine().release_lock(context.caller, &name(&ask)?).await.map(|()| Reply::Nothing)
}

fn name(ask: &Ask) -> Result<LockName, Error> {
    LockName::parse(ask.name.as_deref().unwrap_or_default())
}
