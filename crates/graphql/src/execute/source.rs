//! What an operation answered, in the form in which it is shown.

use super::told::Told;
use mainstay_api::operations::{Parameters, Reply};
use mainstay_engine::{AppCheck, FencingToken, ListAnswer, Lock, Tokens, View, Written};
use mainstay_expr::Value;
use mainstay_ports::Position;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

/// What an operation answered. The position behind a write is not known yet while its answer is made that is kept.
pub(super) enum Source {
    /// A record.
    Record(Arc<View>),
    /// Records, all there are.
    Records(Vec<Arc<View>>),
    /// A page of records.
    Page(Page),
    /// What a write did.
    Written(Change, Option<Position>),
    /// What the writes of a batch did.
    Batch(Vec<Change>, Option<Position>),
    /// How many records were written to.
    Count(u64, Option<Position>),
    /// An API key with the key itself.
    Made(Arc<View>, String),
    /// An object that is no record.
    Object(Map<String, Json>),
    /// What a subscriber is told.
    Event(Arc<Told>),
    /// Nothing that there is more to say of.
    Nothing,
}

/// A page of records.
pub(super) struct Page {
    pub(super) items: Vec<Arc<View>>,
    /// The cursors of the records, where they were asked for.
    pub(super) cursors: Vec<String>,
    /// Whether there are records ahead of the first.
    pub(super) has_previous: bool,
    /// Whether there are records behind the last.
    pub(super) has_next: bool,
    pub(super) count: Option<u64>,
    pub(super) position: Position,
}

/// How a page was asked for. What its records cannot tell: beyond a cursor there is at least the record that it was made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Walk {
    /// Behind a cursor.
    is_behind: bool,
    /// Ahead of a cursor.
    is_ahead: bool,
    is_backward: bool,
}

impl Walk {
    pub(super) fn of(parameters: &Parameters) -> Self {
        Walk {
            is_behind: parameters.cursor.is_some(),
            is_ahead: parameters.before.is_some(),
            is_backward: parameters.backward,
        }
    }
}

/// What a write did to a record.
pub(super) struct Change {
    pub(super) id: Option<Uuid>,
    pub(super) created: bool,
    pub(super) deleted: bool,
    pub(super) view: Option<Arc<View>>,
}

impl Source {
    /// What an operation answered; `walk` says how a page was asked for.
    pub(super) fn of(reply: Reply, is_batch: bool, walk: Walk) -> Self {
        match reply {
            Reply::Record(view, _) | Reply::Account(view) | Reply::Registered(view) | Reply::Key(view) => {
                Source::Record(Arc::new(view))
            }
            Reply::Keys(views) => Source::Records(views.into_iter().map(Arc::new).collect()),
            Reply::Page(page) => Source::Page(Page::of(page, walk)),
            Reply::Written(written, position) if is_batch => {
                Source::Batch(written.into_iter().map(Change::of).collect(), Some(position))
            }
            Reply::Written(written, position) => match written.into_iter().next() {
                Some(written) => Source::Written(Change::of(written), Some(position)),
                None => Source::Nothing,
            },
            Reply::Count(count, position) => Source::Count(count, Some(position)),
            Reply::Made(made) => Source::Made(Arc::new(made.view), made.key),
            Reply::Tokens(tokens) => Source::of_tokens(&tokens),
            Reply::Lock(lock) => Source::of_lock(&lock),
            Reply::App(check) => Source::of_app(&check),
            Reply::Nothing | Reply::Pages(_) => Source::Nothing,
        }
    }
}

impl Source {
    /// Whether a client is new enough.
    fn of_app(check: &AppCheck) -> Self {
        let text = |version: &Option<_>| version.as_ref().map(ToString::to_string);
        members(json!({
            "status": check.urgency.as_str(),
            "reason": check.reason.as_str(),
            "minimum": text(&check.minimum),
            "recommended": text(&check.recommended),
            "store": text(&check.store),
            "message": check.message,
            "link": check.link,
            "language": check.language,
        }))
    }

    /// Tokens, as RFC 6749, 5.1 has them.
    pub(super) fn of_tokens(tokens: &Tokens) -> Self {
        members(json!({
            "access_token": tokens.access_token,
            "token_type": "Bearer",
            "expires_in": tokens.expires_in,
            "refresh_token": tokens.refresh_token,
        }))
    }

    /// A lock that is held.
    pub(super) fn of_lock(lock: &Lock) -> Self {
        let token = FencingToken { name: lock.name.clone(), fencing: lock.fencing };
        members(json!({
            "name": lock.name.as_str(),
            "fencing": lock.fencing,
            "token": token.to_string(),
            "account": lock.account.map(|id| id.to_string()),
            "holder": lock.holder,
            "expires_at": timestamp(lock.expires_at),
            "lease_ms": lock.lease_ms,
        }))
    }
}

impl Page {
    pub(super) fn of(page: ListAnswer, walk: Walk) -> Self {
        // On the way that it goes, the page ends where the other cursor is, or those who go on by it would never be done. Behind an empty one there
        // is no cursor to go on with.
        let (has_more, is_empty) = (page.next.is_some(), page.items.is_empty());
        let (has_previous, has_next) = match walk.is_backward {
            true => (has_more, walk.is_ahead),
            false => (walk.is_behind, has_more),
        };
        Page {
            has_previous: has_previous && !is_empty,
            has_next: has_next && !is_empty,
            items: page.items.into_iter().map(Arc::new).collect(),
            cursors: page.cursors,
            count: page.count,
            position: page.position,
        }
    }
}

impl Change {
    fn of(written: Written) -> Self {
        let Written { id, created, deleted, view } = written;
        Change { id, created, deleted, view: view.map(Arc::new) }
    }
}

fn timestamp(micros: i64) -> Json {
    let mut out = Vec::new();
    mainstay_model::json::encode(&Value::Timestamp(micros), &mut out);
    serde_json::from_slice(&out).unwrap_or_default()
}

fn members(value: Json) -> Source {
    match value {
        Json::Object(members) => Source::Object(members),
        _ => Source::Nothing,
    }
}
