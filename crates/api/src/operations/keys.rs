//! The operations on API keys.

use super::input::decode_all;
use super::perform::Context;
use super::version::lower_scopes;
use super::{Ask, Object, Reply};
use mainstay_engine::{Error, KEY_FIELDS};

pub(super) async fn create(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let mut body = ask.take_body()?;
    if let (Some(face), Some(scopes)) = (context.operations.face(), body.get_mut("scopes")) {
        lower_scopes(face, context.engine().application(), scopes)?;
    }
    let mut object = Object::new(body);
    object.retain(KEY_FIELDS);
    let input = decode_all(context.engine().key_model(), object)?;
    context.engine().create_key(context.caller, input).await.map(Reply::Made)
}

pub(super) async fn list(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    context.engine().keys(context.caller, ask.parameters.user).await.map(Reply::Keys)
}

pub(super) async fn get(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    context.engine().key(context.caller, ask.id()?).await.map(Reply::Key)
}

pub(super) async fn delete(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    context.engine().revoke_key(context.caller, ask.id()?).await.map(|()| Reply::Nothing)
}
