//! The models that every application has, in the language of the project files.
//!
//! `user` is public, and a project's `models/user.toml` adds to it. Those whose names begin with `_` belong to the engine.

/// The files of the built-in models: the model's name and the text.
pub(crate) const MODELS: &[(&str, &str)] = &[
    ("user", include_str!("builtin/user.toml")),
    ("_credential", include_str!("builtin/_credential.toml")),
    ("_session", include_str!("builtin/_session.toml")),
    ("_refresh_token", include_str!("builtin/_refresh_token.toml")),
    ("_attempt", include_str!("builtin/_attempt.toml")),
    ("_api_key", include_str!("builtin/_api_key.toml")),
    ("_idempotency_key", include_str!("builtin/_idempotency_key.toml")),
    ("_lock", include_str!("builtin/_lock.toml")),
    ("_api_use", include_str!("builtin/_api_use.toml")),
];

/// The internal models whose records nodes remember something of: who holds a session or an API key.
pub(crate) const ANNOUNCED: &[&str] = &["_session", "_api_key"];
