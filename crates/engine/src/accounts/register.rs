//! New accounts.

use super::NewUser;
use super::session::field;
use crate::command::seen;
use crate::{Caller, Code, Done, Engine, Error, FieldError, View};
use mainstay_expr::{Value, Vars};
use mainstay_model::json;
use mainstay_ports::{Authority, Step, Transaction};

/// Longer passwords only cost time to hash.
const MAX_PASSWORD_BYTES: usize = 1_024;

impl Engine {
    /// Makes an account for whoever asks.
    ///
    /// # Errors
    /// [`Code::RegistrationClosed`] when the project does not let anyone, and what is wrong with the fields. Fields with a write rule of their own
    /// cannot be given: nobody has an account yet whom the rule could let.
    pub async fn register(&self, caller: &Caller, user: NewUser) -> Result<View, Error> {
        if !self.application().config.accounts.register {
            return Err(Error::new(Code::RegistrationClosed, "registration is closed"));
        }
        let model = self.application().user();
        let guarded =
            user.input.values.iter().map(|(id, _)| model.field(*id)).filter(|field| field.write.is_some());
        let errors: Vec<FieldError> = guarded
            .map(|field| FieldError::new(&field.name, "forbidden", "cannot be set when registering"))
            .collect();
        if !errors.is_empty() {
            return Err(Error::validation(errors));
        }
        self.create_user(caller, user).await
    }

    /// Makes an account with any fields, roles included: for the operator.
    ///
    /// # Errors
    /// What is wrong with the fields.
    pub async fn create_user(&self, caller: &Caller, user: NewUser) -> Result<View, Error> {
        let NewUser { email, password, mut input } = user;
        let model = self.application().user();
        let email = normalize_email(&email);
        let email_field = model.field(field(model, "email"));
        let value =
            json::decode(email_field, &serde_json::Value::String(email.clone())).map_err(|invalid| {
                Error::validation(vec![FieldError::new("email", invalid.code, invalid.message)])
            })?;
        self.require_strong("password", &password, &email)?;
        input.take(email_field.id);
        input.values.push((email_field.id, value));
        let vars = caller.vars("auth.register", self.now());
        let create = self.new_create(model, None, input, &vars)?;
        // The slow part comes last, so that what is refused at once costs nothing.
        let hash = self.passwords().hash(password).await?;
        let values = vec![("user", Value::Uuid(create.id)), ("hash", Value::Text(hash))];
        let credential = Step::Create(self.create_internal(self.built_in("_credential"), values));
        let viewer = Vars { auth_id: Some(create.id), ..self.read_vars(caller, model, "get") };
        let steps = vec![Step::Create(create), credential];
        let user = model.id;
        let receipt = self.receipt(caller, move |idempotency, outcomes| {
            let view = outcomes.first().and_then(|outcome| seen(user, outcome.clone()));
            view.map(|view| idempotency.encode(&Done::Registered(&view))).unwrap_or_default()
        });
        let transaction = Transaction::new(Authority::System, vars, &caller.request_id, steps);
        let transaction = Transaction { viewer: Some(viewer), receipt, ..transaction };
        let mut outcomes = self.commit(transaction).await.map_err(Error::or_first)?.outcomes;
        seen(user, outcomes.swap_remove(0)).ok_or_else(Error::not_found)
    }

    /// Refuses a password that is too short, too long, or the address itself.
    pub(super) fn require_strong(&self, name: &str, password: &str, email: &str) -> Result<(), Error> {
        let least = self.application().config.accounts.password_min_length;
        let fault = if password.chars().count() < least {
            Some(("min_length", format!("has at least {least} characters")))
        } else if password.len() > MAX_PASSWORD_BYTES {
            Some(("max_length", format!("has at most {MAX_PASSWORD_BYTES} bytes")))
        } else if password.eq_ignore_ascii_case(email) {
            Some(("weak", "is not the e-mail address".to_owned()))
        } else {
            None
        };
        match fault {
            Some((code, message)) => Err(Error::validation(vec![FieldError::new(name, code, message)])),
            None => Ok(()),
        }
    }
}

/// Addresses are compared without regard to case: two accounts that differ in nothing else would be one person's mistake or another's trick.
pub(crate) fn normalize_email(email: &str) -> String {
    email.trim().to_lowercase()
}
