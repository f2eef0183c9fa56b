//! Who asks.

use crate::accounts::{KeyGrant, unauthenticated};
use crate::{Access, Error, FencingToken, Idempotency, Operation};
use mainstay_expr::Vars;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// A request, as far as rules, the feed and the logs want to know of it.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The account; `None` for nobody.
    pub identity: Option<Arc<Identity>>,
    /// The request's id, made or taken over by the protocol.
    pub request_id: String,
    /// The client's IP address; `None` when there is none, as on the command line.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The client of the application and its version, as `ios 3.2`, where it says so.
    pub client: Option<String>,
    /// What keeps the request from taking effect twice, where the client asked for that.
    pub idempotency: Option<Arc<Idempotency>>,
    /// The locks that it has to hold for the request to take effect.
    pub fencing: Vec<FencingToken>,
}

/// An account that has shown who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account's id; `None` for the operator on the command line who acts in a role and not as an account.
    pub user: Option<Uuid>,
    /// The session that the access token belongs to; `None` for an API key.
    pub session: Option<Uuid>,
    /// The account's roles.
    pub roles: Vec<String>,
    /// The API key that it showed itself by, and that bounds what it may ask for; `None` for a session.
    pub key: Option<KeyGrant>,
}

impl Caller {
    /// Sees that an operation may be asked for at all, before its rule is asked: that there is an account where one is needed, and that an
    /// API key has the scope. Every protocol calls it before it runs an operation.
    ///
    /// # Errors
    /// [`crate::Code::Unauthenticated`] and [`crate::Code::InsufficientScope`].
    pub fn require(&self, operation: &Operation) -> Result<(), Error> {
        match self.identity.as_deref() {
            None if operation.access == Access::Account => Err(unauthenticated()),
            Some(Identity { key: Some(key), .. }) => key.require(operation),
            _ => Ok(()),
        }
    }

    /// The account; `None` for nobody, and for the operator on the command line.
    pub(crate) fn user(&self) -> Option<uuid::Uuid> {
        self.identity.as_ref().and_then(|identity| identity.user)
    }

    /// What this caller brings to a rule.
    pub(crate) fn vars(&self, operation: &str, now: i64) -> Vars {
        let identity = self.identity.as_deref();
        Vars {
            auth_id: identity.and_then(|identity| identity.user),
            roles: identity.map(|identity| identity.roles.clone()).unwrap_or_default(),
            claims: Vec::new(),
            address: self.address.map(|address| address.to_string()).unwrap_or_default(),
            operation: operation.to_owned(),
            now,
        }
    }
}
