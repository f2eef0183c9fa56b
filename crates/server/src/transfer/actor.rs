//! In whose name a file is read or written.

use crate::backend::Backend;
use crate::cli::ActorArgs;
use crate::failure::Failure;
use mainstay_engine::{Caller, Identity};
use mainstay_expr::{Predicate, Value};
use mainstay_model::Model;
use mainstay_ports::{Query, Record};
use std::sync::Arc;
use uuid::Uuid;

/// The caller that the command line chose: an account, somebody in some roles, or nobody.
pub(crate) async fn caller(backend: &Backend, arguments: &ActorArgs) -> Result<Caller, Failure> {
    let identity = match &arguments.account {
        Some(email) => {
            let account = account(backend, email).await?;
            let roles = roles(backend.engine.application().user(), &account);
            Some(Identity { user: Some(account.id()), roles, ..Identity::default() })
        }
        None if arguments.roles.is_empty() => None,
        None => Some(Identity { roles: arguments.roles.clone(), ..Identity::default() }),
    };
    Ok(Caller {
        identity: identity.map(Arc::new),
        request_id: format!("cli-{}", Uuid::now_v7().simple()),
        ..Caller::default()
    })
}

/// The account with an e-mail address. Whoever can open the database may act as any account in it, so this look-up asks the store and no rule.
pub(crate) async fn account(backend: &Backend, email: &str) -> Result<Record, Failure> {
    let model = backend.engine.application().user();
    let missing =
        || Failure::new("no_such_account", format!("there is no account with the e-mail address {email}"));
    let field = model.field_named("email").ok_or_else(missing)?;
    // Stored in lower case, see the engine's registration.
    let address = Value::Text(email.trim().to_lowercase());
    let query = Query::all(model.id, 1).filtered(Predicate::equals(field.id, address));
    let page = backend.store.query(query).await.map_err(mainstay_engine::Error::from)?;
    Ok(page.rows.into_iter().next().ok_or_else(missing)?.record)
}

fn roles(model: &Model, record: &Record) -> Vec<String> {
    let Some(Value::List(roles)) = model.field_named("roles").map(|field| record.get(field.id)) else {
        return Vec::new();
    };
    roles.iter().filter_map(|role| role.as_text().map(str::to_owned)).collect()
}
