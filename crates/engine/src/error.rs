//! Errors, in three parts: a stable code, a public message, a private detail.

use mainstay_ports::{Rejection, StoreError};
use std::fmt;
use std::io;
use uuid::Uuid;

/// What went wrong, for the client, and why, for the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What went wrong, for the client.
    pub message: String,
    /// What is wrong with which field.
    pub fields: Vec<FieldError>,
    /// After how many seconds another try may succeed.
    pub retry_after_seconds: Option<u64>,
    /// For the log alone.
    pub detail: Option<String>,
    /// What failed of several things: each operation of a batch that did, or some of the records that matched, in the order of their ids.
    pub parts: Vec<(Part, Error)>,
}

/// Which of several things failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The operation of a batch with this index.
    Operation(usize),
    /// The record with this id.
    Record(Uuid),
}

/// What stands for the record as a whole in place of a field's name: where a check of several fields does not hold.
const WHOLE_RECORD: &str = "record";

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name; `record` where a check of the record as a whole does not hold.
    pub field: String,
    /// A stable code: those of [`mainstay_model::json::Invalid`], and `unknown_field`, `read_only`, `immutable`, `forbidden`, `unique`,
    /// `ref_not_found`, `check`, `weak`, `unknown_scope`, `past`.
    pub code: &'static str,
    /// What is wrong, for the client.
    pub message: String,
}

/// Declares the codes once: variant, text, and what `docs/reference/errors.md` says of it.
macro_rules! codes {
    ($($variant:ident $text:literal $doc:literal,)*) => {
        /// The stable codes of errors.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as clients see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// What it means, for the reference.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $doc,)* }
            }
        }
    };
}

