//! New accounts.

use super::NewUser;
use super::session::field;
use crate::{Caller, Code, Engine, Error, FieldError, View};
use mainstay_expr::Value;
use mainstay_model::json;
use mainstay_ports::Step;

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
        let id = create.id;
        let steps = vec![Step::Create(create), credential];
        self.commit_as_system(&caller.request_id, vars, steps).await.map_err(Error::or_first)?;
        self.own_view(caller, id).await
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
