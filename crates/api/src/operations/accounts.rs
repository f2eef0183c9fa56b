//! The operations on accounts.

use super::input::decode_all;
use super::perform::Context;
use super::{Ask, Object, Reply};
use mainstay_engine::{Error, Login, NewUser, PasswordChange};

pub(super) async fn register(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let mut object = Object::new(ask.take_body()?);
    let (email, password) = (object.text("email"), object.text("password"));
    if object.take("id").is_some() {
        object.fault("id", "read_only", "is set by the server");
    }
    let model = context.engine().application().user().id;
    let input = context.lower_record(model, decode_all(context.seen(model), object)?)?;
    let user = NewUser { email, password, input };
    let registered = context.engine().register(context.caller, user).await;
    registered.map(Reply::Registered).map_err(|error| context.raised_error(model, error))
}

pub(super) async fn login(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let mut object = Object::new(ask.take_body()?);
    let login = Login { email: object.text("email"), password: object.text("password") };
    object.end()?;
    context.engine().login(context.caller, login).await.map(Reply::Tokens)
}

pub(super) async fn refresh(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let mut object = Object::new(ask.take_body()?);
    let token = object.text("refresh_token");
    object.end()?;
    context.engine().refresh(context.caller, &token).await.map(Reply::Tokens)
}

pub(super) async fn logout(context: Context<'_>) -> Result<Reply, Error> {
    context.engine().logout(context.caller).await.map(|()| Reply::Nothing)
}

pub(super) async fn change_password(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let mut object = Object::new(ask.take_body()?);
    let change =
        PasswordChange { current: object.text("current_password"), new: object.text("new_password") };
    object.end()?;
    context.engine().change_password(context.caller, change).await.map(|()| Reply::Nothing)
}

pub(super) async fn me(context: Context<'_>) -> Result<Reply, Error> {
    context.engine().me(context.caller).await.map(Reply::Account)
}
