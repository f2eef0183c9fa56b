//! What a key grants: the operations that its scopes name.

use crate::{Code, Error, FieldError, Operation, OperationKind, Registry};
use mainstay_model::nearest;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// The scope of all operations.
const ALL: &str = "*";
/// What stands behind a model's name for all of its operations.
const ALL_OF: &str = ".*";
/// How often the use of a key is noted.
const NOTED_EVERY_MICROS: u64 = 60_000_000;

/// The API key by which a caller showed itself, and what it may be used for.
#[derive(Debug, Clone)]
pub struct KeyGrant {
    id: Uuid,
    scopes: Arc<[String]>,
    /// When its use was noted last. Requests share it, so that it is noted once.
    noted_at: Arc<AtomicI64>,
}

/// Two are the same when they are of the same key: a key keeps the scopes that it was made with.
impl PartialEq for KeyGrant {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for KeyGrant {}

impl KeyGrant {
    pub(super) fn new(id: Uuid, scopes: Vec<String>, last_used_at: Option<i64>) -> Self {
        KeyGrant {
            id,
            scopes: scopes.into(),
            noted_at: Arc::new(AtomicI64::new(last_used_at.unwrap_or(i64::MIN))),
        }
    }

    /// The key's id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Sees that the key may be used for an operation.
    ///
    /// # Errors
    /// [`Code::InsufficientScope`].
    pub(crate) fn require(&self, operation: &Operation) -> Result<(), Error> {
        match operation.kind {
            // As good as the operations in it, each of which is looked at.
            OperationKind::Batch => Ok(()),
            _ if operation.is_for_keys() => self.require_named(&operation.name),
            _ => Err(Error::new(
                Code::InsufficientScope,
                "an API key cannot do this: log in with the password",
            )),
        }
    }

    /// As [`KeyGrant::require`], of an operation that keys can be scoped to.
    pub(crate) fn require_named(&self, operation: &str) -> Result<(), Error> {
        if self.scopes.iter().any(|scope| covers(scope, operation)) {
            return Ok(());
        }
        let message = format!("the API key's scopes do not have `{operation}`");
        Err(Error::new(Code::InsufficientScope, message))
    }

    /// Whether a use at this time is to be noted, which it is then. A clock that jumped back counts as time that went by.
    pub(super) fn is_to_be_noted(&self, now: i64) -> bool {
        let before = self.noted_at.load(Ordering::Relaxed);
        now.abs_diff(before) >= NOTED_EVERY_MICROS
            && self.noted_at.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

fn covers(scope: &str, operation: &str) -> bool {
    scope == ALL
        || scope == operation
        || scope
            .strip_suffix(ALL_OF)
            .is_some_and(|model| operation.strip_prefix(model).is_some_and(|verb| verb.starts_with('.')))
}

/// Sees that each scope names an operation that keys can be used for.
///
/// # Errors
/// What is wrong with which, and what may have been meant.
pub(super) fn check(registry: &Registry, scopes: &[String]) -> Vec<FieldError> {
    let operations = || registry.operations().iter().filter(|operation| operation.is_for_keys());
    let unknown = scopes.iter().filter(|scope| !operations().any(|operation| covers(scope, &operation.name)));
    unknown.map(|scope| FieldError::new("scopes", "unknown_scope", fault(registry, scope))).collect()
}

fn fault(registry: &Registry, scope: &str) -> String {
    let shown: String = scope.chars().take(MAX_SHOWN).collect();
    if registry.operations().iter().any(|operation| operation.name == scope) {
        return match scope {
            "batch" => "`batch` needs no scope: name the operations that are in it".to_owned(),
            _ => format!("`{shown}` cannot be done with an API key"),
        };
    }
    let names: BTreeSet<String> = candidates(registry).collect();
    match nearest(&shown, names.iter().map(String::as_str)) {
        Some(near) => format!("`{shown}` names no operation, did you mean `{near}`?"),
        None => format!("`{shown}` names no operation; write as `{}`, or `*` for all", example(&names)),
    }
}

/// So much of a scope that is none is repeated.
const MAX_SHOWN: usize = 80;

/// What a scope can be.
fn candidates(registry: &Registry) -> impl Iterator<Item = String> {
    let names = registry.operations().iter().filter(|operation| operation.is_for_keys());
    names.flat_map(|operation| {
        let of_model = operation.name.split('.').next().map(|model| format!("{model}{ALL_OF}"));
        [Some(operation.name.clone()), of_model].into_iter().flatten()
    })
}

fn example(names: &BTreeSet<String>) -> String {
    let of_model = names.iter().find(|name| name.ends_with(".list"));
    of_model
        .map_or_else(|| "auth.me".to_owned(), |name| format!("{name}` or `{}", name.replace(".list", ALL_OF)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_operations_by_whole_names() {
        let check = |scope: &str, operation: &str, expected: bool| {
            assert_eq!(covers(scope, operation), expected, "{scope} and {operation}");
        };
        check("message.list", "message.list", true);
        check("message.list", "message.get", false);
        check("message.*", "message.get", true);
        check("message.*", "messages.get", false);
        check("message.*", "message", false);
        check("mess*", "message.get", false);
        check("*", "message.get", true);
        check("", "message.get", false);
        check(".*", "message.get", false);
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let key = KeyGrant::new(Uuid::nil(), Vec::new(), None);
        let minute = i64::try_from(NOTED_EVERY_MICROS).unwrap_or(i64::MAX);
        let check = |now: i64, expected: bool| assert_eq!(key.is_to_be_noted(now), expected, "{now}");
        check(5, true);
        check(5, false);
        check(4 + minute, false);
        check(5 + minute, true);
        // The clock jumped back.
        check(0, true);
    }
}