codes! {
    NotFound "not_found" "There is no such record or path, or the caller may not see it.",
    Unauthenticated "unauthenticated" "The operation needs an account and the request has no access token.",
    InvalidToken "invalid_token" "The access token, refresh token or API key is malformed, expired, revoked or not ours.",
    TokenReused "token_reused" "A refresh token was used a second time: its session has been ended, log in again.",
    InvalidCredentials "invalid_credentials" "The e-mail address or the password is wrong.",
    TooManyFailures "too_many_failures" "Too many logins have failed for this account or from this address; `Retry-After` says when to try again.",
    RegistrationClosed "registration_closed" "The project does not let anyone register.",
    Forbidden "forbidden" "A rule forbids it.",
    InsufficientScope "insufficient_scope" "The API key is not for this operation: its scopes do not name it, or no key can do it.",
    TooManyKeys "too_many_keys" "The account has as many API keys as it may have; revoke one that is not needed.",
    ValidationFailed "validation_failed" "Fields have wrong values; `errors` says which and why.",
    UniqueConflict "unique_conflict" "Another record has the same values in fields that are unique together.",
    AlreadyExists "already_exists" "A record with this id exists, be it deleted.",
    VersionMismatch "version_mismatch" "The record has changed since it was read (`If-Match`), or exists although it must not (`If-None-Match: *`).",
    RequirementFailed "requirement_failed" "A `check` of the batch does not hold any more: what the batch was decided by has changed.",
    LockHeld "lock_held" "Another holds the lock, and did so for as long as `wait_ms` let it be waited for; `Retry-After` says when its lease ends, unless it is renewed.",
    Fenced "fenced" "A lock that `Fencing-Token` names is not held with this number (any more), so nothing was done. Whoever was told so has lost the lock.",
    SerializationFailed "serialization_failed" "A serializable write met others that look at or write to the same records each time it was tried, so nothing was done. Send it again after `Retry-After`.",
    Restricted "restricted" "Other records point to this one and their `on_delete` forbids its deletion.",
    NotDeleted "not_deleted" "The record to restore is not deleted.",
    CascadeTooLarge "cascade_too_large" "The deletion or restoration would touch too many records; delete those that point to this one first.",
    BatchFailed "batch_failed" "At least one operation of the batch failed, so none took effect; `results` has the error of each.",
    IdempotencyKeyReused "idempotency_key_reused" "The `Idempotency-Key` belongs to another request: one with another path, query or body.",
    AnswerTooLarge "answer_too_large" "The answer is larger than what is kept for an `Idempotency-Key`, so nothing was done; send a smaller batch.",
    BulkFailed "bulk_failed" "At least one of the records that match was refused, so nothing was done; `results` has the ids and errors of up to ten.",
    TooManyMatches "too_many_matches" "More records match the filter than `limit` or `limits.bulk_records`, so nothing was done.",
    BatchTooLarge "batch_too_large" "The batch has more operations than `limits.batch_operations`.",
    InvalidId "invalid_id" "The id is not a UUID.",
    InvalidFilter "invalid_filter" "The filter is not a valid expression over the fields that the caller may read, or costs too much.",
    InvalidOrder "invalid_order" "The order names a field that is not there or cannot be ordered by.",
    InvalidFields "invalid_fields" "The selection names a field that is not there.",
    InvalidExpand "invalid_expand" "The expansion names something that is not a ref, or goes deeper than three.",
    InvalidLimit "invalid_limit" "The limit is not between 1 and 500, or, where all records that match are written to, `limits.bulk_records`.",
    InvalidCursor "invalid_cursor" "The cursor was altered, or belongs to another filter or order.",
    InvalidDocument "invalid_document" "The GraphQL document is not one, or not one of this schema; `locations` says where.",
    DocumentTooLarge "document_too_large" "The GraphQL document is longer than `graphql.document_bytes`.",
    DocumentTooComplex "document_too_complex" "The GraphQL document asks for more than the limits in `[graphql]` let it; the message says which.",
    UnknownDocument "unknown_document" "The project has no GraphQL document of this id, or only runs documents that it has; or nobody sent the document of this hash yet, and the message is `PersistedQueryNotFound`.",
    InvalidVariables "invalid_variables" "A variable or argument of the GraphQL document is missing or of another type.",
    InvalidEventId "invalid_event_id" "The `Last-Event-ID` is not the id of an event of a watch.",
    HistoryGone "history_gone" "The position that the request asks for (`Mainstay-Position`) belongs to another history: the database was restored, has lost writes, or is another one. Ask without it; what was written then may not be there.",
    InvalidParameter "invalid_parameter" "A query parameter, a header or the name of a lock is unknown, repeated or malformed.",
    InvalidJson "invalid_json" "The body is not JSON, or not of the expected shape.",
    InvalidMessage "invalid_message" "The bytes are not those of the protobuf message that was expected.",
    InvalidBody "invalid_body" "The body is not in the form that its `Content-Type` or `Content-Encoding` names, or holds what JSON has no value for.",
    DuplicateKey "duplicate_key" "An object in the body has the same key twice.",
    JsonTooDeep "json_too_deep" "The body is nested deeper than `limits.json_depth`.",
    NotUtf8 "not_utf8" "The body is not UTF-8.",
    BodyTooLarge "body_too_large" "The body is larger than `limits.body_bytes`, or would be when it is expanded.",
    HeadersTooLarge "headers_too_large" "The header is larger than `limits.header_bytes`.",
    UnsupportedMediaType "unsupported_media_type" "The body's `Content-Type` or `Content-Encoding` is not one that is understood here.",
    NotAcceptable "not_acceptable" "The answer has none of the forms that `Accept` allows; the message says which it has.",
    ClientOutdated "client_outdated" "The client says by `Client-Version` that it is older than the project's minimum for its platform; `Upgrade` names that. `GET /v1/app/check` says what to tell its user.",
    MethodNotAllowed "method_not_allowed" "The path does not know this method; `Allow` lists those it knows.",
    RequestTimeout "request_timeout" "The request took longer than `server.request_timeout_ms`.",
    QueryTimeout "query_timeout" "The query ran longer than `limits.query_timeout_ms`, or, in an update or deletion by filter, than a second; a filter over an indexed field is faster.",
    Busy "busy" "Too much is waiting already; `Retry-After` says when to try again. Nothing was done.",
    TooManyWatchers "too_many_watchers" "The account, or the address of a caller without one, has `limits.watchers_per_caller` watches open; end one first.",
    UpgradeRequired "upgrade_required" "This path is a WebSocket: ask for it with `Upgrade: websocket` and version 13.",
    OriginNotAllowed "origin_not_allowed" "Pages of this origin may not open a socket; `live.origins` names those that may.",
    TooManySockets "too_many_sockets" "The account, or the address of a caller without one, has `live.sockets_per_caller` sockets open; close one first.",
    TooManySubscriptions "too_many_subscriptions" "The socket has `live.subscriptions` subscriptions; end one first.",
    TooManyMessages "too_many_messages" "The client sends more than `live.messages_per_second`; what it sent was not looked at.",
    MessageTooLarge "message_too_large" "The message is larger than its channel allows, or than `live.message_bytes`.",
    DiskFull "disk_full" "The disk is full: nothing was written. Reads go on.",
    DiskFailed "disk_failed" "The disk fails, or writes are stopped because it did: nothing was written. Reads go on where they can; `Retry-After` says when to try again.",
    Moved "moved" "The data were moved to another database, and this server still stands over the old one: nothing was written. The operator has to start it with the new settings; `Retry-After` says when to try again.",
    DatabaseUnreachable "database_unreachable" "The database cannot be reached, so that nothing is read or written; `Retry-After` says when to try again.",
    OutcomeUnknown "outcome_unknown" "The disk or the connection to the database failed while the write was being committed, so it has taken effect as a whole or not at all, and nobody can say which. Look before you send it again.",
    Internal "internal" "A fault of the server. The log has it under the `request_id`.",
}

