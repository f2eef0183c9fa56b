//! Messages of accounts, API keys and locks.

use super::{Field, Message, TIMESTAMP, Type, shared};

pub(super) fn messages(user: &str) -> Vec<Message> {
    let text = |number, name, doc| Field::one(number, name, Type::String, doc);
    let register = vec![
        text(1, "email", "The address to log in with."),
        Field::new(2, "record", Type::message(user), super::Label::One, "Other fields of the account."),
        shared::mask(),
        text(4, "password", "The password."),
    ];
    let login = vec![text(1, "email", "The address."), text(2, "password", "The password.")];
    let refresh = vec![text(1, "refresh_token", "The token, which works once.")];
    let change =
        vec![text(1, "current_password", "The password so far."), text(2, "new_password", "The new one.")];
    let key_name = vec![Field::one(1, "id", Type::String, "The key's id, a UUID.")];
    let lock_name = vec![text(1, "name", "What the lock is called.")];
    let user = "The account whose keys are asked for, where it is not the caller's own.";
    vec![
        Message::new("RegisterRequest", "Asks for an account.", register),
        Message::new("LoginRequest", "Asks for tokens.", login),
        Message::new("RefreshRequest", "Asks for new tokens.", refresh),
        tokens(),
        Message::new("ChangePasswordRequest", "Asks for a new password.", change),
        create_key(),
        Message::new("ListKeysRequest", "Asks for API keys.", vec![text(1, "user", user)]),
        key(),
        Message::new(
            "ListKeysResponse",
            "API keys.",
            vec![Field::repeated(1, "items", Type::message("ApiKey"), "The keys.")],
        ),
        Message::new("KeyRequest", "Names an API key.", key_name),
        acquire(),
        Message::new("LockRequest", "Names a lock.", lock_name.clone()),
        renew(lock_name),
    ]
}

fn tokens() -> Message {
    let fields = vec![
        Field::one(
            1,
            "access_token",
            Type::String,
            "To be sent as the metadata `authorization`, behind `Bearer `.",
        ),
        Field::one(2, "token_type", Type::String, "`Bearer`."),
        Field::one(3, "expires_in", Type::Int64, "How long the access token lives, in seconds."),
        Field::one(4, "refresh_token", Type::String, "Exchanged once for new tokens."),
    ];
    Message::new("Tokens", "Tokens of a session.", fields)
}

fn create_key() -> Message {
    let fields = vec![
        Field::one(1, "name", Type::String, "What it is for."),
        Field::repeated(
            2,
            "scopes",
            Type::String,
            "The operations that it may call: `room.list`, `room.*`, `*`.",
        ),
        Field::one(3, "expires_at", Type::message(TIMESTAMP), "When it ends; never when it is not given."),
    ];
    Message::new("CreateKeyRequest", "Asks for an API key.", fields)
}

fn key() -> Message {
    let at = |number, name, doc| Field::one(number, name, Type::message(TIMESTAMP), doc);
    let fields = vec![
        Field::one(1, "id", Type::String, "Its id."),
        Field::one(2, "user", Type::String, "The account that it acts as."),
        Field::one(3, "name", Type::String, "What it is for."),
        Field::one(4, "prefix", Type::String, "How the key begins, to tell it from others."),
        Field::repeated(5, "scopes", Type::String, "The operations that it may call."),
        at(6, "expires_at", "When it ends; not there for never."),
        at(7, "last_used_at", "When it was used last; not there while it never was."),
        at(8, "created_at", "When it was made."),
        Field::one(9, "key", Type::String, "The key itself, in the answer to its creation and never again."),
    ];
    Message::new("ApiKey", "An API key.", fields)
}

fn acquire() -> Message {
    let fields = vec![
        Field::one(1, "name", Type::String, "What the lock is called."),
        Field::optional(
            2,
            "lease_ms",
            Type::Int64,
            "How long it is held unless it is renewed; 30,000 when it is not given.",
        ),
        Field::optional(
            3,
            "wait_ms",
            Type::Int64,
            "How long to wait while another holds it; not at all when it is not given.",
        ),
        Field::optional(4, "holder", Type::String, "What the holder calls itself."),
    ];
    Message::new("AcquireLockRequest", "Asks for a lock.", fields)
}

fn renew(mut fields: Vec<Field>) -> Message {
    fields.push(Field::optional(
        2,
        "lease_ms",
        Type::Int64,
        "For how long from now on; 30,000 when it is not given.",
    ));
    Message::new(
        "RenewLockRequest",
        "Asks to hold a lock for longer; `fencing-token` says whose it is.",
        fields,
    )
}
