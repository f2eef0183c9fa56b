//! From replies to messages.

use super::batch;
use crate::operations::Reply;
use mainstay_engine::{AppCheck, Done, FencingToken, Lock, Operation, OperationKind, Tokens, View, Written};
use mainstay_model::{AppVersion, Application};
use mainstay_ports::Position;
use mainstay_proto::{Messages, encode_value, timestamp, wire};

/// An answer: its message, and the position that it is as new as.
pub struct Answer {
    /// Where its answer tells one: what it is as new as, or behind what was written.
    pub position: Option<Position>,
    /// The bytes of the message.
    pub message: Vec<u8>,
}

impl Answer {
    /// The answer in a reply.
    pub fn of(messages: &Messages, operation: &Operation, reply: &Reply) -> Self {
        if let Some(done) = reply.done() {
            return Answer::behind(operation, Answer::done(messages, operation, &done), reply.position());
        }
        let mut message = Vec::with_capacity(512);
        let mut position = None;
        match reply {
            Reply::Record(view, at) => {
                position = Some(*at);
                messages.encode_record(view, &mut message);
            }
            Reply::Account(view) => messages.encode_record(view, &mut message),
            Reply::Page(page) => {
                position = Some(page.position);
                messages.encode_page(page, &mut message);
            }
            Reply::App(check) => app(check, &mut message),
            Reply::Key(view) => key(messages.application(), view, &mut message),
            Reply::Keys(views) => {
                for view in views {
                    wire::nested(1, &mut message, |out| key(messages.application(), view, out));
                }
            }
            _ => {}
        }
        Answer { position, message }
    }

    /// The message of what was done, but for the position, which [`Answer::behind`] adds. With an idempotency key it is made twice, to be sent
    /// and to be kept, so it depends on nothing else.
    pub fn done(messages: &Messages, operation: &Operation, done: &Done<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        match done {
            Done::Written(written) if operation.kind == OperationKind::Batch => {
                batch::results(messages, written, &mut out);
            }
            Done::Written(written) => {
                written.iter().take(1).for_each(|written| one(messages, operation, written, &mut out));
            }
            Done::Count(count) => wire::int(1, i64::try_from(*count).unwrap_or(i64::MAX), &mut out),
            Done::Registered(view) => messages.encode_record(view, &mut out),
            Done::Tokens(tokens) => self::tokens(tokens, &mut out),
            Done::Key(made) => {
                key(messages.application(), &made.view, &mut out);
                wire::text(9, &made.key, &mut out);
            }
            Done::Lock(lock) => self::lock(lock, &mut out),
            Done::Nothing => {}
        }
        out
    }

    /// The answer to a write, with the position behind it: a batch tells it in its message too.
    pub fn behind(operation: &Operation, mut message: Vec<u8>, position: Option<Position>) -> Self {
        if let Some(position) = position.filter(|_| operation.kind == OperationKind::Batch) {
            wire::text(2, &position.to_string(), &mut message);
        }
        Answer { position, message }
    }
}

/// What a write of one record did: a deletion leaves nothing to tell, and who may not read the record learns its id.
fn one(messages: &Messages, operation: &Operation, written: &Written, out: &mut Vec<u8>) {
    match (&written.view, operation.model) {
        _ if written.deleted => {}
        (Some(view), _) => messages.encode_record(view, out),
        (None, Some(model)) => messages.encode_id(model, written.id.unwrap_or_default(), out),
        (None, None) => {}
    }
}

fn tokens(tokens: &Tokens, out: &mut Vec<u8>) {
    wire::text(1, &tokens.access_token, out);
    wire::text(2, "Bearer", out);
    wire::int(3, tokens.expires_in.cast_signed(), out);
    wire::text(4, &tokens.refresh_token, out);
}

/// The message of an API key, by the names of its fields.
fn key(application: &Application, view: &View, out: &mut Vec<u8>) {
    const NAMES: [&str; 8] =
        ["id", "user", "name", "prefix", "scopes", "expires_at", "last_used_at", "created_at"];
    let model = application.model(view.model);
    for (number, name) in (1..).zip(NAMES) {
        if let Some(field) = model.field_named(name) {
            encode_value(number, view.record.get(field.id), out);
        }
    }
}

/// Whether a client is new enough: what is said of it, in the order of the message's numbers.
fn app(check: &AppCheck, out: &mut Vec<u8>) {
    let version = |version: &Option<AppVersion>| version.as_ref().map(ToString::to_string);
    wire::text(1, check.urgency.as_str(), out);
    wire::text(2, check.reason.as_str(), out);
    let texts = [
        version(&check.minimum),
        version(&check.recommended),
        version(&check.store),
        check.message.clone(),
        check.link.clone(),
    ];
    for (number, text) in (3..).zip(texts) {
        text.iter().for_each(|text| wire::text(number, text, out));
    }
}

fn lock(lock: &Lock, out: &mut Vec<u8>) {
    let token = FencingToken { name: lock.name.clone(), fencing: lock.fencing };
    wire::text(1, lock.name.as_str(), out);
    wire::int(2, lock.fencing, out);
    wire::text(3, &token.to_string(), out);
    wire::some_text(4, &lock.account.map(|id| id.to_string()).unwrap_or_default(), out);
    wire::some_text(5, lock.holder.as_deref().unwrap_or_default(), out);
    timestamp(6, lock.expires_at, out);
    wire::int(7, lock.lease_ms, out);
}