impl Error {
    /// An error with a message for the client.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error {
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after_seconds: None,
            detail: None,
            parts: Vec::new(),
        }
    }

    /// Why a secret of the program's own cannot be had.
    pub fn of_secret(name: &str, error: &io::Error) -> Self {
        let detail = format!("the key `{name}`: {error}");
        match error.kind() {
            io::ErrorKind::NotConnected => StoreError::Unreachable(detail).into(),
            _ => Error::internal(detail),
        }
    }

    /// A fault of the server, of which the client learns nothing.
    pub fn internal(detail: impl Into<String>) -> Self {
        Error {
            detail: Some(detail.into()),
            ..Error::new(Code::Internal, "something went wrong on our side")
        }
    }

    /// Fields that have wrong values.
    pub fn validation(fields: Vec<FieldError>) -> Self {
        Error { fields, ..Error::new(Code::ValidationFailed, "some fields are not valid") }
    }

    /// The answer for what is not there or may not be seen.
    pub fn not_found() -> Self {
        Error::new(Code::NotFound, "there is no such record")
    }

    /// The error of the first operation that failed, where a batch is only how a single thing was done.
    pub(crate) fn or_first(self) -> Self {
        match self.parts.first() {
            Some((_, first)) => first.clone(),
            None => self,
        }
    }

    /// The same error with a hint when to try again.
    pub fn retry_after(self, seconds: u64) -> Self {
        Error { retry_after_seconds: Some(seconds), ..self }
    }
}

impl FieldError {
    /// What is wrong with a field.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        FieldError { field: field.into(), code, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        for field in &self.fields {
            write!(f, "; {}: {}", field.field, field.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<StoreError> for Error {
    /// For what is not refused step by step; commands turn [`StoreError::Rejected`] into errors themselves, since they know the models.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Error::new(Code::Busy, "too much is waiting, try again soon").retry_after(1),
            StoreError::Contended => {
                let message = "others wrote to the same records at the same time, so nothing was done";
                Error::new(Code::SerializationFailed, message).retry_after(1)
            }
            StoreError::Timeout => Error::new(Code::QueryTimeout, "the query took too long"),
            StoreError::DiskFull => Error::new(Code::DiskFull, "the disk is full, nothing was written"),
            StoreError::DiskFailed(detail) => Error {
                detail: Some(detail),
                ..Error::new(Code::DiskFailed, "the disk fails, nothing was written").retry_after(5)
            },
            StoreError::Moved(to) => Error {
                detail: Some(to),
                ..Error::new(Code::Moved, "the data were moved to another database, nothing was written")
                    .retry_after(5)
            },
            StoreError::Unreachable(detail) => Error {
                detail: Some(detail),
                ..Error::new(Code::DatabaseUnreachable, "the database cannot be reached").retry_after(1)
            },
            StoreError::OutcomeUnknown(detail) => Error {
                detail: Some(detail),
                ..Error::new(
                    Code::OutcomeUnknown,
                    "the write may have taken effect, or not: look before you send it again",
                )
            },
            StoreError::Failed(detail) => Error::internal(detail),
            StoreError::Rejected(rejections) => {
                Error::internal(format!("unexpected refusal: {rejections:?}"))
            }
        }
    }
}

