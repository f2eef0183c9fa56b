//! Accounts: who one is, and how one shows it.

mod attempts;
mod concern;
mod follow;
mod gate;
mod identity;
mod jwt;
mod keys;
mod login;
mod password;
mod register;
mod session;

pub(crate) use attempts::FORGIVEN_AFTER;
pub(crate) use gate::Gates;
pub(crate) use identity::{Identities, roles};
pub(crate) use jwt::TokenSigner;
pub(crate) use keys::KeyUses;
pub use keys::{KEY_FIELDS, KeyGrant, MadeKey};
pub(crate) use password::PasswordPool;
pub(crate) use register::normalize_email;
pub(crate) use session::unauthenticated;

use crate::Input;

/// A new account.
#[derive(Clone)]
pub struct NewUser {
    /// The e-mail address, with which one logs in.
    pub email: String,
    /// The password.
    pub password: String,
    /// The other fields of the model `user`.
    pub input: Input,
}

/// Shows who one is.
#[derive(Clone)]
pub struct Login {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Changes a password.
#[derive(Clone)]
pub struct PasswordChange {
    /// The password as it is.
    pub current: String,
    /// The password as it shall be.
    pub new: String,
}

/// What a login is answered with (RFC 6749, 5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// A JWT, to be sent as `Authorization: Bearer`.
    pub access_token: String,
    /// How long it lives, in seconds.
    pub expires_in: u64,
    /// Exchanged once for new tokens.
    pub refresh_token: String,
}