/// The error of who has lost a lock.
pub(crate) fn fenced() -> Error {
    Error::new(Code::Fenced, "a lock that `Fencing-Token` names is not held with this number")
}

/// What a refusal means to the client. `name` gives the name of a field of the step's model, `model_name` that of a model.
pub(crate) fn rejected(
    rejection: Rejection,
    model: &mainstay_model::Model,
    application: &mainstay_model::Application,
) -> Error {
    let name = |field: mainstay_expr::FieldId| model.field(field).name.clone();
    let invalid =
        |field, code, message: &str| Error::validation(vec![FieldError::new(name(field), code, message)]);
    let part = |(id, of)| (Part::Record(id), rejected(of, model, application));
    match rejection {
        Rejection::NotFound => Error::not_found(),
        Rejection::Forbidden => Error::new(Code::Forbidden, "a rule forbids this"),
        Rejection::FieldForbidden(field) => Error {
            fields: vec![FieldError::new(name(field), "forbidden", "a rule forbids writing this field")],
            ..Error::new(Code::Forbidden, "a rule forbids writing a field")
        },
        Rejection::Immutable(field) => invalid(field, "immutable", "keeps the value it was created with"),
        Rejection::Required(field) => invalid(field, "required", "must have a value"),
        Rejection::RefNotFound(field) => invalid(field, "ref_not_found", "points to no record"),
        Rejection::VersionMismatch { .. } => {
            Error::new(Code::VersionMismatch, "the record has changed since you read it")
        }
        Rejection::Exists => Error::new(Code::AlreadyExists, "a record with this id exists"),
        Rejection::Unique(fields) => Error {
            fields: fields
                .into_iter()
                .map(|field| FieldError::new(name(field), "unique", "is taken"))
                .collect(),
            ..Error::new(Code::UniqueConflict, "another record has the same values")
        },
        Rejection::Restricted { model, .. } => Error::new(
            Code::Restricted,
            format!("records of {} still point to this one", application.model(model).plural),
        ),
        Rejection::Check { field: Some(field), message } => invalid(field, "check", &message),
        Rejection::Check { field: None, message } => Error {
            fields: vec![FieldError::new(WHOLE_RECORD, "check", message.clone())],
            ..Error::new(Code::ValidationFailed, message)
        },
        Rejection::RequirementFailed => {
            Error::new(Code::RequirementFailed, "what the batch was decided by does not hold any more")
        }
        Rejection::Fenced => fenced(),
        Rejection::NotDeleted => Error::new(Code::NotDeleted, "the record is not deleted"),
        Rejection::TooManyMatches { limit } => Error::new(
            Code::TooManyMatches,
            format!(
                "more than {limit} records match, so nothing was done: narrow the filter and go on by portions"
            ),
        ),
        Rejection::Records(refused) => Error {
            parts: refused.into_iter().map(part).collect(),
            ..Error::new(
                Code::BulkFailed,
                "at least one of the records that match was refused, so nothing was done",
            )
        },
        Rejection::AnswerTooLarge { .. } => {
            Error::internal("the answer of a transaction was refused as if it were a step's")
        }
        Rejection::CascadeTooLarge => Error::new(
            Code::CascadeTooLarge,
            format!("this would touch more than {} records", mainstay_ports::MAX_CASCADE),
        ),
    }
}
